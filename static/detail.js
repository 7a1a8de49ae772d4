/* Live pages of gateways and connections: times that go on, and redrawn parts that keep what was
   open and where the keyboard was. */
(() => {
  "use strict";
  let heard = Date.now();
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

  const lasting = (milliseconds) => {
    let left = Math.max(0, Math.floor(milliseconds / 1000));
    const parts = [];
    for (const [unit, size] of units) {
      if (left >= size) { parts.push(`${Math.floor(left / size)} ${unit}`); left %= size; }
    }
    return parts.slice(0, 2).join(" ") || "0 s";
  };
  const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const tick = () => {
    const now = Date.now();
    const seconds = Math.floor((now - heard) / 1000);
    document.querySelectorAll("[data-updated]").forEach((e) => say(e, seconds < 1 ? "Updated just now" : `Updated ${lasting(now - heard)} ago`));
    document.querySelectorAll("[data-until]").forEach((e) => say(e, lasting(Date.parse(e.dataset.until) - now)));
    document.querySelectorAll("[data-since]").forEach((e) => say(e, lasting(now - Date.parse(e.dataset.since))));
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.elt.matches("[data-poll]")) { heard = Date.now(); tick(); }
  });
  setInterval(() => { if (!document.hidden) tick(); }, 1000);

  // Numbers that move all the time come alone: row number|figure|figure, parted by semicolons.
  document.addEventListener("htmx:afterSwap", () => {
    const live = document.querySelector("#live[data-figures]");
    if (!live) return;
    const rows = document.querySelectorAll("[id^=line-]");
    live.dataset.figures.split(";").forEach((one) => {
      const [number, ...texts] = one.split("|");
      rows[number].querySelectorAll("[data-figure]").forEach((element, index) => say(element, texts[index]));
    });
  });

  const sign = (one) => one.id ? `#${one.id}` : one.getAttribute("href") || "";
  let kept = { open: [], focus: "" };
  document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target } }) => {
    const active = document.activeElement;
    kept = {
      open: Array.from(target.querySelectorAll("details[open][id]"), (one) => one.id),
      focus: active && target.contains(active) ? sign(active) : "",
    };
  });
  const renamed = (name) => {
    const crumb = document.querySelector(".crumbs [aria-current]");
    if (crumb) crumb.textContent = name;
    document.title = `${name} · Isthmus`;
  };
  document.addEventListener("htmx:oobAfterSwap", ({ detail: { target } }) => {
    if (target.id === "part-name") renamed(target.textContent.trim());
    kept.open.forEach((id) => { const one = document.getElementById(id); if (one) one.open = true; });
    const place = kept.focus && document.getElementById(target.id);
    const again = place && [...place.querySelectorAll("[id], a[href]")].find((one) => sign(one) === kept.focus);
    if (again) again.focus({ preventScroll: true });
    tick();
  });
})();
