import assert from "node:assert/strict";
import test from "node:test";

import { Stacks } from "./grid/undo.js";

const answer = (id, more = {}) => ({
  id,
  sample: Number(id.slice(1)),
  action: "keep",
  label: 1,
  undoes: null,
  text: null,
  bulk: null,
  ...more,
});
let number = 0;
const step = (stacks, which) => {
  const rows = stacks.next(which);
  const bulk = rows.length > 1 ? `b${(number += 1)}` : null;
  const entries = rows.map((row) => ({ id: `u${(number += 1)}`, action: "undo", bulk, ...row }));
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
  const history = {
    undo: [{ bulk: null, decisions: [answer("d2")], redo_of: [] }],
    redo: [{ bulk: null, decisions: [answer("d1")], redo_of: ["u9"] }],
  };
  const stacks = new Stacks();
  stacks.load(history, [answer("d1"), { id: "u9", action: "undo", undoes: "d1", bulk: null, sample: 1 }, answer("d2")]);
  assert.deepEqual([stacks.undo.length, stacks.redo.length], [1, 1]);
  assert.equal(stacks.next("redo")[0].undoes, "u9");
});

test("an undo still in the outbox counts after a reload", () => {
  const history = {
    undo: [
      { bulk: null, decisions: [answer("d2")], redo_of: [] },
      { bulk: null, decisions: [answer("d1")], redo_of: [] },
    ],
    redo: [],
  };
  const stacks = new Stacks();
  stacks.load(history, [{ id: "x", action: "undo", undoes: "d2", bulk: null, sample: 2 }]);
  assert.equal(stacks.next("undo")[0].undoes, "d1");
  assert.equal(stacks.next("redo")[0].undoes, "x");
});

test("the newest unit of the server comes first, and a tip it names is used", () => {
  const history = {
    undo: [
      { bulk: null, decisions: [answer("d9")], redo_of: ["r1"] },
      { bulk: null, decisions: [answer("d1")] },
    ],
    redo: [],
  };
  const stacks = new Stacks();
  stacks.load(history, []);
  assert.equal(stacks.next("undo")[0].undoes, "r1");
  assert.equal(stacks.tipOf("d9"), "r1");
  assert.equal(stacks.tipOf("unknown"), "unknown");
});

test("taking a flag off in the middle leaves the others where they are", () => {
  const stacks = new Stacks();
  stacks.load(empty, [answer("f1", { action: "flag", label: null }), answer("d2")]);
  stacks.add({ id: "x", action: "undo", undoes: "f1", bulk: null, sample: 1 });
  assert.equal(stacks.next("undo")[0].undoes, "d2");
  assert.equal(stacks.undo.length, 1);
});
