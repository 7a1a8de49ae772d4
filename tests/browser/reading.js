/* What a person could not read or reach: text of too little contrast, controls without a name. */
() => {
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const over = (top, below) => {
    const alpha = top[3] ?? 1;
    return [0, 1, 2].map((i) => top[i] * alpha + below[i] * (1 - alpha));
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    return over(parts(getComputedStyle(element).backgroundColor), ground(element.parentElement));
  };
  const said = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".visually-hidden, .skip, option")) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const [a, b] = [light(over(parts(style.color), below)), light(below)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) said.push(`contrast ${ratio.toFixed(2)}: ${element.textContent.trim().slice(0, 40)}`);
  }
  for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden], [hidden]), select, textarea")) {
    const labels = [...(element.labels ?? [])].map((label) => label.textContent).join("");
    const own = element.matches("a, button") ? element.textContent : "";
    if (!`${element.getAttribute("aria-label") ?? ""}${labels}${own}`.trim())
      said.push(`no name: ${element.outerHTML.slice(0, 80)}`);
  }
  return said;
}
