/** Where the points of the map are, which of them lie within an area, and which is next to the pointer. */

/** @typedef {[number, number]} Point in units of the map, y upwards */
/**
 * @typedef {object} Points
 * @property {Float32Array} x in units of the map
 * @property {Float32Array} y
 * @property {Uint8Array} colour
 * @property {Uint32Array} text
 * @property {Uint32Array} faces sample ids; empty: each point stands for many
 */

const CELLS = 128;

/** @param {{x: string, y: string, colour: string, text: string, faces: string, side: number}|null} data @returns {Points} */
export function decode(data) {
  const place = (/** @type {string} */ text) =>
    Float32Array.from(new Uint16Array(bytes(text).buffer), (each) => (each / 65535) * (data?.side ?? 1));
  return {
    x: place(data?.x ?? ""),
    y: place(data?.y ?? ""),
    colour: bytes(data?.colour ?? ""),
    text: new Uint32Array(bytes(data?.text ?? "").buffer),
    faces: new Uint32Array(bytes(data?.faces ?? "").buffer),
  };
}

/** @param {string} base64 */
function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** The next place that an address can name. @param {number} x @param {number} y @param {number} side @returns {Point} */
export function whole(x, y, side) {
  const kept = (/** @type {number} */ value) => Math.min(side, Math.max(0, Math.round(value)));
  return [kept(x), kept(y)];
}

/**
 * Parts of the map as one polygon, as an address has it: "x,y_x,y_x,y"; null where nothing lies within. Several parts are
 * joined by lines that are passed in both directions, and all go round the same way, so that what two share is within too.
 * @param {Point[][]} parts @param {number} most corners
 */
export function areaOf(parts, most) {
  const closed = parts.filter((part) => new Set(part.map(String)).size > 2);
  if (!closed.length) return null;
  const joints = closed.length > 1 ? 2 * closed.length - 2 : 0;
  const share = Math.floor((most - joints) / closed.length);
  const rings = closed.map((part) => turned(some(part, share)));
  const starts = rings.map((ring) => ring[0]);
  const line = rings.length === 1 ? rings[0] : rings.flatMap((ring) => [...ring, ring[0]]);
  return [...line, ...starts.slice(1, -1).reverse()].map(([x, y]) => `${x},${y}`).join("_");
}

/** @param {string} area @returns {Point[]} */
export function cornersOf(area) {
  return area.split("_").map((corner) => {
    const [x, y] = corner.split(",").map(Number);
    return [x, y];
  });
}

/** As many corners as allowed, evenly. @param {Point[]} part @param {number} most */
function some(part, most) {
  const corners = part.filter(([x, y], i) => i === 0 || x !== part[i - 1][0] || y !== part[i - 1][1]);
  if (corners.length <= most) return corners;
  return Array.from({ length: most }, (_, i) => corners[Math.floor((i * corners.length) / most)]);
}

/** Counter-clockwise. @param {Point[]} ring */
function turned(ring) {
  const twice = ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return twice < 0 ? [ring[0], ...ring.slice(1).reverse()] : ring;
}

/**
 * Which points a polygon goes around at least once, 1 or 0 each: `inside` of scn_core/store/queue/area.py.
 * @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys @param {Point[]} polygon
 */
export function inside(xs, ys, polygon) {
  const turns = new Int8Array(xs.length);
  polygon.forEach(([x0, y0], k) => {
    const [x1, y1] = polygon[(k + 1) % polygon.length];
    if (y0 === y1) return;
    const turn = y1 > y0 ? 1 : -1;
    const slope = (x1 - x0) / (y1 - y0);
    for (let i = 0; i < xs.length; i++)
      if (y0 > ys[i] !== y1 > ys[i] && xs[i] < slope * (ys[i] - y0) + x0) turns[i] += turn;
  });
  return Uint8Array.from(turns, (each) => Number(each !== 0));
}

/** Points by the square of the map they lie in, to find the next one without asking all. */
export class Cells {
  /** @param {Points} points @param {number} side of the map */
  constructor({ x, y }, side) {
    this.x = x;
    this.y = y;
    this.step = side / CELLS;
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    const cells = Uint16Array.from(x, (_, i) => this.row(y[i]) * CELLS + this.row(x[i]));
    for (const cell of cells) this.starts[cell + 1]++;
    for (let cell = 0; cell < CELLS * CELLS; cell++) this.starts[cell + 1] += this.starts[cell];
    this.sorted = new Uint32Array(x.length);
    const next = this.starts.slice();
    cells.forEach((cell, i) => (this.sorted[next[cell]++] = i));
  }

  /** @param {number} place */
  row(place) {
    return Math.min(CELLS - 1, Math.max(0, Math.floor(place / this.step)));
  }

  /**
   * The nearest point within a distance; -1: none. @param {Point} at @param {number} reach
   * @param {(point: number) => boolean} counts
   */
  nearest([x, y], reach, counts) {
    let found = -1;
    let least = reach * reach;
    for (let row = this.row(y - reach); row <= this.row(y + reach); row++)
      for (let column = this.row(x - reach); column <= this.row(x + reach); column++) {
        const cell = row * CELLS + column;
        for (let k = this.starts[cell]; k < this.starts[cell + 1]; k++) {
          const i = this.sorted[k];
          const away = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
          if (away <= least && counts(i)) [found, least] = [i, away];
        }
      }
    return found;
  }
}
