/* Where the keyboard is: which element, and whether a person would see that. */
() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const inside = box.width > 1 && box.height > 1 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  // In a picture the shape inside a link is drawn again.
  const drawn = [...(element.matches("svg a") ? element.querySelectorAll("*") : [])].some((shape) => {
    const { stroke, strokeWidth } = getComputedStyle(shape);
    return parseFloat(strokeWidth) >= 3 && !["none", "rgba(0, 0, 0, 0)"].includes(stroke);
  });
  const ringed = drawn || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
  // A link that wraps begins in the middle of its box.
  const first = element.getClientRects()[0] ?? box;
  const [x, y] = [Math.max(0, first.left) + Math.min(first.width / 2, 8), Math.max(0, first.top) + Math.min(first.height / 2, 8)];
  const top = document.elementFromPoint(Math.min(x, innerWidth - 1), Math.min(y, innerHeight - 1));
  const covered = !top || !(element.contains(top) || top.contains(element));
  return { text: element.outerHTML.slice(0, 120), inside, ringed, covered };
}
