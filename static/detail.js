/* Live pages of gateways and connections: durations that keep counting, and updated parts that keep
   open details and the focus. */
(() => {
  "use strict";
  let updatedAt = Date.now();
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

  const lasting = (milliseconds) => {
    let left = Math.max(0, Math.floor(milliseconds / 1000));
    const parts = [];
    for (const [unit, size] of units) {
      if (left >= size) { parts.push(`${Math.floor(left / size)} ${unit}`); left %= size; }
    }
    return parts.slice(0, 2).join(" ") || "0 s";
  };
  const setText = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const tick = () => {
    const now = Date.now();
    const seconds = Math.floor((now - updatedAt) / 1000);
    document.querySelectorAll("[data-updated]").forEach((e) => setText(e, seconds < 1 ? "Updated just now" : `Updated ${lasting(now - updatedAt)} ago`));
    document.querySelectorAll("[data-until]").forEach((e) => setText(e, lasting(Date.parse(e.dataset.until) - now)));
    document.querySelectorAll("[data-since]").forEach((e) => setText(e, lasting(now - Date.parse(e.dataset.since))));
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.elt.matches("[data-poll]")) { updatedAt = Date.now(); tick(); }
  });
  setInterval(() => { if (!document.hidden) tick(); }, 1000);

  // Counters are sent separately, as row number|figure|figure, separated by semicolons.
  document.addEventListener("htmx:afterSwap", () => {
    const live = document.querySelector("#live[data-figures]");
    if (!live) return;
    const rows = document.querySelectorAll("[id^=line-]");
    live.dataset.figures.split(";").forEach((one) => {
      const [number, ...texts] = one.split("|");
      rows[number].querySelectorAll("[data-figure]").forEach((element, index) => setText(element, texts[index]));
    });
  });

  const signature = (one) => one.id ? `#${one.id}` : one.getAttribute("href") || "";
  let saved = { open: [], focus: "" };
  document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target } }) => {
    const active = document.activeElement;
    saved = {
      open: Array.from(target.querySelectorAll("details[open][id]"), (one) => one.id),
      focus: active && target.contains(active) ? signature(active) : "",
    };
  });
  const renamed = (name) => {
    const crumb = document.querySelector(".crumbs [aria-current]");
    if (crumb) crumb.textContent = name;
    document.title = `${name} · Isthmus`;
  };
  document.addEventListener("htmx:oobAfterSwap", ({ detail: { target } }) => {
    if (target.id === "part-name") renamed(target.textContent.trim());
    saved.open.forEach((id) => { const one = document.getElementById(id); if (one) one.open = true; });
    const place = saved.focus && document.getElementById(target.id);
    const again = place && [...place.querySelectorAll("[id], a[href]")].find((one) => signature(one) === saved.focus);
    if (again) again.focus({ preventScroll: true });
    tick();
  });
})();
