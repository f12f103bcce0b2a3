/** The fingers on the map: two of them move and zoom it, as on other maps. */

/** @import { Point } from "./map_points.js" */
/** @import { View } from "./map_view.js" */
/** @typedef {{pointerId: number, offsetX: number, offsetY: number}} Finger */

export class Fingers {
  constructor() {
    /** @type {Map<number, number[]>} */
    this.at = new Map();
    /** How far two were apart and what lay between them when the second was put down; until both are gone.
     * @type {{apart: number, there: Point, zoom: number}|null} */
    this.pinch = null;
  }

  /** A finger is put down. Whether there are two now, or were. @param {Finger} finger @param {View} view */
  put({ pointerId, offsetX, offsetY }, view) {
    this.at.set(pointerId, [offsetX, offsetY]);
    const pair = this.pair();
    if (pair) this.pinch = { apart: pair.apart, there: view.there(pair.middle), zoom: view.zoom };
    return this.pinch !== null;
  }

  /** A finger moves. What lay between two stays there; whether there are two, or were. @param {Finger} finger @param {View} view */
  move({ pointerId, offsetX, offsetY }, view) {
    if (this.at.has(pointerId)) this.at.set(pointerId, [offsetX, offsetY]);
    const pair = this.pair();
    if (this.pinch && pair) view.put(this.pinch.there, pair.middle, (this.pinch.zoom * pair.apart) / this.pinch.apart);
    return this.pinch !== null;
  }

  /** @param {{pointerId: number}} finger */
  lift({ pointerId }) {
    this.at.delete(pointerId);
    if (!this.at.size) this.pinch = null;
  }

  /** How far the first two are apart, and their middle, in pixels; null: there are not two. */
  pair() {
    const [one, two] = [...this.at.values()];
    if (!two) return null;
    return {
      apart: Math.max(1, Math.hypot(two[0] - one[0], two[1] - one[1])),
      middle: [(one[0] + two[0]) / 2, (one[1] + two[1]) / 2],
    };
  }
}
