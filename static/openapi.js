/* Draws the OpenAPI document; requests that are tried out go by the session, or by the key that was given. */
(() => {
  "use strict";
  const place = document.getElementById("swagger");
  const token = place.querySelector("[name=csrfmiddlewaretoken]");
  const csrf = token ? token.value : "";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const dress = () => root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  system.addEventListener("change", dress);
  dress();
  // Its buttons of symbols have titles, but no names.
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
