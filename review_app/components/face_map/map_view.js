/** The part of a map that is looked at: what of it lies where on the canvas. */

/** @import { Point } from "./map_points.js" */

const LEAST_ZOOM = 0.8;
const MOST_ZOOM = 100;

export class View {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.side = 1;
    this.x = 0;
    this.y = 0;
    this.zoom = 1;
  }

  /** Look at all of a map. @param {number} side */
  whole(side) {
    this.side = side;
    this.x = this.y = side / 2;
    this.zoom = 1;
  }

  /** Pixels of a unit of the map. */
  scale() {
    return (Math.min(this.canvas.clientWidth, this.canvas.clientHeight) / this.side) * this.zoom;
  }

  /** What lies at a place of the canvas. @param {number[]} at @returns {Point} */
  there([x, y]) {
    const { clientWidth, clientHeight } = this.canvas;
    return [this.x + (x - clientWidth / 2) / this.scale(), this.y - (y - clientHeight / 2) / this.scale()];
  }

  /** Where on the canvas a point of the map lies. @param {Point} point */
  at([x, y]) {
    const { clientWidth, clientHeight } = this.canvas;
    return [(x - this.x) * this.scale() + clientWidth / 2, clientHeight / 2 - (y - this.y) * this.scale()];
  }

  /** Look so that a point of the map lies at a place of the canvas. @param {Point} point @param {number[]} at @param {number} [zoom] */
  put([x, y], [right, down], zoom = this.zoom) {
    this.zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, zoom));
    this.x = x - (right - this.canvas.clientWidth / 2) / this.scale();
    this.y = y + (down - this.canvas.clientHeight / 2) / this.scale();
  }
}
