/* Where the keyboard is: which element, and whether a person would see that. */
() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const inside = box.width > 1 && box.height > 1 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  const ringed = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
  const [x, y] = [Math.max(0, box.left) + Math.min(box.width / 2, 8), Math.max(0, box.top) + Math.min(box.height / 2, 8)];
  const top = document.elementFromPoint(Math.min(x, innerWidth - 1), Math.min(y, innerHeight - 1));
  const covered = !top || !(element.contains(top) || top.contains(element));
  return { told: element.outerHTML.slice(0, 120), inside, ringed, covered };
}
