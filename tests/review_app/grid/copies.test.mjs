import assert from "node:assert/strict";
import { test } from "node:test";

import { answerToCopy, copiesToo, copyWords } from "./review_grid/copies.js";
import { Store } from "./review_grid/store.js";
import { entryOf, OPEN } from "./fixtures.mjs";

const CLASSES = ["happy", "sad", "fear", "angry"];
const COPY = { sample: 8, given: 2, proposed: 1, decision: null };

test("a copy gets the same label in the words of its own labels", () => {
  assert.deepEqual(answerToCopy(COPY, "accept", 3), { action: "relabel", label: 3 });
  assert.deepEqual(answerToCopy(COPY, "keep", 1), { action: "accept", label: 1 });
  assert.deepEqual(answerToCopy(COPY, "relabel", 2), { action: "keep", label: 2 });
  assert.deepEqual(answerToCopy(COPY, "exclude", null), { action: "exclude", label: null });
});

test("an answer to a copy refers to the newest one that this tab knows of", () => {
  const store = new Store("ann");
  const face = store.put({ ...OPEN, copies: [COPY] }, null, 0);
  const blank = (/** @type {number} */ sample) => entryOf("new", { sample, bulk: "b" });
  const before = () => copiesToo(face, { action: "keep", label: 1 }, blank, store).map((entry) => entry.before);
  assert.deepEqual(before(), [null]);
  store.record([entryOf("mine", { sample: 8 })]);
  assert.deepEqual(before(), ["mine"]);
  const root = { id: "mine", sample: 8, action: /** @type {const} */ ("keep"), label: 2, text: null };
  store.record([entryOf("back", { sample: 8, action: "undo", undoes: "mine", local: { root, live: false } })]);
  assert.deepEqual(before(), [null]);
  assert.deepEqual(copiesToo(face, { action: "skip", label: null }, blank, store), []);
});

test("a tile says how many copies one answer settles, and which labels they have", () => {
  const copies = [COPY, { ...COPY, sample: 9, given: 1 }];
  assert.equal(
    copyWords({ given: 1, copies }, CLASSES),
    "same picture as 2 other faces, labelled 3 fear: one answer settles all",
  );
  assert.equal(copyWords({ given: 1, copies: [] }, CLASSES), "");
});
