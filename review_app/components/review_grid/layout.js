/** How many faces fit, and how large they are then. Pure. */

/** Window width in pixels below which tiles start out small. */
export const SMALL_SCREEN = 600;
export const GAP = 6;
/** Height of what is written below a picture, without and with details. */
export const INFO = 50;
export const INFO_DETAILS = 78;
const MOST = 120;
const WIDTHS = { S: 108, M: 134, L: 250 };
const FLATTEST = 0.74;

/** A word for a size of tiles, where it is one. @param {string|null} word @returns {import("./types.js").TileSize|null} */
export function asTileSize(word) {
  return word === "S" || word === "M" || word === "L" ? word : null;
}

/**
 * @param {number} width of the room, in CSS pixels
 * @param {number} height
 * @param {import("./types.js").TileSize} size
 * @param {number} [info] height of what is written below a picture
 * @returns {{columns: number, rows: number, picture: number, count: number, whole: boolean}}
 *   picture: height of a tile's picture; whole: filling the tile with it would cut off too much of a face
 */
export function fit(width, height, size, info = INFO) {
  const [across, down] = [Math.max(200, width), Math.max(170, height)];
  for (let scale = 1; ; scale *= 1.1) {
    const wanted = WIDTHS[size] * scale;
    const { rows, tall } = rowsOf(down, wanted, info);
    const tile = Math.max(wanted * 0.98, Math.min(tall, wanted * 1.25));
    const columns = Math.max(2, Math.round((across + GAP) / (tile + GAP)));
    const wide = (across + GAP) / columns - GAP;
    const picture = Math.round(Math.max(72, Math.min(tall, wide * 1.25)));
    if (columns * rows <= MOST)
      return { columns, rows, picture, count: columns * rows, whole: Math.abs(picture / wide - 1) > 0.12 };
  }
}

/**
 * The number of rows with which pictures come closest to the height wanted, and that height.
 * @param {number} height of the room
 * @param {number} wanted
 * @param {number} info
 */
function rowsOf(height, wanted, info) {
  const tallOf = (/** @type {number} */ rows) => Math.floor((height + GAP) / rows) - GAP - info;
  let best = 1;
  for (let rows = 2; tallOf(rows) >= wanted * FLATTEST; rows += 1) {
    if (Math.abs(tallOf(rows) - wanted) < Math.abs(tallOf(best) - wanted)) best = rows;
  }
  return { rows: best, tall: tallOf(best) };
}
