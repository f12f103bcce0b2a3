import assert from "node:assert/strict";
import { test } from "node:test";

import { Actions } from "./review_grid/actions.js";
import { answerToCopy, copiesToo, copySign, copyWords } from "./review_grid/copies.js";
import { Flow } from "./review_grid/flow.js";
import { Store } from "./review_grid/store.js";
import { Tally } from "./review_grid/tally.js";
import { Stacks } from "./review_grid/undo.js";
import { entryOf, OPEN } from "./fixtures.mjs";

/** @import { App, Entry, PageHeader, Tile } from "./review_grid/types.js" */

const CLASSES = ["happy", "sad", "fear", "angry"];
const COPY = { sample: 8, given: 2, proposed: 1, decision: null, by: null };

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
  const before = () => copiesToo(face, { action: "keep", label: 1 }, blank, store).entries.map((entry) => entry.before);
  assert.deepEqual(before(), [null]);
  store.record([entryOf("mine", { sample: 8 })]);
  assert.deepEqual(before(), ["mine"]);
  const root = { id: "mine", sample: 8, action: /** @type {const} */ ("keep"), label: 2, text: null };
  store.record([entryOf("back", { sample: 8, action: "undo", undoes: "mine", local: { root, live: false } })]);
  assert.deepEqual(before(), [null]);
  assert.deepEqual(copiesToo(face, { action: "skip", label: null }, blank, store).entries, []);
});

test("a tile says how many copies one answer settles, and which labels they have", () => {
  const copies = [COPY, { ...COPY, sample: 9, given: 1 }];
  assert.equal(
    copyWords({ given: 1, copies, copiesApart: 0 }, CLASSES, "ann"),
    "same picture as 2 other faces, labelled fear: one answer settles all",
  );
  assert.equal(copyWords({ given: 1, copies: [], copiesApart: 0 }, CLASSES, "ann"), "");
});

test("a tile names the copies that others answered, and those that are asked about separately", () => {
  const copies = [COPY, { ...COPY, sample: 9, decision: "d", by: "lead" }];
  assert.equal(
    copyWords({ given: 2, copies, copiesApart: 1 }, CLASSES, "ann"),
    "same picture as 2 other faces: one answer settles all that others have not answered; 1 copy was answered by lead and stays; 1 copy is asked about separately, as an audit face",
  );
  assert.equal(copySign({ copies, copiesApart: 1 }, "ann"), "settles 1 copy, 1 copy answered, 1 copy asked apart");
  assert.equal(copySign({ copies, copiesApart: 0 }, "lead"), "settles 2 copies");
});

/** The actions on faces that are on screen, without a screen. @param {Tile[]} tiles */
function desk(tiles) {
  const store = new Store("ann", () => 0);
  const faces = tiles.map((tile) => store.put(tile, null, 0));
  /** @type {Entry[]} */
  const sent = [];
  /** @type {string[]} */
  const said = [];
  const nothing = () => {};
  const screen = { faces, selected: [], current: faces[0], at: 0, update: nothing, select: nothing, nextOpen: () => 0 };
  const app = /** @type {App} */ (
    /** @type {unknown} */ ({
      store,
      tally: new Tally(store),
      stacks: new Stacks(),
      round: 1,
      me: "ann",
      classes: CLASSES,
      tiles: screen,
      zoom: { update: nothing },
      focus: { move: nothing },
      pages: { leased: true },
      outbox: { push: (/** @type {Entry[]} */ entries) => sent.push(...entries) },
      progress: nothing,
      say: (/** @type {string} */ words) => said.push(words),
    })
  );
  app.flow = new Flow(app);
  const header = { open: 9, checked: 0, wrong: 0, pair: null, repeats: false, pace: { today: 0 }, round: { id: 1, state: "review" }, in_review: [1] };
  app.flow.headed(/** @type {PageHeader} */ (/** @type {unknown} */ (header)));
  const actions = new Actions(app);
  return { app, actions, said, sent: () => sent.map(({ sample, action, label }) => [sample, action, label]) };
}
/** @param {Tile} tile */
const copyOf = ({ sample, given, proposed, decision, by }) => ({ sample, given, proposed, decision, by });
/** Tiles that are copies of each other. @param {Partial<Tile>[]} differ @returns {Tile[]} */
function copiesOfEachOther(differ) {
  const tiles = differ.map((more, at) => ({ ...OPEN, item: at + 1, sample: at + 1, ...more }));
  return tiles.map((tile) => ({ ...tile, copies: tiles.filter((other) => other !== tile).map(copyOf) }));
}

test("what somebody else answered stays when a copy is answered, one by one and many at once", () => {
  const [first, second] = copiesOfEachOther([{}, { decision: "d", by: "lead", action: "exclude" }]);
  const one = desk([first]);
  one.actions.answer("accept");
  assert.deepEqual(one.sent(), [[1, "accept", 3]]);
  assert.match(one.said[0], /; 1 copy was answered by lead and stays$/);
  const many = desk([first, second]);
  many.actions.rest("accept");
  assert.deepEqual(many.sent(), [[1, "accept", 3]]);
  assert.match(many.said[0], /1 copy was answered by lead and stays/);
  const own = desk([{ ...first, copies: [{ ...copyOf(second), by: "ann" }] }]);
  own.actions.answer("accept");
  assert.deepEqual(own.sent(), [[1, "accept", 3], [2, "accept", 3]]); // prettier-ignore
});

test("keeping many leaves copies with different labels open, accepting many those with different proposals", () => {
  const kept = desk([...copiesOfEachOther([{ given: 1 }, { given: 2 }]), { ...OPEN, sample: 8 }]);
  kept.actions.rest("keep");
  assert.deepEqual(kept.sent(), [[8, "keep", 1]]);
  assert.match(kept.said[0], /; 2 copies with different labels need answers of their own/);
  const accepted = desk(copiesOfEachOther([{ proposed: 3 }, { proposed: 2 }]));
  accepted.actions.rest("accept");
  assert.deepEqual(accepted.sent(), []);
  assert.match(accepted.said[0], /2 copies with different proposals/);
});

test("accepting many settles copies on the page that have no proposal", () => {
  const { actions, sent, said } = desk([...copiesOfEachOther([{ proposed: null, given: 2 }, {}]), { ...OPEN, sample: 8, proposed: null }]);
  actions.rest("accept");
  assert.deepEqual(sent(), [[2, "accept", 3], [1, "relabel", 3]]); // prettier-ignore
  assert.match(said[0], /^1 accepted and 1 copy, one undo takes them back; 1 without a proposal stays open/);
});

test("what is likeliest beside the given label is accepted of a selection, not of the rest of a page", () => {
  const tiles = [{ ...OPEN, sample: 8, proposed: null }, ...copiesOfEachOther([{ proposed: null, given: 1 }, { proposed: null, given: 2 }])];
  const rest = desk(tiles);
  rest.actions.rest("accept");
  assert.deepEqual(rest.sent(), []);
  assert.match(rest.said[0], /3 without a proposal stay open/);
  const chosen = desk(tiles);
  chosen.app.tiles.selected.push(...chosen.app.tiles.faces);
  chosen.actions.answer("accept");
  assert.deepEqual(chosen.sent(), [[8, "relabel", 3]]);
  assert.match(chosen.said[0], /2 copies with different/);
});
