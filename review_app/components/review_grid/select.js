/** Mouse and touch on the grid: click, Ctrl+click, Shift+click, double click, a rectangle drawn with the mouse. */

import { el } from "./dom.js";

const SLACK = 6;

/**
 * @param {HTMLElement} list
 * @param {import("./tiles.js").Tiles} tiles
 * @param {{selecting: () => boolean, zoom: () => void}} app selecting: taps select instead of focusing
 */
export function pointerSelection(list, tiles, app) {
  let drag = null;
  let dragged = false; // the click that ends a drag chooses nothing

  const placeOf = (event) => {
    const tile = event.target.closest?.(".tile");
    return tile ? Number(tile.dataset.place) : -1;
  };

  const click = (event) => {
    const at = placeOf(event);
    if (at < 0 || dragged) return;
    if (event.shiftKey) tiles.extend(at);
    else if (event.ctrlKey || event.metaKey || app.selecting()) tiles.toggle(at);
    else {
      tiles.select([]);
      tiles.anchor = at;
    }
    tiles.focus(at);
  };

  const down = (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    drag = {
      x: event.clientX,
      y: event.clientY,
      box: null,
      before: event.ctrlKey || event.metaKey ? tiles.selected : [],
      rects: null,
    };
  };

  const move = (event) => {
    if (!drag) return;
    const [left, right] = [drag.x, event.clientX].sort((a, b) => a - b);
    const [top, bottom] = [drag.y, event.clientY].sort((a, b) => a - b);
    if (!drag.box && right - left < SLACK && bottom - top < SLACK) return;
    if (!drag.box) begin(event);
    Object.assign(drag.box.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${right - left}px`,
      height: `${bottom - top}px`,
    });
    const hit = drag.rects.filter(
      ({ rect }) => rect.left < right && rect.right > left && rect.top < bottom && rect.bottom > top,
    );
    tiles.select([...drag.before, ...hit.map(({ face }) => face)]);
  };

  const begin = (event) => {
    drag.rects = tiles.faces.map((face) => ({ face, rect: tiles.nodes.get(face).tile.getBoundingClientRect() }));
    drag.box = el("div", { class: "lasso" });
    list.append(drag.box);
    list.setPointerCapture(event.pointerId);
  };

  const up = () => {
    if (drag?.box) {
      drag.box.remove();
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
    if (placeOf(event) >= 0 && !app.selecting()) app.zoom();
  });
  list.addEventListener("dragstart", (event) => event.preventDefault());
  list.addEventListener("pointerdown", down);
  list.addEventListener("pointermove", move);
  list.addEventListener("pointerup", up);
  list.addEventListener("pointercancel", up);
}
