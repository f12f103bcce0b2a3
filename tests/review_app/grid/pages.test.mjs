import assert from "node:assert/strict";
import test from "node:test";

import { OPEN, entryOf } from "./fixtures.mjs";
import { UNDRAWN, meaning } from "./review_grid/faces.js";
import { Net } from "./review_grid/net.js";
import { Pages } from "./review_grid/pages.js";
import { lateWords, refusalWords } from "./review_grid/refusals.js";
import { Store } from "./review_grid/store.js";

/** @import { App, Face, Page, PageHeader, PageRequest, Tile } from "./review_grid/types.js" */

let now = 0;
/** @param {number} sample @returns {Tile} */
const tile = (sample, item = sample) => ({ ...OPEN, item, sample });
/** @param {number} sample */
const answer = (sample) => entryOf(`a${sample}`, { sample });

/** A grid's pages in front of a server that gives these tiles, one list a request. @param {Tile[][]} lists */
function grid(...lists) {
  const store = new Store("ann", () => now);
  /** @type {PageRequest[]} */
  const asked = [];
  const net = new Net(1, async (url, { body }) => {
    if (url === "/api/token") return new Response('{"token": "t", "person": 1}');
    asked.push(JSON.parse(String(body)));
    /** @type {Partial<PageHeader>} */
    const content = { items: lists.shift() ?? [], lost: [], cursor: null };
    const header = new TextEncoder().encode(JSON.stringify(content));
    const packed = new Uint8Array(4 + header.length);
    new DataView(packed.buffer).setUint32(0, header.length);
    packed.set(header, 4);
    return new Response(packed);
  });
  /** @type {number[][]} */
  const drawn = [];
  const told = (/** @type {Face[]} */ faces) => drawn.push(faces.map((face) => face.sample));
  const on = { header: () => {}, faces: () => ({ lost: () => {}, drawn: told }) };
  return { store, asked, drawn, pages: new Pages({ net, store, tab: "t", round: 1, filter: {}, size: () => 2, on }) };
}

/** @param {Store} store @param {number[]} samples */
function say(store, ...samples) {
  now += 1;
  store.record(samples.map(answer));
  store.saved(samples.map(answer));
  now += 1;
}

/** @param {Page|null} page */
const samples = (page) => page?.faces.map((face) => face.sample);

test("a face asked again comes as a new one, and no earlier page gives it away", async () => {
  const { store, asked, pages } = grid([tile(1), tile(2)], [tile(3), tile(4)], [tile(5), tile(1, 99)]);
  await pages.next();
  say(store, 1, 2);
  await pages.next();
  say(store, 3, 4);
  const last = await pages.next();
  assert.deepEqual(samples(last), [5, 1]);
  const again = last?.faces[1];
  assert.deepEqual([again?.state, again?.item, again?.held, again?.tile.by], ["open", 99, true, null]);
  assert.deepEqual(pages.kept.map(samples), [[2], [3, 4], [5, 1]]);
  await pages.next();
  assert.deepEqual(new Set(asked.at(-1)?.have), new Set([5, 99]));
});

test("one that is still on screen is not turned back into an open one", async () => {
  const { store, pages } = grid([tile(1), tile(2)], [tile(1, 99), tile(3)]);
  await pages.next();
  say(store, 1, 2);
  pages.prefetch();
  await pages.ahead?.promise;
  assert.deepEqual(
    pages.current?.faces.map((face) => face.state),
    ["keep", "keep"],
  );
  assert.deepEqual(samples(await pages.next()), [3]);
});

test("pictures that were not drawn when their page came are asked for until they are there", async () => {
  const undrawn = (/** @type {number} */ sample) => ({ ...tile(sample), missing: UNDRAWN });
  const { store, asked, drawn, pages } = grid([tile(1), undrawn(2), undrawn(3)], [tile(2), undrawn(3)], [tile(3)]);
  const page = await pages.next();
  const [there, late] = page?.faces ?? [];
  assert.ok(!("problem" in meaning(there.tile, "keep", null, "ann")));
  assert.ok("problem" in meaning(late.tile, "keep", null, "ann"));
  await pages.drawing;
  assert.deepEqual(asked.slice(1), [
    { round: 1, samples: [2, 3] },
    { round: 1, samples: [3] },
  ]);
  assert.deepEqual(drawn, [[2, 3], [3]]);
  assert.ok([2, 3].every((sample) => store.faces.get(sample)?.tile.missing === null));
});

test("what does not fit any more is on the next page, and comes back where there is room", async () => {
  const { pages } = grid([1, 2, 3, 4, 5, 6, 7].map((sample) => tile(sample)), [tile(8)]);
  const first = await pages.next();
  await pages.next();
  pages.back();
  const held = (/** @type {number} */ room) => (/** @type {number} */ faces) => Math.min(room, faces);
  assert.equal(pages.refit(held(7), 4), null);
  assert.equal(pages.refit(held(3), 4), 1); // the frame stays on its face
  assert.deepEqual(pages.kept.map(samples), [[1, 2, 3], [4, 5, 6], [7], [8]]);
  assert.deepEqual([pages.at, pages.current === first, pages.kept.map((page) => page.number)], [1, true, [1, 2, 3, 4]]);
  assert.equal(pages.refit(held(3), 1), null);
  pages.back();
  assert.equal(pages.refit(held(4), 0), 0);
  assert.deepEqual(pages.kept.map(samples), [[1, 2, 3, 4], [5, 6, 7], [8]]);
  assert.equal(pages.refit(held(50), 3), 3);
  assert.deepEqual(pages.kept.map(samples), [[1, 2, 3, 4, 5, 6, 7], [8]]);
  assert.deepEqual([pages.at, pages.count, pages.kept.map((page) => page.number)], [0, 2, [1, 2]]);
});

test("faces that look alike lead back past those that they were asked for from, but over all of their own", async () => {
  const { pages } = grid([tile(1)], [tile(2)]);
  const first = await pages.next();
  const insert = (/** @type {number[]} */ ...ids) => pages.insert("alike", ids.map((id) => pages.store.put(tile(id), null, now)), pages.at);
  insert(3, 4);
  insert(5, 6);
  assert.ok(pages.ready);
  pages.refit(() => 1, 0);
  assert.deepEqual(pages.kept.map(samples), [[5], [6], [3, 4], [1]]);
  assert.deepEqual(samples(await pages.next()), [6]);
  assert.equal(await pages.next(), first);
  pages.at = 0;
  assert.equal(await pages.next(true), first);
  assert.deepEqual(samples(await pages.next()), [2]);
});

test("a face that the server has no more was taken out, whoever asks about it", async () => {
  const { store, pages } = grid([tile(1), tile(2)], [tile(2)]);
  const page = await pages.next();
  const [gone, still] = page?.faces ?? [];
  say(store, 1);
  assert.deepEqual((await pages.tiles([1, 2])).map((face) => face.state), ["open", "gone"]);
  assert.deepEqual([gone.img, gone.tile.missing, gone.held, still.state], [null, "taken out", false, "open"]);
  assert.ok("problem" in meaning(gone.tile, "keep", null, "ann"));
  const flow = { view: "page" };
  const tiles = { faces: [still, gone] };
  const app = /** @type {App} */ (/** @type {unknown} */ ({ store, classes: [], tiles, flow }));
  const refusal = { entry: answer(1), error: "decision a1: found keep of sample 1", code: /** @type {const} */ ("unseen") };
  const why = "not taken, as it was taken out of the data set";
  assert.deepEqual(refusalWords(refusal, app), { face: "face 2, faces/7.png", words: `: kept, ${why}` });
  flow.view = "end";
  assert.equal(refusalWords(refusal, app).face, "faces/7.png", "no place on a page that is not shown");
  const unknown = { ...refusal, entry: answer(9) };
  assert.deepEqual(refusalWords(unknown, app), { face: "face number 9", words: ": kept, not taken, as its picture cannot be seen any more" });
});

test("what came after the end of a round was not given after it, and is found again after a reload", () => {
  const at = "2026-11-28T11:42:00.000Z";
  const given = ["keep", "relabel", "note"].map((action, place) => {
    const entry = entryOf(`late${place}`, { action: /** @type {"keep"|"relabel"|"note"} */ (action), sample: place, local: { at, key: `${place}.png` } });
    return { entry, error: "round 1 is closed", code: /** @type {const} */ ("closed") };
  });
  assert.equal(
    lateWords(given),
    "2 answers and 1 note that you gave reached the server after its end, and were not taken: they are listed below, where it says refused",
  );
  assert.ok(lateWords(given.slice(0, 1)).startsWith("1 answer that you gave reached the server after its end, and was not"));
  assert.equal(lateWords([{ ...given[0], code: "unseen" }]), "");
  const nothing = { store: new Store("ann"), classes: ["sad", "fear"], tiles: { faces: [] }, flow: { view: "end" } };
  const { face, words } = refusalWords(given[0], /** @type {App} */ (/** @type {unknown} */ (nothing)));
  assert.equal(face, "0.png");
  assert.match(words, /^: kept \(.*\d\d.*\), not taken, as it reached the server after the round had ended$/);
});
