/** The points of the map as pixels: blended by hand, which needs no graphics card and takes some milliseconds for 100,000. */

/** @import { Points } from "./map_points.js" */

const OPAQUE = 0.75, FAINT = 0.2;

/** @type {WeakMap<HTMLCanvasElement, ImageData>} */
const images = new WeakMap();

/**
 * Draw all points on the canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {Points} points
 * @param {{x: number, y: number, scale: number, across: number, within: Uint8Array|null, hidden: Set<number>, colours: string[]}} how
 *   what lies in the middle, pixels of a unit and of a point, which points are selected (null: all), colours that are not shown
 */
export function paint(canvas, points, { x, y, scale, across, within, hidden, colours }) {
  const pen = canvas.getContext("2d");
  const ratio = Math.min(2, devicePixelRatio || 1);
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (!width || !height || !pen) return;
  let image = images.get(canvas);
  if (image?.width !== width || image.height !== height) {
    canvas.width = width;
    canvas.height = height;
    image = new ImageData(width, height);
    images.set(canvas, image);
  }
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(packed((getComputedStyle(canvas).backgroundColor.match(/\d+/g) ?? []).map(Number)));
  const unit = scale * ratio;
  blend(pixels, width, height, {
    ...points, scale: unit, left: width / 2 - x * unit, top: height / 2 + y * unit, within, hidden,
    dot: dot(across * ratio, points.faces.length > 0),
    colours: colours.map((each) => packed([1, 3, 5].map((at) => parseInt(each.slice(at, at + 2), 16)))),
  });
  pen.putImageData(image, 0, 0);
}

/**
 * Blend points into pixels, those that are selected last.
 * @param {Uint32Array} pixels @param {number} width @param {number} height
 * @param {Points & {scale: number, left: number, top: number, within: Uint8Array|null, hidden: Set<number>,
 *   colours: number[], dot: {side: number, cover: Float32Array}}} drawn
 */
function blend(pixels, width, height, { x, y, colour, scale, left, top, within, hidden, colours, dot: { side, cover } }) {
  const half = (side - 1) / 2;
  for (const chosen of within ? [0, 1] : [0]) {
    const strength = 256 * (within && !chosen ? FAINT : OPAQUE);
    const shares = Array.from(cover, (each) => Math.round(each * strength));
    for (let i = 0; i < x.length; i++) {
      if ((within && within[i] !== chosen) || hidden.has(colour[i])) continue;
      const column = Math.round(left + x[i] * scale - half);
      const row = Math.round(top - y[i] * scale - half);
      if (column < 0 || row < 0 || column + side > width || row + side > height) continue;
      const ink = colours[colour[i]];
      const odd = ink & 0xff00ff;
      const even = ink & 0xff00;
      for (let down = 0, k = 0; down < side; down++) {
        let at = (row + down) * width + column;
        for (let right = 0; right < side; right++, k++, at++) {
          const share = shares[k];
          const under = pixels[at];
          const rest = 256 - share;
          pixels[at] = 0xff000000
            | (((Math.imul(under & 0xff00ff, rest) + Math.imul(odd, share)) >>> 8) & 0xff00ff)
            | (((Math.imul(under & 0xff00, rest) + Math.imul(even, share)) >>> 8) & 0xff00);
        }
      }
    }
  }
}

/** The share of each pixel that a point covers. @param {number} across @param {boolean} round */
export function dot(across, round) {
  const side = Math.max(1, Math.round(across));
  const cover = new Float32Array(side * side).fill(1);
  const middle = (side - 1) / 2;
  if (round && side > 2)
    for (let k = 0; k < cover.length; k++) {
      const away = Math.hypot((k % side) - middle, Math.floor(k / side) - middle);
      cover[k] = Math.min(1, Math.max(0, side / 2 + 0.25 - away));
    }
  return { side, cover };
}

/** As pixels of a canvas have it in a processor's order. @param {number[]} rgb */
function packed([red = 255, green = 255, blue = 255]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
