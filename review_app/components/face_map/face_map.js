/**
 * The map of the page Explore: points on a canvas, to be moved, zoomed, rested on and drawn around. The points are blended
 * into the canvas here, so that 100,000 are drawn in some milliseconds with or without a graphics card. While a line is
 * drawn only the line changes; which faces lie within is worked out once it ends, and the page is told then.
 */

import { paint } from "./map_canvas.js";
import { button, keepInAddress, node, SVG } from "./map_dom.js";
import { Fingers } from "./map_fingers.js";
import { legend } from "./map_legend.js";
import { areaOf, Cells, cornersOf, decode, inside, whole } from "./map_points.js";
import { Tip } from "./map_tip.js";
import { View } from "./map_view.js";

/** @import { Point, Points } from "./map_points.js" */

/**
 * What the page gives: `face_map` of __init__.py. Numbers of points are little-endian, in base64.
 * @typedef {object} MapData
 * @property {string} x 16 bits a point: from 0, at the left, to 65,535
 * @property {string} y the same, 0 at the bottom
 * @property {string} colour 8 bits: place in `colours`
 * @property {string} text 32 bits: place in `texts`
 * @property {string} faces 32 bits: sample id; empty: each point stands for many faces
 * @property {string[]} colours #rrggbb
 * @property {string[]} names of the colours; empty: these are a scale from 0 to 1
 * @property {string} scale name of what the scale shows
 * @property {string[]} texts what a point says when the pointer rests on it
 * @property {number} size of a point in pixels
 * @property {string} label what the map is, for readers aloud
 * @property {string} pictures address that a sample id is added to
 * @property {string} base where the modules are, with a slash at the end
 * @property {string} module that comes first
 * @property {number} side of the map in the units of an area
 * @property {number} corners an area has at most
 * @property {string|null} area that was selected when the map came onto the page
 * @property {number} round that the map is of
 */
/** @typedef {{area: string|null, face: number|null}} Chosen */
/** @typedef {(name: "chosen", value: Chosen) => void} Tell */
/** @typedef {"draw"|"box"|"move"} Mode */
/** @type {[Mode, string, string][]} */
const MODES = [
  ["draw", "Draw around", "Draw a line around faces; Shift adds to what is selected"],
  ["box", "Box", "Draw a box around faces; Shift adds to what is selected"],
  ["move", "Move", "Move the map"],
];
const NEAR = 8;
const CLICK = 4;
const MOST_PARTS = 8;

/** @type {WeakMap<object, FaceMap>} */
const maps = new WeakMap();

/** @param {{data: MapData, parentElement: ShadowRoot, setStateValue: Tell}} given */
export default function ({ data, parentElement, setStateValue }) {
  const map = maps.get(parentElement) ?? new FaceMap(parentElement);
  maps.set(parentElement, map);
  map.show(data, setStateValue);
  return () => {
    maps.delete(parentElement);
    map.end();
  };
}

class FaceMap {
  /** @param {ShadowRoot} root */
  constructor(root) {
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.line = document.createElementNS(SVG, "path");
    const lines = document.createElementNS(SVG, "svg");
    lines.append(this.line);
    this.tip = new Tip();
    this.legend = node("div", { class: "legend" });
    this.modes = new Map(MODES.map(([mode, name, help]) => [mode, button(name, help, () => this.point(mode))]));
    this.cleared = button("Clear the selection", "Nothing is selected any more", () => this.choose([], null));
    const field = node("div", { class: "field" }, [this.canvas, lines, this.tip.node]);
    this.all = node("div", { class: "map" }, [
      node("div", { class: "tools", role: "toolbar", "aria-label": "Map" }, [
        node("span", { class: "joined" }, [...this.modes.values()]),
        node("span", { class: "joined" }, [
          button("+", "Zoom in", () => this.zoom(1.6)),
          button("−", "Zoom out", () => this.zoom(1 / 1.6)),
          button("Whole map", "Show the whole map", () => this.whole()),
        ]),
        this.cleared,
      ]),
      field,
      this.legend,
    ]);
    root.append(this.all);
    /** @type {MapData|null} */
    this.data = null;
    /** @type {Points} */
    this.points = decode(null);
    this.index = new Cells(this.points, 1);
    /** @type {Tell} */
    this.tell = () => {};
    this.view = new View(this.canvas);
    /** @type {Point[][]} */
    this.parts = [];
    /** @type {Uint8Array|null} */
    this.within = null;
    /** @type {Set<number>} */
    this.hidden = new Set();
    /** @type {{at: number[], points: Point[], drawn: boolean}|null} */
    this.drag = null;
    this.fingers = new Fingers();
    this.frame = 0;
    this.sizes = new ResizeObserver(() => this.redraw());
    this.sizes.observe(field);
    this.grounds = matchMedia("(prefers-color-scheme: dark)");
    this.onGround = () => this.redraw();
    this.grounds.addEventListener("change", this.onGround);
    this.canvas.addEventListener("mousedown", (event) => event.preventDefault()); // keys stay with what had them
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", (event) => this.release(event));
    this.canvas.addEventListener("pointercancel", (event) => this.lift(event));
    this.canvas.addEventListener("pointerleave", () => this.hover(-1));
    this.canvas.addEventListener("dblclick", () => this.whole());
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.point("draw");
  }

  end() {
    this.sizes.disconnect();
    this.grounds.removeEventListener("change", this.onGround);
    cancelAnimationFrame(this.frame);
    this.tip.hide();
    this.all.remove();
  }

  /** @param {MapData} data @param {Tell} tell */
  show(data, tell) {
    const before = this.data;
    this.tell = tell;
    this.data = data;
    if (before === null) {
      this.whole();
      this.parts = data.area ? [cornersOf(data.area)] : [];
      keepInAddress(data.round, data.area);
    }
    if (before?.x !== data.x || before.y !== data.y || before.colour !== data.colour || before.text !== data.text) {
      this.points = decode(data);
      this.index = new Cells(this.points, data.side);
      this.canvas.dataset.points = String(this.points.x.length);
      this.select();
    }
    if (before?.names.join("\n") !== data.names.join("\n")) this.hidden.clear();
    this.canvas.setAttribute("aria-label", data.label);
    this.legend.replaceChildren(...legend(data, this.hidden, () => this.redraw()));
    this.redraw();
  }

  /** What dragging does. @param {Mode} mode */
  point(mode) {
    this.mode = mode;
    this.canvas.dataset.mode = mode;
    for (const [each, one] of this.modes) one.setAttribute("aria-pressed", String(each === mode));
  }

  whole() {
    this.view.whole(this.data?.side ?? 1);
    this.redraw();
  }

  /** Nearer by a factor, so that a place of the window stays. @param {number} factor @param {number[]} [at] */
  zoom(factor, at = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2]) {
    this.view.put(this.view.there(at), at, this.view.zoom * factor);
    this.redraw();
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (event.button !== 0) return;
    this.hover(-1);
    this.canvas.setPointerCapture(event.pointerId);
    if (this.fingers.put(event, this.view)) this.drop(); // what the first finger drew was no line
    if (this.fingers.pinch || this.drag) return;
    const at = [event.offsetX, event.offsetY];
    this.drag = { at, points: [this.view.there(at)], drawn: false };
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { offsetX, offsetY } = event;
    if (this.fingers.move(event, this.view)) {
      this.redraw();
      return;
    }
    if (!this.drag) {
      this.hover(event.buttons ? -1 : this.nearest(offsetX, offsetY), offsetX, offsetY);
      return;
    }
    const [x, y] = this.drag.at;
    this.drag.drawn ||= Math.hypot(offsetX - x, offsetY - y) > CLICK;
    if (!this.drag.drawn) return;
    const [first] = this.drag.points;
    if (this.mode === "move") {
      this.view.put(first, [offsetX, offsetY]);
      this.redraw();
      return;
    }
    const now = this.view.there([offsetX, offsetY]);
    if (this.mode === "draw") this.drag.points.push(now);
    else this.drag.points = [first, [now[0], first[1]], now, [first[0], now[1]]];
    this.outline();
  }

  /** A finger is no longer there, and draws nothing; after two, only when both are gone. @param {PointerEvent} event */
  lift(event) {
    this.fingers.lift(event);
    this.drop();
  }

  /** @param {PointerEvent} event */
  release(event) {
    const drag = this.drag;
    this.lift(event);
    if (!drag || !this.data) return;
    if (!drag.drawn) {
      const found = this.points.faces.length ? this.nearest(event.offsetX, event.offsetY) : -1;
      if (found >= 0) this.choose([], this.points.faces[found]);
    } else if (this.mode !== "move") {
      const kept = event.shiftKey ? this.parts.slice(1 - MOST_PARTS) : [];
      this.choose([...kept, drag.points.map(([x, y]) => whole(x, y, this.data?.side ?? 1))], null);
    }
  }

  /** The line is not drawn to its end. */
  drop() {
    this.drag = null;
    this.outline();
  }

  /** Select the faces in these parts of the map, or one face. @param {Point[][]} parts @param {number|null} face */
  choose(parts, face) {
    const area = areaOf(parts, this.data?.corners ?? 0);
    this.parts = area === null ? [] : parts;
    this.select();
    keepInAddress(this.data?.round ?? 0, area);
    this.tell("chosen", { area, face });
  }

  /** Show what is selected. */
  select() {
    const area = areaOf(this.parts, this.data?.corners ?? 0);
    this.within = area === null ? null : inside(this.points.x, this.points.y, cornersOf(area));
    this.cleared.hidden = area === null;
    this.redraw();
  }

  /** The point next to a place of the canvas, -1: none near it. @param {number} x @param {number} y */
  nearest(x, y) {
    const reach = Math.max(NEAR, this.diameter() / 2) / this.view.scale();
    return this.index.nearest(this.view.there([x, y]), reach, (i) => !this.hidden.has(this.points.colour[i]));
  }

  /** Say what a point is; -1: nothing. @param {number} found @param {number} [x] @param {number} [y] */
  hover(found, x = 0, y = 0) {
    const face = this.points.faces[found];
    this.canvas.classList.toggle("over", face !== undefined);
    if (found < 0) this.tip.hide();
    else {
      const words = this.data?.texts[this.points.text[found]] ?? "";
      this.tip.show(words, face === undefined ? "" : `${this.data?.pictures}${face}`, x, y);
    }
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    this.hover(-1);
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), [event.offsetX, event.offsetY]);
  }

  redraw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
      this.outline();
    });
  }

  /** The line that is being drawn, and those around what is selected. */
  outline() {
    const parts = this.drag?.drawn && this.mode !== "move" ? [...this.parts, this.drag.points] : this.parts;
    const place = (/** @type {Point} */ point) => this.view.at(point).map((each) => each.toFixed(1)).join(" ");
    this.line.setAttribute("d", parts.map((part) => `M${part.map(place).join("L")}Z`).join(""));
  }

  /** Pixels across a point: larger where the map is looked at from near. */
  diameter() {
    return (this.data?.size ?? 1) * Math.min(2, Math.max(1, Math.sqrt(this.view.zoom)));
  }

  draw() {
    if (!this.data) return;
    const { points, within, hidden, view } = this;
    const how = { x: view.x, y: view.y, scale: view.scale(), across: this.diameter(), colours: this.data.colours };
    paint(this.canvas, points, { ...how, within, hidden });
  }
}
