import assert from "node:assert/strict";
import test from "node:test";

import { Memory, OPEN, entryOf } from "./fixtures.mjs";
import { unitWords } from "./review_grid/actionwords.js";
import { alikeWords, restWords } from "./review_grid/alike.js";
import { KeyMap, PRESETS, changedWords, readLetters, withLetter, withLetters } from "./review_grid/keymap.js";
import { COMMANDS, classCommands, commandOf, commandsByKey, keptFromStreamlit, printed } from "./review_grid/keys.js";
import { foundWords } from "./review_grid/above.js";
import { INFO, INFO_DETAILS, asTileSize, fit } from "./review_grid/layout.js";
import { Leases } from "./review_grid/leases.js";
import { Net } from "./review_grid/net.js";
import { signsOf } from "./review_grid/marks.js";
import { unpack } from "./review_grid/pages.js";
import { learnedWords, listWords, narrows } from "./review_grid/status.js";
import { Store } from "./review_grid/store.js";
import { Tally, pairOfPage } from "./review_grid/tally.js";

/** @import { Page, PageHeader, Tile, TileSize } from "./review_grid/types.js" */

/** @type {TileSize[]} */
const SIZES = ["S", "M", "L"];
const CLASSES = Array.from({ length: 11 }, (_, at) => `class ${at}`);
const TABLE = commandsByKey([...COMMANDS, ...classCommands(CLASSES)]);
/** @param {string} key @param {Partial<KeyboardEvent>} more */
const press = (key, more = {}) => commandOf({ key, code: "", shiftKey: false, ...more }, TABLE);

test("keys", () => {
  for (const [key, id] of [
    ["a", "accept"],
    ["A", "accept"],
    ["x", "keep"],
    ["s", "skip"],
    [" ", "onward"],
    ["Backspace", "undo"],
    ["PageDown", "next"],
    ["Enter", "zoom"],
    ["?", "sheet"],
    ["Escape", "clear"],
  ]) {
    assert.equal(press(key)?.id, id, key);
  }
  assert.equal(press("A", { shiftKey: true })?.id, "acceptRest");
  assert.equal(press("Z", { shiftKey: true })?.id, "redo");
  assert.equal(press("ArrowLeft", { shiftKey: true })?.id, "extend-left");
  assert.equal(press("?", { shiftKey: true })?.id, "sheet");
  assert.equal(press("3")?.class, 2);
  assert.equal(press("0"), null);
  for (const held of ["ctrlKey", "altKey", "metaKey"]) assert.equal(press("x", { [held]: true }), null);
  for (const held of ["ctrlKey", "metaKey"]) {
    assert.equal(press("z", { [held]: true })?.id, "undo");
    assert.equal(press("Z", { [held]: true, shiftKey: true })?.id, "redo");
    assert.equal(press("a", { [held]: true })?.id, "all");
  }
  assert.equal(press("z", { ctrlKey: true, altKey: true }), null, "AltGr");
  assert.deepEqual([" ", "backspace", "mod+z", "mod+shift+z", "?"].map(printed), ["Space", "Backspace", "Ctrl-Z", "Ctrl-Shift-Z", "?"]); // prettier-ignore
});

test("letters: the left hand's, one's own, and what somebody else wrote into the storage", () => {
  const storage = new Memory();
  const keymap = new KeyMap(storage, "scn/w/1/letters", CLASSES);
  const id = (/** @type {string} */ key, more = {}) => commandOf({ key, code: "", shiftKey: false, ...more }, keymap.table)?.id;
  assert.deepEqual([keymap.preset, id("a"), id("q")], ["standard", "accept", undefined]);
  keymap.use(PRESETS["left hand"]);
  const left = [id("q"), id("w"), id("e"), id("Q", { shiftKey: true }), id("W", { shiftKey: true }), id("a"), id("d")];
  assert.deepEqual(left, ["accept", "keep", "unsure", "acceptRest", "keepRest", undefined, "zoom"]);
  assert.deepEqual([id("Enter"), id(" "), id("z", { ctrlKey: true }), id("3")], ["zoom", "onward", "undo", "relabel"]);
  assert.equal(keymap.cap("acceptRest"), "⇧Q");
  const help = keymap.commands.find((command) => command.id === "alikePair")?.help;
  assert.match(help ?? "", /then ⇧Q or ⇧W the rest/);
  const cap = (/** @type {"acceptRest"|"keepRest"} */ asked) => keymap.cap(asked);
  const rest = [restWords(OPEN, cap, false), restWords({ proposed: null }, cap, false), restWords({ proposed: null }, cap, true)];
  assert.deepEqual(rest, ["⇧Q or ⇧W", "⇧W", "keep"]);
  assert.equal(new KeyMap(storage, "scn/w/1/letters", CLASSES).preset, "left hand");
  assert.equal(new KeyMap(storage, "scn/w/2/letters", CLASSES).preset, "standard");
  for (const preset of Object.values(PRESETS)) {
    const keys = withLetters(preset).flatMap((command) => command.keys);
    assert.equal(new Set(keys).size, keys.length);
  }
  const swapped = withLetter(PRESETS.standard, "accept", "x");
  assert.ok(!("problem" in swapped) && swapped.accept === "x" && swapped.keep === "a");
  assert.ok("problem" in withLetter(PRESETS.standard, "zoom", "e"), "exclude would have no key");
  assert.ok("problem" in withLetter(PRESETS.standard, "keep", "1"));
  for (const text of [null, "", "[", "7", "null", '{"accept": "x"}', '{"accept": 5, "clear": "x"}'])
    assert.deepEqual(readLetters(text), PRESETS.standard, String(text));
});

test("layouts without Latin letters, or with digits under Shift", () => {
  assert.equal(press("ф", { code: "KeyA" })?.id, "accept");
  assert.equal(press("&", { code: "Digit1" })?.class, 0);
  assert.equal(press("1", { code: "Digit1", shiftKey: true })?.class, 0);
});

test("no key means two things, every button has one, the first nine classes too", () => {
  const keys = [...COMMANDS, ...classCommands(CLASSES)].flatMap((command) => command.keys);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(COMMANDS.every((command) => command.cap && command.help && command.keys.length));
  assert.deepEqual(
    classCommands(CLASSES)
      .map((command) => command.cap)
      .slice(8),
    ["9", "", ""],
  );
  assert.ok(keptFromStreamlit({ key: "R" }) && keptFromStreamlit({ key: "c" }));
  assert.ok(!keptFromStreamlit({ key: "c", ctrlKey: true }));
});

test("letters that were changed are named, those that were changed with them too", () => {
  const before = PRESETS.standard;
  const after = withLetter(before, "keep", "a");
  assert.equal(changedWords(before, /** @type {import("./review_grid/keymap.js").Letters} */ (after)), "accept X, keep given A");
  assert.equal(changedWords(before, before), "");
});

test("a list says how many faces it has", () => {
  assert.deepEqual([listWords(24, 1339), listWords(1, 1), listWords(1, null)], ["24 of 1,339 faces", "1 of 1 face", "1 face"]);
});

test("a filter that leaves faces out", () => {
  const all = { state: "open", given: null, doubt: "all", alpha_from: 0, alpha_to: 1, flagged: false, order: "alpha", grouped: true };
  const found = [{}, { given: 0 }, { flagged: true }, { alpha_to: 0.5 }, { doubt: "ambiguous" }].map((more) =>
    narrows(/** @type {import("./review_grid/types.js").QueueFilter} */ ({ ...all, ...more })),
  );
  assert.deepEqual(found, [false, true, true, true, true]);
});

test("what an order was learned from", () => {
  assert.deepEqual([null, 1, 412, 12345].map(learnedWords), [
    "",
    "order learned from 1 decided face",
    "order learned from 412 decided faces",
    "order learned from 12,345 decided faces",
  ]);
});

test("tiles fill the room and never more than 120", () => {
  for (const [width, height] of [
    [984, 600],
    [358, 500],
    [320, 176],
    [3700, 1900],
    [1800, 900],
  ]) {
    for (const size of SIZES) {
      for (const info of [INFO, INFO_DETAILS]) {
        const { columns, rows, picture, count } = fit(width, height, size, info);
        assert.ok(
          columns >= 2 && rows >= 1 && count === columns * rows && count <= 120,
          `${width}x${height} ${size}: ${count}`,
        );
        assert.ok(rows === 1 || rows * (picture + info + 6) <= height + 6 + rows, `${width}x${height} ${size} is too high`);
      }
    }
  }
  for (const [width, height] of [
    [984, 586],
    [1228, 600],
    [1700, 900],
  ]) {
    const [small, medium, large] = SIZES.map((size) => fit(width, height, size).count);
    assert.ok(small > medium && medium > large, `${width}x${height}: ${small}, ${medium}, ${large}`);
  }
});

test("a square face is whole, and few faces are larger than a page full of them", () => {
  for (const [width, height] of [[1070, 547], [1600, 760], [780, 700], [358, 560], [770, 300]]) {
    for (const size of SIZES) {
      const full = fit(width, height, size);
      for (const faces of [1, 2, 5, 7, full.count]) {
        const { columns, rows, picture, tile } = fit(width, height, size, INFO, faces);
        const wide = tile ?? (width + 6) / columns - 6;
        const words = `${width}x${height} ${size}, ${faces}`;
        assert.ok(picture <= wide - 4, `${words}: ${picture} high, ${wide} wide`);
        assert.ok(columns * (wide + 6) <= width + 7 && columns * rows >= Math.min(faces, full.count), words);
        assert.ok(picture >= full.picture && rows * (picture + INFO + 6) <= height + 6, words);
      }
    }
  }
  const [one, all] = [fit(1070, 547, "M", INFO, 1), fit(1070, 547, "M")];
  assert.ok(one.picture > 2 * all.picture);
  assert.deepEqual(fit(1070, 547, "M", INFO, all.count), all);
});

test("a few faces more than fit have smaller pictures, and many more do not", () => {
  for (const [width, height] of [[1070, 547], [1600, 760], [780, 700], [358, 560], [770, 300]]) {
    for (const size of SIZES) {
      const full = fit(width, height, size);
      for (const faces of [full.count + 1, full.count + full.columns, 3 * full.count]) {
        const { columns, rows, picture } = fit(width, height, size, INFO, faces);
        assert.ok(rows === full.rows || (columns * rows >= faces && rows * (picture + INFO + 6) <= height + 6), `${width}x${height} ${size}, ${faces}`);
      }
      assert.deepEqual(fit(width, height, size, INFO, 3 * full.count), full);
    }
  }
  const full = fit(1070, 560, "S");
  assert.equal(fit(1070, 540, "S", INFO, full.count).rows, full.rows);
});

test("one sign has the line, the others are counted beside it", () => {
  const copy = { sample: 8, given: 2, proposed: null, decision: null, by: null };
  const signs = signsOf({ ...OPEN, copies: [copy], original: 0, since: 1, issues: ["dark", "empty"] }, CLASSES, "ann");
  assert.deepEqual(
    signs.map(({ kind, text }) => [kind, text]),
    [["copies differ", "settles 1 copy"], ["past", "was class 0"], ["issue", "very dark"], ["issue", "little to see"]],
  );
  const again = { ...OPEN, copies: [copy], original: 0, since: 1, proposed: 0 };
  assert.deepEqual(signsOf(again, CLASSES, "ann").map(({ kind }) => kind), ["past", "copies differ"]);
  assert.deepEqual(signsOf(OPEN, CLASSES, "ann"), []);
});

test("only a size of tiles is taken from the storage", () => {
  assert.deepEqual(["S", "M", "L", "XL", "", null].map(asTileSize), ["S", "M", "L", null, null, null]);
});

test("a packed page", () => {
  const header = new TextEncoder().encode(
    JSON.stringify({ items: [{ thumb: [0, 2] }, { thumb: [2, 3] }, { thumb: null }], name: "é" }),
  );
  const bytes = new Uint8Array(4 + header.length + 5);
  new DataView(bytes.buffer).setUint32(0, header.length);
  bytes.set(header, 4);
  bytes.set([1, 2, 3, 4, 5], 4 + header.length);
  const page = unpack(bytes.buffer);
  assert.deepEqual(
    page.header.items.map((tile) => page.picture(tile)).map((bytes) => bytes && [...bytes]),
    [[1, 2], [3, 4, 5], null],
  );
  assert.throws(() => unpack(bytes.buffer.slice(0, 20)), /incomplete/);
  assert.throws(() => unpack(new ArrayBuffer(0)), /incomplete/);
  assert.equal(unpack(bytes.buffer.slice(0, bytes.length - 1)).picture(page.header.items[1]), null);
});

test("requests: token once, renewed when too old, never for somebody else", async () => {
  /** @type {string[]} */
  const asked = [];
  let tokens = 0;
  let old = true;
  /** @param {object} body */
  const answer = (body, status = 200) => new Response(JSON.stringify(body), { status });
  const net = new Net(4, async (url, options) => {
    const sent = new Headers(options.headers).get("X-Review-Token");
    asked.push(url);
    if (url === "/api/token") return answer({ token: `t${(tokens += 1)}`, person: 4 });
    if (old && sent === "t1") {
      old = false;
      return answer({ error: "old", code: "token_expired" }, 401);
    }
    return answer({ ok: sent });
  });
  assert.deepEqual(await (await net.post("/api/x", {})).json(), { ok: "t2" });
  await net.post("/api/x", {});
  assert.deepEqual(asked, ["/api/token", "/api/x", "/api/token", "/api/x", "/api/x"]);
  const other = new Net(5, async () => answer({ token: "t", person: 4 }));
  await assert.rejects(other.post("/api/x", {}), { kind: "person" });
  const moved = new Net(4, async () => answer({ token: "t", person: 4, workspace: "two" }));
  moved.workspace = "one";
  await assert.rejects(moved.post("/api/x", {}), { kind: "server", message: /another workspace/ });
  moved.workspace = "two";
  await moved.post("/api/x", {});
});

test("failures by kind", async () => {
  /** @param {number} status @param {string} body */
  const kind = async (status, body) => {
    const net = new Net(1, async (url) =>
      url === "/api/token" ? new Response('{"token":"t"}') : new Response(body, { status }),
    );
    return net.post("/api/x", {}).then(
      () => null,
      (problem) => [problem.kind, problem.message],
    );
  };
  assert.deepEqual(await kind(401, '{"code":"no_session","error":"x"}'), ["session", "you are signed out"]);
  assert.deepEqual(await kind(503, '{"code":"busy","error":"the database is busy"}'), [
    "server",
    "the database is busy",
  ]);
  assert.deepEqual(await kind(500, "<html>"), ["server", "a proxy or another program answered in place of this server, with status 500"]);
  assert.deepEqual(await kind(413, '{"code":"too_large","error":"too large"}'), ["server", "too large"]);
  assert.deepEqual(await kind(413, "null"), ["server", "a proxy or another program answered in place of this server, with status 413"]);
  const dead = new Net(1, async () => {
    throw new TypeError("failed to fetch");
  });
  await assert.rejects(dead.get("/x"), { kind: "offline" });
});

test("a refusal that stalls half-way is given up too", async () => {
  const stalling = async (/** @type {string} */ _, /** @type {RequestInit} */ { signal }) => {
    const start = (/** @type {ReadableStreamDefaultController} */ stream) =>
      signal?.addEventListener("abort", () => stream.error(new Error("aborted")));
    return new Response(new ReadableStream({ start }), { status: 503 });
  };
  await assert.rejects(new Net(1, stalling, 50).get("/x"), { kind: "offline" });
});

/** @param {number} sample @param {Partial<Tile>} more @returns {Tile} */
const tile = (sample, more = {}) => ({ ...OPEN, item: sample * 10, sample, ...more });
/** @param {string} id @param {number} sample */
const keep = (id, sample) => entryOf(id, { sample });

test("an answer given while a page was on its way is not hidden by that page", () => {
  let now = 0;
  const store = new Store("ann", () => now);
  const asked = (now = 10);
  now = 20;
  store.record([keep("a", 1)]);
  store.saved([keep("a", 1)]);
  assert.equal(store.put(tile(1), null, asked).state, "keep", "the response was asked for before the answer was saved");
  now = 30;
  assert.equal(store.put(tile(1), null, 30).state, "open", "the server knows better now");
});

test("leases: what is answered or touched since is not lost", () => {
  let now = 0;
  const store = new Store("ann", () => now);
  const faces = [1, 2, 3].map((sample) => store.put(tile(sample), null, 0));
  for (const face of faces) face.held = true;
  now = 5;
  store.record([keep("a", 1)]);
  assert.deepEqual(
    store.held().map((face) => face.sample),
    [1, 2, 3],
  );
  assert.deepEqual(
    store.lose([10, 20], 6).map((face) => face.sample),
    [2],
  );
  assert.deepEqual([faces[1].state, faces[1].held], ["open", false], "why it is lost is looked up");
  store.saved([keep("a", 1)]);
  assert.deepEqual(
    store.held().map((face) => face.sample),
    [3],
  );
});

test("entries that a response may not know of keep their order over faces", () => {
  let now = 0;
  const store = new Store("ann", () => (now += 1));
  store.record([keep("a", 2)]);
  store.record([keep("b", 1)]);
  store.record([keep("c", 2)]);
  store.saved([keep("a", 2)]);
  assert.deepEqual(
    store.since(now + 1).map(({ id }) => id),
    ["b", "c"],
  );
  assert.deepEqual(
    store.since(0).map(({ id }) => id),
    ["a", "b", "c"],
  );
});

test("a face that was looked up stays leased", () => {
  const store = new Store("ann", () => 0);
  const face = store.put(tile(1), null, 0, true);
  store.put(tile(1, { note: "blurred" }), null, 1);
  assert.deepEqual([face.held, face.tile.note], [true, "blurred"]);
});

test("a tab that goes names itself and what it showed and nobody answered", async () => {
  const store = new Store("ann", () => 0);
  for (const sample of [1, 2]) store.put(tile(sample), null, 0, true);
  store.record([entryOf("a", { sample: 1 })]);
  /** @type {unknown[]} */
  const asked = [];
  const net = new Net(1, async (_, { body }) => {
    asked.push(JSON.parse(String(body)));
    return new Response('{"held": []}');
  });
  net.token = "t";
  new Leases({ net, store, tab: "mine", lost: () => {}, asked: () => ({ round: 1, filter: {} }), heard: () => {} }).close();
  assert.deepEqual(asked, [{ renew: [], release: [20], tab: "mine" }]);
});

test("every beat says how far the person is, in whichever tab, but nothing that an answer has overtaken", async () => {
  const net = new Net(1, async () => new Response('{"held": [], "in_review": [1], "today": 7, "progress": {"open": 3, "checked": 9, "wrong": 2}}'));
  net.token = "t";
  const store = new Store("ann", () => 0);
  let filter = {};
  /** @type {unknown[]} */
  const heard = [];
  const leases = new Leases({
    net,
    store,
    tab: "mine",
    lost: () => {},
    asked: () => ({ round: 1, filter }),
    heard: (rounds, today, progress) => heard.push([rounds, today, progress]),
  });
  await leases.renew();
  const other = leases.renew();
  filter = { grouped: true };
  await other;
  store.record([entryOf("a")]);
  await leases.renew();
  leases.close();
  assert.deepEqual(heard, [[[1], 7, { open: 3, checked: 9, wrong: 2 }], [[1], 7, null], [[1], 7, null]]);
});

test("a face asked about once more, first on a page, does not tell what pair the page is of", () => {
  const again = { tile: /** @type {Tile} */ ({ ...OPEN, kind: "audit", blind: true, proposed: null }) };
  assert.deepEqual(pairOfPage([again, { tile: OPEN }]), { given: 1, proposed: 3 });
  assert.deepEqual(pairOfPage([again]), { given: 1, proposed: null });
});

/** @param {Partial<PageHeader>} more */
const header = (more) => /** @type {PageHeader} */ ({ open: 9, checked: 9, wrong: 2, pair: null, repeats: false, pace: { today: 9 }, ...more });

/** Two faces and what counts them. */
function counting() {
  const store = new Store("ann", () => 0);
  const tally = new Tally(store);
  const faces = [tile(1), tile(2), tile(3, { kind: "audit", blind: true, proposed: null })].map((one) => store.put(one, null, 0));
  const answer = (/** @type {import("./review_grid/types.js").Entry} */ entry) => {
    const before = new Map(faces.filter(({ sample }) => sample === entry.sample).map((face) => [face, face.state]));
    store.record([entry]);
    tally.moved(before);
  };
  return { store, tally, answer };
}

test("what is left of a pair follows the answers made here", () => {
  const { store, tally, answer } = counting();
  const now = () => [tally.pairs.get("1 3"), tally.pairs.get("1 null")];
  tally.headed(header({ pair: { given: 1, proposed: 3, open: 5 } }), 1);
  answer(entryOf("a", { sample: 1, action: "accept", label: 3 }));
  assert.deepEqual(now(), [4, undefined]);
  answer(keep("b", 1));
  assert.deepEqual(now(), [4, undefined]);
  tally.headed(header({ pair: { given: 1, proposed: null, open: 7 } }), 1); // the server has neither yet
  assert.deepEqual(now(), [4, 7]);
  tally.headed(header({ pair: { given: 1, proposed: 3, open: 5 } }), 1);
  assert.deepEqual(now(), [4, 7]);
  answer(keep("c", 3));
  assert.deepEqual(now(), [4, 6]);
  store.saved(store.since(0)); // at 0, and the page was asked for at 1
  tally.headed(header({ pair: { given: 1, proposed: 3, open: 3 } }), 1);
  assert.deepEqual(now(), [3, 6]);
});

test("how far somebody is, the server says: an answer alone changes no number, nor does a page counted before it", () => {
  const { store, tally, answer } = counting();
  tally.headed(header({}), 1);
  answer(keep("b", 1));
  assert.deepEqual(tally.shown, { open: 9, checked: 9, wrong: 2, today: 9 });
  tally.told({ open: 9, checked: 11, wrong: 3, today: 11 }); // a copy that is in no queue was settled too
  assert.deepEqual(tally.shown, { open: 9, checked: 11, wrong: 3, today: 11 });
  tally.headed(header({ open: 10 }), 0);
  assert.equal(tally.shown.open, 9);
  store.saved(store.since(0));
  tally.headed(header({ open: 8, checked: 12 }), 1);
  assert.deepEqual([tally.shown.open, foundWords(tally.shown), foundWords({ checked: 9 })], [8, "12 checked, 2 wrong labels found", ""]);
});

test("where faces are asked once more, no number says after which answer it stood still", () => {
  const { tally, answer } = counting();
  tally.headed(header({ repeats: true }), 1);
  answer(keep("b", 1));
  tally.told({ open: 8, checked: 10, wrong: 2, today: 10 });
  answer(keep("c", 2));
  tally.told({ open: 8, checked: 10, wrong: 2, today: 10 }); // the second one was a repeat
  assert.deepEqual(tally.shown, { open: 9, checked: 9, wrong: 2, today: 9 });
  tally.turned();
  assert.deepEqual(tally.shown, { open: 8, checked: 10, wrong: 2, today: 10 });
  tally.told({ today: 11 }); // of the page before, confirmed late
  assert.equal(tally.shown.today, 11);
});

test("what stands above faces that look alike says of what they are", () => {
  const store = new Store("ann", () => 0);
  const faces = [1, 2].map((sample) => store.put(tile(sample), null, 0));
  /** @param {boolean} pair @param {number} at @returns {Page} */
  const page = (pair, at) => ({ kind: "alike", faces: faces.slice(at), number: 1, focus: 0, batch: 1, like: { face: faces[0], pair } });
  assert.equal(alikeWords(page(false, 0), CLASSES), "Like the first one, most alike first");
  assert.equal(alikeWords(page(true, 0), CLASSES), "class 1 → class 3, like the first one, most alike first");
  assert.match(alikeWords(page(false, 1), CLASSES), /Like the first one of the page before/);
});

test("an undo of copies says what each of them was", () => {
  const kept = { action: /** @type {const} */ ("keep"), label: 1 };
  const changed = { action: /** @type {const} */ ("relabel"), label: 1 };
  assert.equal(unitWords([kept], CLASSES), "kept");
  assert.equal(unitWords([changed, kept, kept], CLASSES), "1 × relabelled to class 1, 2 × kept");
});
