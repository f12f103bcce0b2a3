/** The fingers on the map: two of them move and zoom it, as on other maps. */

/** @typedef {{pointerId: number, offsetX: number, offsetY: number}} Finger */
/** @typedef {{x: number, y: number, zoom: number}} View */

export class Fingers {
  constructor() {
    /** @type {Map<number, number[]>} */
    this.at = new Map();
  }

  /** @param {Finger} finger */
  put({ pointerId, offsetX, offsetY }) {
    this.at.set(pointerId, [offsetX, offsetY]);
  }

  /** @param {{pointerId: number}} finger */
  lift({ pointerId }) {
    this.at.delete(pointerId);
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
