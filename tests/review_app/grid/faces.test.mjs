import assert from "node:assert/strict";
import test from "node:test";

import { OPEN, entryOf } from "./fixtures.mjs";
import {
  answerWords,
  askWords,
  classWord,
  doubtWords,
  meaning,
  overlay,
  pastWords,
  questionWords,
  doubtMeans,
  reasonWords,
  shownOf,
  stateOf,
  stateWords,
  sureWords,
  voteWords,
} from "./review_grid/faces.js";

/** @import { Entry, Tile } from "./review_grid/types.js" */

const CLASSES = ["neutral", "happy", "surprise", "sad"];
/** @param {string} id @param {Entry["action"]} action @param {Partial<Entry>} more */
const entry = (id, action, more = {}) => entryOf(id, { action, label: null, ...more });
/** @param {string} id @param {Entry} root @param {boolean} live */
const undo = (id, root, live) => entry(id, "undo", { undoes: root.id, local: { root, live } });

test("without entries the tile is what the server sent", () => {
  assert.deepEqual(overlay(OPEN, [], "ann"), OPEN);
});

test("the newest answer counts, and an undo brings back the one before", () => {
  const keep = entry("a", "keep", { label: 1 });
  const accept = entry("b", "accept", { label: 3 });
  const both = overlay(OPEN, [keep, accept], "ann");
  assert.deepEqual([both.action, both.label, both.by, both.decision], ["accept", 3, "ann", "b"]);
  const one = overlay(OPEN, [keep, accept, undo("c", accept, false)], "ann");
  assert.deepEqual([one.action, one.label, one.decision], ["keep", 1, "a"]);
  const none = overlay(OPEN, [keep, accept, undo("c", accept, false), undo("d", keep, false)], "ann");
  assert.equal(stateOf(none), "open");
});

test("an undo takes away what the server had, a redo brings it back once", () => {
  const root = entry("a", "relabel", { label: 2 });
  /** @type {Tile} */
  const base = { ...OPEN, action: "relabel", label: 2, by: "ann", decision: "a" };
  assert.equal(stateOf(overlay(base, [undo("b", root, false)], "ann")), "open");
  const again = overlay(base, [undo("b", root, false), undo("c", root, true)], "ann");
  assert.deepEqual([again.action, again.decision], ["relabel", "a"]);
  // The response already knew of the undo that is still in our journal.
  assert.equal(stateOf(overlay(OPEN, [undo("b", root, false)], "ann")), "open");
});

test("somebody else's answer stays beneath ours", () => {
  /** @type {Tile} */
  const base = { ...OPEN, action: "keep", label: 1, by: "bea", decision: "x" };
  const mine = entry("a", "accept", { label: 3 });
  const undone = overlay(base, [mine, undo("b", mine, false)], "ann");
  assert.deepEqual([undone.action, undone.by, undone.decision], ["keep", "bea", "x"]);
});

test("flags, skips and notes come and go without touching the answer", () => {
  const flag = entry("f", "flag");
  const skip = entry("s", "skip");
  const note = entry("n", "note", { text: "<b>hm</b>" });
  const marked = overlay(OPEN, [flag, skip, note], "ann");
  assert.deepEqual(
    [marked.flag, marked.flagged, marked.skip, marked.note, marked.noteBy],
    ["f", true, "s", "<b>hm</b>", "ann"],
  );
  assert.equal(stateOf(marked), "skip");
  const clean = overlay(
    OPEN,
    [flag, skip, note, undo("1", flag, false), undo("2", skip, false), undo("3", note, false)],
    "ann",
  );
  assert.deepEqual([clean.flag, clean.flagged, clean.skip, clean.note], [null, false, null, null]);
  const others = overlay({ ...OPEN, flagged: true }, [flag, undo("1", flag, false)], "ann");
  assert.equal(others.flagged, true, "somebody else's flag stays");
});

test("an answer ends a skip", () => {
  const tile = overlay(OPEN, [entry("s", "skip"), entry("a", "keep", { label: 1 })], "ann");
  assert.deepEqual([tile.skip, stateOf(tile)], [null, "keep"]);
});

test("keys mean what they should", () => {
  assert.deepEqual(meaning(OPEN, "accept", null, "ann"), { action: "accept", label: 3 });
  assert.deepEqual(meaning(OPEN, "relabel", 3, "ann"), { action: "accept", label: 3 });
  assert.deepEqual(meaning(OPEN, "relabel", 1, "ann"), { action: "keep", label: 1 });
  assert.deepEqual(meaning(OPEN, "relabel", 0, "ann"), { action: "relabel", label: 0 });
  assert.deepEqual(meaning(OPEN, "unsure", null, "ann"), { action: "unsure", label: null });
});

test("without a proposal, accepting relabels to the likeliest class but the given one; never on an audit face", () => {
  /** @type {Tile} */
  const unproposed = { ...OPEN, kind: "low_importance", proposed: null, bars: [[1, 0.5], [0, 0.3], [3, 0.2]] }; // prettier-ignore
  assert.deepEqual(meaning(unproposed, "accept", null, "ann"), { action: "relabel", label: 0 });
  assert.deepEqual(meaning({ ...unproposed, given: 0 }, "accept", null, "ann"), { action: "relabel", label: 1 });
  assert.equal(questionWords(unproposed, CLASSES), "given happy, no proposal, perhaps neutral");
  assert.deepEqual(shownOf(unproposed).proposed, null);
  const kept = /** @type {const} */ ({ kind: "audit", action: "keep", label: 1, by: "bea" });
  for (const audit of [{ ...unproposed, ...kept }, { ...OPEN, blind: true }, { ...unproposed, bars: [] }]) {
    assert.ok("problem" in meaning(audit, "accept", null, "ann"));
    assert.doesNotMatch(questionWords(audit, CLASSES), /perhaps/);
  }
});

test("a blind face never reveals its proposal, not even by what a number is sent as", () => {
  const blind = { ...OPEN, blind: true };
  assert.ok("problem" in meaning(blind, "accept", null, "ann"));
  assert.deepEqual(meaning(blind, "relabel", 3, "ann"), { action: "relabel", label: 3 });
  assert.deepEqual(shownOf(blind), { kind: "proposal", given: 1 });
  assert.equal(questionWords(blind, CLASSES), "given happy, audit: no proposal shown");
});

test("the same answer again is nothing, another person's answer is not mine", () => {
  /** @type {Tile} */
  const kept = { ...OPEN, action: "keep", label: 1, by: "ann" };
  assert.deepEqual(meaning(kept, "keep", null, "ann"), { same: true });
  assert.deepEqual(meaning(kept, "keep", null, "bea"), { action: "keep", label: 1 });
  assert.deepEqual(meaning(kept, "accept", null, "ann"), { action: "accept", label: 3 });
  assert.deepEqual(meaning({ ...OPEN, skip: "s" }, "skip", null, "ann"), { same: true });
  assert.deepEqual(meaning({ ...OPEN, action: "keep", label: 1, by: "bob" }, "skip", null, "ann"), { same: true });
});

test("an enlarged face asks in plain words", () => {
  assert.equal(askWords(OPEN, CLASSES), "happy, or sad?");
  assert.equal(askWords({ ...OPEN, kind: "low_importance", proposed: null }, CLASSES), "happy, or sad?");
  assert.equal(askWords({ ...OPEN, kind: "audit", blind: true }, CLASSES), "is it happy?");
  assert.equal(askWords({ ...OPEN, original: 3, since: 2 }, CLASSES), "happy, or sad? (was sad, happy since round 2)");
});

test("words", () => {
  assert.equal(questionWords(OPEN, CLASSES), "given happy, proposed sad");
  assert.equal(questionWords({ ...OPEN, proposed: null }, CLASSES), "given happy, no proposal, perhaps sad");
  assert.equal(stateWords({ ...OPEN, label: 0 }, "relabel", CLASSES), "relabelled to neutral");
  assert.equal(stateOf(OPEN, true), "taken");
  const now = (/** @type {Parameters<typeof answerWords>[1]} */ state) => answerWords({ ...OPEN, label: 3 }, state, CLASSES);
  assert.deepEqual([now("accept"), now("keep")], [{ now: "sad", how: "accepted" }, { now: "happy", how: "kept" }]);
  assert.deepEqual([now("relabel").now, now("unsure").now, now("taken").now], ["sad", "unsure", "taken"]);
  assert.deepEqual(
    [sureWords({ ...OPEN, doubt: "mislabelled" }), sureWords({ ...OPEN, doubt: "none" }), sureWords({ ...OPEN, proposed: null })],
    ["sure", "maybe", ""],
  );
});

test("a face decided in an earlier round says so, an untouched one does not", () => {
  assert.equal(pastWords({ ...OPEN, original: 1, since: null }, CLASSES), "");
  const cured = { ...OPEN, original: 3, since: 2 };
  assert.equal(pastWords(cured, CLASSES), "was sad, happy since round 2");
  assert.equal(questionWords(cured, CLASSES), "given happy (was sad, happy since round 2), proposed sad");
  assert.equal(pastWords({ ...OPEN, original: 1, since: 1 }, CLASSES), "happy confirmed in round 1");
});

test("a tile says in what way it is doubted, and why it is asked about; none of it before an audit face is answered", () => {
  /** @type {Tile} */
  const clear = { ...OPEN, doubt: "mislabelled", second: 0 };
  assert.equal(questionWords(clear, CLASSES), "given happy, proposed sad, likely mislabelled");
  /** @type {Tile} */
  const unclear = { ...OPEN, doubt: "ambiguous", second: 0, proposed: null, kind: "suspicious" };
  assert.equal(
    questionWords(unclear, CLASSES),
    "given happy, no proposal, perhaps sad, ambiguous, outside the low-importance group, but suspicious",
  );
  assert.match(doubtMeans({ doubt: "mislabelled", proposed: 3 }), /another class is seen clearly/);
  assert.match(doubtMeans({ doubt: "mislabelled", proposed: null }), /too little speaks for it to propose it/);
  assert.deepEqual([doubtWords({ ...OPEN, doubt: "none" }), doubtWords(OPEN), reasonWords(OPEN)], ["", "", ""]);
  // A round made from opinions has no alpha, and so no low-importance group.
  assert.equal(reasonWords({ kind: "suspicious", alpha: null }), "suspicious");
  assert.deepEqual([shownOf(clear).doubt, shownOf(clear).second], ["mislabelled", 0]);
  /** @type {Tile} */
  const blind = { ...clear, kind: "audit", blind: true };
  assert.equal(questionWords(blind, CLASSES), "given happy, audit: no proposal shown");
  assert.deepEqual(shownOf(blind), { kind: "audit", given: 1 });
});

test("no key settles a face that nobody can see; it can be excluded and skipped", () => {
  const gone = { ...OPEN, missing: "no such picture" };
  for (const action of /** @type {const} */ (["accept", "keep", "relabel", "unsure"])) {
    const meant = meaning(gone, action, 0, "ann");
    assert.ok("problem" in meant && meant.unseen, action);
  }
  assert.deepEqual(meaning(gone, "exclude", null, "ann"), { action: "exclude", label: null });
  assert.deepEqual(meaning(gone, "skip", null, "ann"), { action: "skip", label: null });
});

test("the next likeliest class is named beside a proposal only", () => {
  const tile = { given: 1, proposed: 3, second: 0 };
  assert.deepEqual([0, 1, 2, 3].map((label) => classWord(tile, label)), ["next likeliest", "given", "", "proposed"]);
  assert.equal(classWord({ ...tile, proposed: null }, 0), "");
});

test("votes are told in a few words", () => {
  const votes = [
    { label: 1, answer: "happy", votes: 7 },
    { label: null, answer: "not a face", votes: 2 },
  ];
  assert.equal(voteWords(votes), "7 happy, 2 not a face");
  assert.equal(voteWords([]), "");
});
