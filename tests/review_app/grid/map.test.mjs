import assert from "node:assert/strict";
import test from "node:test";

import { dot } from "./face_map/map_canvas.js";
import { Fingers } from "./face_map/map_fingers.js";
import { areaOf, Cells, cornersOf, decode, inside, whole } from "./face_map/map_points.js";
import { View } from "./face_map/map_view.js";

/** @import { Point } from "./face_map/map_points.js" */

/** @param {number} left @param {number} low @param {number} size @returns {Point[]} */
const square = (left, low, size) => [
  [left, low],
  [left + size, low],
  [left + size, low + size],
  [left, low + size],
];
/** @param {string|null} area @param {Point[]} points */
const within = (area, points) =>
  Array.from(inside(points.map(([x]) => x), points.map(([, y]) => y), cornersOf(area ?? "")));

test("a part is an area of few whole numbers, and nothing is none", () => {
  const line = Array.from({ length: 500 }, (_, i) => whole(500 + 400 * Math.cos(i / 79.6), 500 + 700 * Math.sin(i / 79.6), 1000));
  const area = areaOf([line], 64) ?? "";
  assert.equal(cornersOf(area).length, 64);
  assert.ok(cornersOf(area).flat().every((each) => Number.isInteger(each) && each >= 0 && each <= 1000));
  assert.equal(areaOf([], 64), null);
  assert.equal(areaOf([[[1, 1], [2, 2], [1, 1]]], 64), null);
});

test("parts that are added are one area, with what they share, whichever way round they were drawn", () => {
  const parts = [square(0, 0, 60), square(40, 40, 60).reverse(), square(200, 200, 10), square(300, 0, 5)];
  const area = areaOf(parts, 64);
  assert.ok(cornersOf(area ?? "").length <= 64);
  assert.deepEqual(within(area, [[10, 10], [50, 50], [90, 90], [205, 205], [302, 2]]), [1, 1, 1, 1, 1]);
  assert.deepEqual(within(area, [[90, 10], [150, 150], [10, 90], [250, 100]]), [0, 0, 0, 0]);
  const many = Array.from({ length: 8 }, (_, i) => square(i * 100, 0, 50));
  assert.ok(cornersOf(areaOf(many, 64) ?? "").length <= 64);
  assert.deepEqual(within(areaOf(many, 64), many.map(([[x, y]]) => [x + 25, y + 25])), many.map(() => 1));
});

test("the nearest point is that of a slow search, and none beyond reach", () => {
  let seed = 7;
  const draw = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const points = { ...decode(null), x: Float32Array.from({ length: 300 }, () => draw() * 1000), y: Float32Array.from({ length: 300 }, () => draw() * 1000) };
  const cells = new Cells(points, 1000);
  for (let k = 0; k < 50; k++) {
    /** @type {Point} */
    const at = [draw() * 1000, draw() * 1000];
    const even = Array.from(points.x, (x, i) => (i % 2 ? Infinity : (x - at[0]) ** 2 + (points.y[i] - at[1]) ** 2));
    const least = Math.min(...even);
    assert.equal(cells.nearest(at, 60, (i) => i % 2 === 0), least <= 3600 ? even.indexOf(least) : -1);
  }
});

test("points come as they were packed", () => {
  const packed = (/** @type {number[]} */ bytes) => btoa(String.fromCharCode(...bytes));
  const data = { x: packed([0, 0, 255, 255]), y: packed([255, 255, 0, 0]), colour: packed([1, 2]), text: packed([1, 0, 0, 0, 0, 1, 0, 0]), faces: "", side: 1000 };
  const { x, y, colour, text, faces } = decode(data);
  assert.deepEqual([[...x], [...y], [...colour], [...text], faces.length], [[0, 1000], [1000, 0], [1, 2], [1, 256], 0]);
});

test("a dot is round where there is room, and as wide as asked", () => {
  assert.deepEqual(dot(2.6, true).side, 3);
  assert.deepEqual([...dot(5, false).cover], Array(25).fill(1));
  const { cover } = dot(7, true);
  assert.ok(cover[0] < 0.1 && cover[24] === 1);
});

test("what lies between two fingers stays there, nearer as they part, and one that is left draws nothing", () => {
  const view = new View(/** @type {HTMLCanvasElement} */ ({ clientWidth: 400, clientHeight: 300 }));
  view.whole(1000);
  const fingers = new Fingers();
  /** @param {number} pointerId @param {number} offsetX */
  const finger = (pointerId, offsetX) => ({ pointerId, offsetX, offsetY: 100 });
  assert.equal(fingers.put(finger(1, 100), view), false);
  assert.equal(fingers.move(finger(1, 110), view), false, "it draws");
  assert.equal(fingers.put(finger(2, 150), view), true);
  const between = view.there([130, 100]);
  fingers.move(finger(1, 90), view);
  fingers.move(finger(2, 210), view);
  assert.equal(view.zoom, 3);
  assert.deepEqual(view.at(between).map(Math.round), [150, 100]);
  fingers.lift(finger(2, 0));
  assert.equal(fingers.move(finger(1, 10), view), true);
  assert.equal(view.zoom, 3);
  fingers.lift(finger(1, 0));
  assert.equal(fingers.put(finger(3, 0), view), false);
});
