import assert from "node:assert/strict";
import test from "node:test";

import { Pages } from "./grid/pages.js";
import { Store } from "./grid/store.js";

let now = 0;
const tile = (sample, item = sample) => ({
  item, sample, kind: "proposal", given: 1, proposed: 2, action: null, label: null, by: null, decision: null,
  flag: null, flagged: false, note: null, noteBy: null, skip: null, blind: false, thumb: null, missing: "none",
}); // prettier-ignore
const answer = (sample) => ({ id: `a${sample}`, sample, action: "keep", label: 1, text: null, undoes: null });

/** A grid's pages in front of a server that gives these tiles, one list a request. */
function grid(...lists) {
  const store = new Store("ann", () => now);
  const asked = [];
  const net = {
    async post(path, body) {
      asked.push(body);
      const header = new TextEncoder().encode(JSON.stringify({ items: lists.shift() ?? [], lost: [], cursor: null }));
      const packed = new Uint8Array(4 + header.length);
      new DataView(packed.buffer).setUint32(0, header.length);
      packed.set(header, 4);
      return { arrayBuffer: async () => packed.buffer };
    },
  };
  const on = { lost: () => {}, header: () => {} };
  return { store, asked, pages: new Pages({ net, store, round: 1, filter: {}, size: () => 2, on }) };
}

function say(store, ...samples) {
  now += 1;
  store.record(samples.map(answer));
  store.saved(samples.map(answer));
  now += 1;
}

const samples = (page) => page.faces.map((face) => face.sample);

test("a face asked again comes as a new one, and no earlier page gives it away", async () => {
  const { store, asked, pages } = grid([tile(1), tile(2)], [tile(3), tile(4)], [tile(5), tile(1, 99)]);
  await pages.next();
  say(store, 1, 2);
  await pages.next();
  say(store, 3, 4);
  const last = await pages.next();
  assert.deepEqual(samples(last), [5, 1]);
  const again = last.faces[1];
  assert.deepEqual([again.state, again.item, again.held, again.tile.by], ["open", 99, true, null]);
  assert.deepEqual(pages.kept.map(samples), [[2], [3, 4], [5, 1]]);
  await pages.next();
  assert.deepEqual(new Set(asked.at(-1).have), new Set([5, 99]));
});

test("one that is still on screen is not turned back into an open one", async () => {
  const { store, pages } = grid([tile(1), tile(2)], [tile(1, 99), tile(3)]);
  await pages.next();
  say(store, 1, 2);
  pages.prefetch();
  await pages.ahead.promise;
  assert.deepEqual(pages.current.faces.map((face) => face.state), ["keep", "keep"]);
  assert.deepEqual(samples(await pages.next()), [3]);
});
