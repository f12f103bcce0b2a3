/** Mouse and touch on the grid: click, Ctrl+click, Shift+click, double click, a rectangle drawn with the mouse. */

import { asElement, el } from "./dom.js";

/** @typedef {import("./types.js").Face} Face */

/**
 * @typedef {object} Rectangle drawn with the mouse
 * @property {HTMLElement} box
 * @property {{face: Face, rect: DOMRect}[]} places of all tiles
 */

/**
 * @typedef {object} Drag
 * @property {number} x where it began
 * @property {number} y
 * @property {Face[]} before selected before it
 * @property {Rectangle|null} rectangle null: not moved far enough yet
 */

const SLACK = 6;

/** @param {import("./types.js").App} app whose grid is listened to */
export function pointerSelection(app) {
  const { grid: list, tiles } = app;
  /** @type {Drag|null} */
  let drag = null;
  let dragged = false; // the click that ends a drag chooses nothing

  const placeOf = (/** @type {MouseEvent} */ event) => {
    const tile = asElement(event.target)?.closest(".tile");
    return tile ? Number(tile.getAttribute("data-place")) : -1;
  };

  const click = (/** @type {MouseEvent} */ event) => {
    const at = placeOf(event);
    if (at < 0 || dragged) return;
    app.flow.looking = true;
    if (event.shiftKey) tiles.extend(at);
    else if (event.ctrlKey || event.metaKey || app.selecting) tiles.toggle(at);
    else {
      tiles.select([]);
      tiles.anchor = at;
    }
    tiles.focus(at);
  };

  const down = (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const before = event.ctrlKey || event.metaKey ? tiles.selected : [];
    drag = { x: event.clientX, y: event.clientY, before, rectangle: null };
  };

  const move = (/** @type {PointerEvent} */ event) => {
    if (!drag) return;
    const [left, right] = [drag.x, event.clientX].sort((a, b) => a - b);
    const [top, bottom] = [drag.y, event.clientY].sort((a, b) => a - b);
    if (!drag.rectangle && right - left < SLACK && bottom - top < SLACK) return;
    drag.rectangle ??= begin(event);
    const { box, places } = drag.rectangle;
    Object.assign(box.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${right - left}px`,
      height: `${bottom - top}px`,
    });
    const hit = places.filter(
      ({ rect }) => rect.left < right && rect.right > left && rect.top < bottom && rect.bottom > top,
    );
    tiles.select([...drag.before, ...hit.map(({ face }) => face)]);
  };

  /** @param {PointerEvent} event @returns {Rectangle} */
  const begin = (event) => {
    const places = tiles.faces.map((face) => ({ face, rect: tiles.tileOf(face).getBoundingClientRect() }));
    const box = el("div", { class: "lasso" });
    list.append(box);
    list.setPointerCapture(event.pointerId);
    return { box, places };
  };

  const up = () => {
    if (drag?.rectangle) {
      drag.rectangle.box.remove();
      const first = tiles.selected[0];
      if (first) {
        tiles.anchor = tiles.faces.indexOf(first);
        tiles.focus(tiles.anchor);
      }
      dragged = true;
      setTimeout(() => {
        dragged = false;
      }, 0);
    }
    drag = null;
  };

  list.addEventListener("click", click);
  list.addEventListener("dblclick", (event) => {
    if (placeOf(event) >= 0 && !app.selecting) app.zoom.toggle();
  });
  list.addEventListener("dragstart", (event) => event.preventDefault());
  list.addEventListener("pointerdown", down);
  list.addEventListener("pointermove", move);
  list.addEventListener("pointerup", up);
  list.addEventListener("pointercancel", up);
}
