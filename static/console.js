/* What pages do beyond links and forms. All of it is an addition: without script everything works. */
(() => {
  "use strict";
  let paused = false;
  let announced = "";

  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const wake = () => all("[data-poll]", (part) => window.htmx && window.htmx.trigger(part, "wake"));

  // Live parts ask again every two seconds, but not for nobody.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches("[data-poll]") && (paused || document.hidden)) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });

  const stale = (is) => { const note = document.getElementById("stale"); if (note) note.hidden = !is; };
  document.addEventListener("htmx:sendError", () => stale(true));
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) stale(false); });

  // Screen readers hear changes, not every poll.
  const announce = () => {
    const part = document.querySelector("[data-announce]");
    if (!part || part.dataset.announce === announced) return;
    if (announced) document.getElementById("announcer").textContent = part.dataset.announce;
    announced = part.dataset.announce;
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    announce();
    const target = event.detail.target;
    if (target && target.id.endsWith("_error")) {
      const control = document.getElementById(target.id.slice(0, -"_error".length));
      if (control) control.setAttribute("aria-invalid", String(target.textContent.trim() !== ""));
    }
  });

  const randomKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    return "k" + btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const reveal = (input, button, open) => {
    input.type = open ? "text" : "password";
    if (button) { button.textContent = open ? "Hide" : "Show"; button.setAttribute("aria-pressed", String(open)); }
  };
  const copy = async (input, button) => {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(input.value);
      button.textContent = "Copied";
    } catch (error) {
      input.type = "text";
      input.select();
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { reveal: shown, copy: copied, generate: made } = button.dataset;
    const input = document.querySelector(shown || copied || made || "#none");
    if (shown) reveal(input, button, input.type === "password");
    if (copied) copy(input, button);
    if (made) {
      event.preventDefault();
      input.value = randomKey();
      reveal(input, document.querySelector(`[data-reveal="${made}"]`), true);
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if ("pause" in button.dataset) {
      paused = !paused;
      button.setAttribute("aria-pressed", String(paused));
      button.textContent = paused ? "Go on updating" : "Pause updates";
      if (!paused) wake();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    all("[data-reveal], [data-copy], [data-generate], [data-pause]", (button) => { button.hidden = false; });
    const wrong = document.querySelector("[data-focus]");
    if (wrong) wrong.focus();
    announce();
  });
})();
