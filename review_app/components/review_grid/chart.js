/** A line over the epochs as a small inline SVG, with labelled axes. */

import { svg } from "./dom.js";

const WIDTH = 240;
const HEIGHT = 96;
const LEFT = 30;
const BOTTOM = 18;
const TOP = 8;

/**
 * A line over the epochs. Where the score of the face is another value, as it may be of several epochs, a dashed line.
 * @param {string} name of the value
 * @param {number[]} values in 0..1, one for each epoch
 * @param {number|null} score null: none that differs
 * @returns {SVGElement}
 */
export function lineChart(name, values, score) {
  const last = Math.max(1, values.length - 1);
  const x = (/** @type {number} */ at) => LEFT + (at / last) * (WIDTH - LEFT - 6);
  const y = (/** @type {number} */ value) => TOP + (1 - value) * (HEIGHT - TOP - BOTTOM);
  const ticks = [0, 0.5, 1].map((value) =>
    svg("g", {}, [
      svg("line", { x1: LEFT, x2: WIDTH - 6, y1: y(value), y2: y(value), class: "rule" }),
      svg("text", { x: LEFT - 4, y: y(value) + 3.5, "text-anchor": "end", text: String(value) }),
    ]),
  );
  const points = values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const end = values.at(-1) ?? 0;
  const scored = score === null ? [] : [svg("line", { x1: LEFT, x2: WIDTH - 6, y1: y(score), y2: y(score), class: "scored" })];
  return svg(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: "chart",
      role: "img",
      "aria-label": `${name} over ${values.length} epochs, at the end ${end.toFixed(2)}`,
    },
    [
      ...ticks,
      ...scored,
      svg("text", { x: LEFT, y: HEIGHT - 4, text: "1" }),
      svg("text", { x: WIDTH - 6, y: HEIGHT - 4, "text-anchor": "end", text: `epoch ${values.length}` }),
      svg("polyline", { points, class: "line" }),
      svg("circle", { cx: x(values.length - 1), cy: y(end), r: 2.5, class: "dot" }),
    ],
  );
}
