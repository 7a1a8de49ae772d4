/* Renders the OpenAPI document. Try-it-out requests use the session, or the key that was entered. */
(() => {
  "use strict";
  const place = document.getElementById("swagger");
  const token = place.querySelector("[name=csrfmiddlewaretoken]");
  const csrf = token ? token.value : "";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const applyTheme = () => root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  system.addEventListener("change", applyTheme);
  applyTheme();
  // Its icon buttons have titles, but no accessible names.
  const tidy = () => place.querySelectorAll("button[title]:not([aria-label])")
    .forEach((button) => button.setAttribute("aria-label", button.title));
  new MutationObserver(tidy).observe(place, { childList: true, subtree: true });
  window.SwaggerUIBundle({
    url: place.dataset.url,
    domNode: place,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    requestInterceptor: (request) => {
      if (csrf && !request.headers.Authorization && request.method !== "GET") request.headers["X-CSRFToken"] = csrf;
      return request;
    },
  });
})();
