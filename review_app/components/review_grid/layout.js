/** How many faces fit, and how large they are then. Pure. */

/** Window width in pixels below which tiles start out small. */
export const SMALL_SCREEN = 600;
export const GAP = 6;
/** Height of a tile beside its picture: its border, the line of signs, and the words, without and with details. */
export const INFO = 70;
export const INFO_DETAILS = 98;
/** Both sides of a tile's border. */
const BORDER = 4;
const MOST = 120;
/** Height of a picture that people asked for, and the least width of its tile, which the words need. */
const WANTED = { S: 92, M: 134, L: 250 };
const NARROWEST = { S: 104, M: 124, L: 190 };
const FLATTEST = 0.74;
const LEAST = 72;
/** How many times larger than wanted a picture is drawn at most, where few faces are on the page. */
const LARGEST = 2;

/** A word for a size of tiles, where it is one. @param {string|null} word @returns {import("./types.js").TileSize|null} */
export function asTileSize(word) {
  return word === "S" || word === "M" || word === "L" ? word : null;
}

/**
 * A tile's picture is never wider than its tile, so that a square face is whole.
 * @typedef {object} Fit
 * @property {number} columns
 * @property {number} rows
 * @property {number} picture height of a tile's picture in CSS pixels
 * @property {number} count faces that fit
 * @property {number|null} tile width of a tile; null: columns share the room
 */

/**
 * @param {number} width of the room, in CSS pixels
 * @param {number} height
 * @param {import("./types.js").TileSize} size
 * @param {number} [info] height of a tile beside its picture
 * @param {number} [faces] on the page; fewer than fit are drawn larger
 * @returns {Fit}
 */
export function fit(width, height, size, info = INFO, faces = Infinity) {
  const [across, down] = [Math.max(200, width), Math.max(170, height)];
  const full = filled(across, down, size, info);
  if (faces >= full.count) return squeezed(full, down, size, info, faces);
  let best = full;
  for (let columns = faces; columns >= 1; columns -= 1) {
    const rows = Math.ceil(faces / columns);
    const wide = wideOf(across, columns);
    const picture = Math.floor(Math.min(tallOf(down, rows, info), wide - BORDER, WANTED[size] * LARGEST));
    const tile = Math.min(wide, Math.max(picture + BORDER, NARROWEST[size]));
    if (picture > best.picture) best = { columns, rows, picture, count: full.count, tile };
  }
  return best;
}

/**
 * A few faces more than fit have a row more with smaller pictures, where these are not too small: a line of words above
 * the faces divides no page.
 * @param {Fit} full @param {number} down @param {import("./types.js").TileSize} size @param {number} info @param {number} faces
 * @returns {Fit} `full` where they do not fit either way
 */
function squeezed(full, down, size, info, faces) {
  const rows = Math.ceil(faces / full.columns);
  const picture = Math.min(full.picture, tallOf(down, rows, info));
  return rows > full.rows && picture >= Math.max(LEAST, WANTED[size] * FLATTEST) ? { ...full, rows, picture } : full;
}

/**
 * A page full of faces.
 * @param {number} across @param {number} down @param {import("./types.js").TileSize} size @param {number} info
 * @returns {Fit}
 */
function filled(across, down, size, info) {
  for (let scale = 1; ; scale *= 1.1) {
    const wanted = WANTED[size] * scale;
    const tall = tallOf(down, rowsOf(down, wanted, info), info);
    const narrow = Math.max(NARROWEST[size] * scale, Math.min(tall, wanted * 1.25) + BORDER);
    const columnsOf = (/** @type {number} */ tile) => (across + GAP) / (tile + GAP);
    const most = Math.floor(columnsOf(NARROWEST[size] * scale));
    const columns = Math.max(2, Math.min(most, Math.round(columnsOf(narrow))));
    const picture = Math.floor(Math.max(LEAST, Math.min(tall, wideOf(across, columns) - BORDER)));
    const rows = Math.max(1, Math.floor((down + GAP) / (picture + info + GAP)));
    if (columns * rows <= MOST) return { columns, rows, picture, count: columns * rows, tile: null };
  }
}

/** @param {number} across @param {number} columns */
function wideOf(across, columns) {
  return (across + GAP) / columns - GAP;
}

/** Height that so many rows leave to each picture. @param {number} down @param {number} rows @param {number} info */
function tallOf(down, rows, info) {
  return Math.floor((down + GAP) / rows) - GAP - info;
}

/** The number of rows with which pictures come closest to the height wanted. @param {number} down @param {number} wanted @param {number} info */
function rowsOf(down, wanted, info) {
  const off = (/** @type {number} */ rows) => Math.abs(tallOf(down, rows, info) - wanted);
  let best = 1;
  for (let rows = 2; tallOf(down, rows, info) >= Math.max(LEAST, wanted * FLATTEST); rows += 1) if (off(rows) < off(best)) best = rows;
  return best;
}
