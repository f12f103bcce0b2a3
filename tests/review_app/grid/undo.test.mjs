import assert from "node:assert/strict";
import test from "node:test";

import { entryOf } from "./fixtures.mjs";
import { Stacks } from "./review_grid/undo.js";

/** @import { Entry, HistoryResponse } from "./review_grid/types.js" */

/** @param {string} id @param {Partial<Entry>} [more] */
const answer = (id, more = {}) => entryOf(id, { sample: Number(id.slice(1)), ...more });
/** @param {string} id @param {string} undoes @param {number} sample */
const undo = (id, undoes, sample) => entryOf(id, { action: "undo", label: null, undoes, sample });
let number = 0;
/** @param {Stacks} stacks @param {"undo"|"redo"} which */
const next = (stacks, which) => {
  const rows = stacks.next(which);
  assert.ok(rows);
  return rows;
};
/** @param {Stacks} stacks @param {"undo"|"redo"} which */
const step = (stacks, which) => {
  const rows = next(stacks, which);
  const bulk = rows.length > 1 ? `b${(number += 1)}` : null;
  const entries = rows.map((row) => ({ ...undo(`u${(number += 1)}`, row.undoes, row.sample), bulk, local: row.local }));
  for (const entry of entries) stacks.add(entry);
  return entries;
};
const empty = { undo: [], redo: [] };

test("undo, redo and undo again name the newest row of the chain each time", () => {
  const stacks = new Stacks();
  stacks.load(empty, [answer("d1")]);
  const [first] = step(stacks, "undo");
  assert.equal(first.undoes, "d1");
  const [second] = step(stacks, "redo");
  assert.equal(second.undoes, first.id);
  assert.deepEqual([second.local.live, second.local.root.id], [true, "d1"]);
  assert.equal(step(stacks, "undo")[0].undoes, second.id);
  assert.equal(stacks.next("undo"), null);
});

test("a bulk is one unit, to and fro", () => {
  const stacks = new Stacks();
  stacks.load(empty, [
    answer("d1"),
    answer("d2", { bulk: "b" }),
    answer("d3", { bulk: "b" }),
    answer("d4", { bulk: "b" }),
  ]);
  assert.equal(stacks.undo.length, 2);
  assert.deepEqual(
    step(stacks, "undo")
      .map((row) => row.undoes)
      .sort(),
    ["d2", "d3", "d4"],
  );
  assert.deepEqual([stacks.undo.length, stacks.redo.length], [1, 1]);
  assert.equal(step(stacks, "redo").length, 3);
  assert.deepEqual([stacks.undo.length, stacks.redo.length], [2, 0]);
  assert.equal(step(stacks, "undo").length, 3);
});

test("an answer empties redo", () => {
  const stacks = new Stacks();
  stacks.load(empty, [answer("d1")]);
  step(stacks, "undo");
  stacks.add(answer("d2"));
  assert.equal(stacks.next("redo"), null);
});

test("what the server already knows of is not put on top again", () => {
  /** @type {HistoryResponse} */
  const history = {
    undo: [{ bulk: null, decisions: [answer("d2")], redo_of: [] }],
    redo: [{ bulk: null, decisions: [answer("d1")], redo_of: ["u9"] }],
  };
  const stacks = new Stacks();
  stacks.load(history, [answer("d1"), undo("u9", "d1", 1), answer("d2")]);
  assert.deepEqual([stacks.undo.length, stacks.redo.length], [1, 1]);
  assert.equal(next(stacks, "redo")[0].undoes, "u9");
});

test("an undo still in the outbox counts after a reload", () => {
  /** @type {HistoryResponse} */
  const history = {
    undo: [
      { bulk: null, decisions: [answer("d2")], redo_of: [] },
      { bulk: null, decisions: [answer("d1")], redo_of: [] },
    ],
    redo: [],
  };
  const stacks = new Stacks();
  stacks.load(history, [undo("x", "d2", 2)]);
  assert.equal(next(stacks, "undo")[0].undoes, "d1");
  assert.equal(next(stacks, "redo")[0].undoes, "x");
});

test("the newest unit of the server comes first, and a tip it names is used", () => {
  /** @type {HistoryResponse} */
  const history = {
    undo: [
      { bulk: null, decisions: [answer("d9")], redo_of: ["r1"] },
      { bulk: null, decisions: [answer("d1")], redo_of: [] },
    ],
    redo: [],
  };
  const stacks = new Stacks();
  stacks.load(history, []);
  assert.equal(next(stacks, "undo")[0].undoes, "r1");
  assert.equal(stacks.tipOf("d9"), "r1");
  assert.equal(stacks.tipOf("unknown"), "unknown");
});

test("taking a flag off in the middle leaves the others where they are", () => {
  const stacks = new Stacks();
  stacks.load(empty, [answer("f1", { action: "flag", label: null }), answer("d2")]);
  stacks.add(undo("x", "f1", 1));
  assert.equal(next(stacks, "undo")[0].undoes, "d2");
  assert.equal(stacks.undo.length, 1);
});
