import assert from "node:assert/strict";
import test from "node:test";

import { DEEDS, classDeeds, deedOf, kept, tableOf } from "./grid/keys.js";
import { fit } from "./grid/layout.js";
import { Net } from "./grid/net.js";
import { unpack } from "./grid/pages.js";
import { learnedWords } from "./grid/status.js";
import { Store } from "./grid/store.js";

const CLASSES = Array.from({ length: 11 }, (_, at) => `class ${at}`);
const TABLE = tableOf(CLASSES);
const press = (key, more = {}) => deedOf({ key, code: "", shiftKey: false, ...more }, TABLE);

test("keys", () => {
  for (const [key, id] of [
    ["a", "accept"],
    ["A", "accept"],
    ["x", "keep"],
    [" ", "skip"],
    ["Backspace", "undo"],
    ["PageDown", "next"],
    ["Enter", "zoom"],
    ["?", "sheet"],
    ["Escape", "clear"],
  ]) {
    assert.equal(press(key)?.id, id, key);
  }
  assert.equal(press("A", { shiftKey: true }).id, "acceptRest");
  assert.equal(press("Z", { shiftKey: true }).id, "redo");
  assert.equal(press("ArrowLeft", { shiftKey: true }).id, "extend-left");
  assert.equal(press("?", { shiftKey: true }).id, "sheet");
  assert.equal(press("3").class, 2);
  assert.equal(press("0"), null);
  for (const held of ["ctrlKey", "altKey", "metaKey"]) assert.equal(press("a", { [held]: true }), null);
});

test("layouts without Latin letters, or with digits under Shift", () => {
  assert.equal(press("ф", { code: "KeyA" }).id, "accept");
  assert.equal(press("&", { code: "Digit1" }).class, 0);
  assert.equal(press("1", { code: "Digit1", shiftKey: true }).class, 0);
});

test("no key means two things, every button has one, the first nine classes too", () => {
  const keys = [...DEEDS, ...classDeeds(CLASSES)].flatMap((deed) => deed.keys);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(DEEDS.every((deed) => deed.cap && deed.help && deed.keys.length));
  assert.deepEqual(
    classDeeds(CLASSES)
      .map((deed) => deed.cap)
      .slice(8),
    ["9", "", ""],
  );
  assert.ok(kept({ key: "R" }) && kept({ key: "c" }) && !kept({ key: "c", ctrlKey: true }));
});

test("what an order was learned from", () => {
  assert.deepEqual([null, 1, 412, 12345].map(learnedWords), [
    "",
    "order learned from 1 answer",
    "order learned from 412 answers",
    "order learned from 12,345 answers",
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
    for (const size of ["S", "M", "L"]) {
      const { columns, rows, picture, count } = fit(width, height, size);
      assert.ok(
        columns >= 2 && rows >= 1 && count === columns * rows && count <= 120,
        `${width}x${height} ${size}: ${count}`,
      );
      assert.ok(rows === 1 || rows * (picture + 66 + 6) <= height + 6 + rows, `${width}x${height} ${size} is too high`);
    }
  }
  for (const [width, height] of [
    [984, 586],
    [1228, 600],
    [1700, 900],
  ]) {
    const [small, medium, large] = ["S", "M", "L"].map((size) => fit(width, height, size).count);
    assert.ok(small > medium && medium > large, `${width}x${height}: ${small}, ${medium}, ${large}`);
  }
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
    page.header.items.map((tile) => page.picture(tile) && [...page.picture(tile)]),
    [[1, 2], [3, 4, 5], null],
  );
  assert.throws(() => unpack(bytes.buffer.slice(0, 20)), /incomplete/);
  assert.throws(() => unpack(new ArrayBuffer(0)), /incomplete/);
  assert.equal(unpack(bytes.buffer.slice(0, bytes.length - 1)).picture(page.header.items[1]), null);
});

test("requests: token once, renewed when too old, never for somebody else", async () => {
  const asked = [];
  let tokens = 0;
  let old = true;
  const answer = (body, status = 200) => new Response(JSON.stringify(body), { status });
  const net = new Net(4, async (url, options) => {
    asked.push(url);
    if (url === "/api/token") return answer({ token: `t${(tokens += 1)}`, person: 4 });
    if (old && options.headers["X-Review-Token"] === "t1") {
      old = false;
      return answer({ error: "old", code: "token_expired" }, 401);
    }
    return answer({ ok: options.headers["X-Review-Token"] });
  });
  assert.deepEqual(await (await net.post("/api/x", {})).json(), { ok: "t2" });
  await net.post("/api/x", {});
  assert.deepEqual(asked, ["/api/token", "/api/x", "/api/token", "/api/x", "/api/x"]);
  const other = new Net(5, async () => answer({ token: "t", person: 4 }));
  await assert.rejects(other.post("/api/x", {}), { kind: "person" });
});

test("failures by kind", async () => {
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
  assert.deepEqual(await kind(500, "<html>"), ["server", "the server answered 500"]);
  assert.deepEqual(await kind(413, '{"code":"too_large","error":"too large"}'), ["refused", "too large"]);
  const dead = new Net(1, async () => {
    throw new TypeError("failed to fetch");
  });
  await assert.rejects(dead.get("/x"), { kind: "offline" });
});

const tile = (sample, more = {}) => ({
  item: sample * 10,
  sample,
  given: 0,
  proposed: 1,
  action: null,
  decision: null,
  flag: null,
  flagged: false,
  note: null,
  skip: null,
  ...more,
});
const keep = (id, sample) => ({ id, sample, action: "keep", label: 0, text: null });

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
  assert.equal(faces[1].state, "taken");
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

test("a face that was looked up keeps the reading it is leased for", () => {
  const store = new Store("ann", () => 0);
  const face = store.put(tile(1), null, 0, true);
  store.put(tile(1, { item: 99 }), null, 1);
  assert.deepEqual([face.item, face.held], [10, true]);
  store.put(tile(1, { item: 99 }), null, 2, true);
  assert.equal(face.item, 99);
});
