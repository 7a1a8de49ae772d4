/* Progressive enhancement: everything also works without this script. */
(() => {
  "use strict";
  let paused = false;
  let announced = "";

  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const wake = () => all("[data-poll]", (part) => window.htmx && window.htmx.trigger(part, "wake"));

  // Live parts poll, except while updates are paused or the tab is hidden.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches("[data-poll]") && (paused || document.hidden)) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });

  const stale = (is) => { const note = document.getElementById("stale"); if (note) note.hidden = !is; };
  document.addEventListener("htmx:sendError", () => stale(true));
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) stale(false); });

  // Screen readers announce changes, not every poll.
  const announce = () => {
    const part = document.querySelector("[data-announce]");
    if (!part || part.dataset.announce === announced) return;
    if (announced) document.getElementById("announcer").textContent = part.dataset.announce;
    announced = part.dataset.announce;
  };
  // Shows buttons that need this script; swapped-in parts contain new ones.
  const offer = () => all("[data-reveal], [data-copy], [data-generate], [data-pause]", (button) => { button.hidden = false; });
  document.addEventListener("htmx:afterSettle", (event) => {
    announce();
    offer();
    const target = event.detail.target;
    if (target && target.id.endsWith("_error")) {
      const control = document.getElementById(target.id.slice(0, -"_error".length));
      if (control) control.setAttribute("aria-invalid", String(target.textContent.trim() !== ""));
    }
  });

  // Like the server's keys: letters and digits, a letter first. Bytes beyond a multiple of the length would be biased.
  const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", CHARACTERS = LETTERS + "0123456789";
  const randomly = (characters, count) => {
    const bytes = crypto.getRandomValues(new Uint8Array(count * 4 + 16));
    const fair = 256 - 256 % characters.length;
    return [...bytes].filter((byte) => byte < fair).slice(0, count).map((byte) => characters[byte % characters.length]).join("");
  };
  const randomKey = () => randomly(LETTERS, 1) + randomly(CHARACTERS, 43);
  const reveal = (input, button, open) => {
    input.type = open ? "text" : "password";
    if (button) { button.textContent = open ? "Hide" : "Show"; button.setAttribute("aria-pressed", String(open)); }
  };
  const copy = async (input, button) => {
    const label = button.dataset.label || button.textContent;
    button.dataset.label = label;
    if (!input.value) {
      button.textContent = "Nothing to copy";
      setTimeout(() => { button.textContent = label; }, 2000);
      return;
    }
    try {
      await navigator.clipboard.writeText(input.value);
      button.textContent = "Copied";
    } catch (error) {
      if (input.type === "password") input.type = "text";
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
      button.textContent = paused ? "Resume updates" : "Pause updates";
      if (!paused) wake();
    }
  });

  // In a part of a form with its own button, Enter presses that button.
  document.addEventListener("keydown", (event) => {
    const own = event.key === "Enter" && event.target.matches("input") && event.target.closest("[data-enter]");
    if (!own) return;
    event.preventDefault();
    own.querySelector("button[name=go]").click();
  });

  // Menus close on a click or focus elsewhere, and on Escape.
  const closeMenus = (target) => all("details.person[open]", (menu) => { if (!target || !menu.contains(target)) menu.open = false; });
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("focusin", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.person[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  document.addEventListener("DOMContentLoaded", () => {
    offer();
    const wrong = document.querySelector("[data-focus]");
    if (wrong) wrong.focus();
    announce();
  });

  // Counts the selected rows of a list, and keeps the selection when the list is rendered again.
  const boxes = () => [...document.querySelectorAll("[data-row]")];
  let selected = new Set();
  const count = () => {
    const note = document.querySelector("[data-selected]");
    if (!note) return;
    const checked = boxes().filter((box) => box.checked).length;
    note.textContent = checked ? `${checked} selected` : "";
    all("[data-select-all]", (button) => {
      button.hidden = false;
      button.textContent = checked && checked === boxes().length ? "Select none" : "Select all on this page";
    });
  };
  document.addEventListener("htmx:beforeSwap", () => {
    selected = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
  });
  document.addEventListener("htmx:afterSwap", () => {
    boxes().forEach((box) => { box.checked = box.checked || selected.has(box.value); });
    count();
  });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-row]")) count(); });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-select-all]")) return;
    const every = boxes().every((box) => box.checked);
    boxes().forEach((box) => { box.checked = !every; });
    count();
  });
  document.addEventListener("DOMContentLoaded", count);

  // When a part is rendered again, the focus returns to the same control, or to one nearby.
  let focused = null;
  const signature = (one) => one.getAttribute("href") || `${one.name}=${one.value} ${one.textContent}`;
  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    const active = document.activeElement;
    focused = target && target !== active && target.contains(active) ? { id: target.id, signature: signature(active) } : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const place = focused && document.activeElement === document.body && document.getElementById(focused.id);
    if (!place) return;
    const stops = [...place.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea")].filter((one) => one.checkVisibility());
    const again = stops.find((one) => signature(one) === focused.signature) || stops.find((one) => one.matches("input, select, textarea")) || stops[0];
    if (again) again.focus({ preventScroll: true });
  });
})();
