import assert from "node:assert/strict";
import test from "node:test";

import { Problem } from "./grid/net.js";
import { Outbox, newId, waitMs } from "./grid/outbox.js";
import { pillOf } from "./grid/status.js";

class Memory {
  constructor(room = Infinity) {
    this.kept = new Map();
    this.room = room;
  }
  get length() {
    return this.kept.size;
  }
  key(at) {
    return [...this.kept.keys()].sort().reverse()[at] ?? null;
  } // browsers promise no order
  getItem(key) {
    return this.kept.get(key) ?? null;
  }
  setItem(key, value) {
    if (this.kept.size >= this.room) throw new Error("full");
    this.kept.set(key, value);
  }
  removeItem(key) {
    this.kept.delete(key);
  }
}

const row = (id, more = {}) => ({
  id,
  round: 1,
  sample: 1,
  action: "keep",
  label: 1,
  undoes: null,
  text: null,
  bulk: null,
  blind: false,
  ms: 1,
  shown: {},
  ...more,
});
const offline = () => {
  throw new Problem("offline", "no connection");
};
const box = (storage, send, more = {}) =>
  new Outbox({ storage, prefix: "scn/w/1/", send, setTimer: () => 1, clearTimer: () => {}, ...more });
const saveAll = async (rows) => ({ saved: rows.map(({ id }) => id), refused: [] });

test("one key for each decision, gone when acknowledged", async () => {
  const storage = new Memory();
  let during = 0;
  const outbox = box(storage, async (rows) => {
    during = storage.length;
    return saveAll(rows);
  });
  outbox.push([row("a"), row("b")]);
  await outbox.flush();
  assert.deepEqual([during, storage.length, outbox.waiting.size], [2, 0, 0]);
});

test("only what the server names leaves; the rest is sent again", async () => {
  const sent = [];
  const outbox = box(new Memory(), async (rows) => {
    sent.push(rows.map(({ id }) => id));
    return { saved: [rows[0].id], refused: [] };
  });
  outbox.push([row("a"), row("b")]);
  await outbox.flush();
  assert.deepEqual(sent, [["a", "b"], ["b"]]);
});

test("a reload finds everything, in order, whatever order the storage lists", async () => {
  const storage = new Memory();
  const first = box(storage, offline);
  for (const id of ["c", "a", "b"]) first.push([row(id)]);
  await first.flush();
  assert.equal(first.problem.kind, "offline");
  const sent = [];
  const second = box(storage, async (rows) => {
    sent.push(...rows.map(({ id }) => id));
    return saveAll(rows);
  });
  assert.deepEqual(
    second.entries.map(({ id }) => id),
    ["c", "a", "b"],
  );
  await second.flush();
  assert.deepEqual(sent, ["c", "a", "b"]);
  assert.equal(storage.length, 0);
});

test("a clock that was set back does not change the order", async () => {
  const storage = new Memory();
  box(storage, offline).push([row("a")]);
  const now = Date.now;
  Date.now = () => now() - 86400000;
  try {
    box(storage, offline).push([row("b")]);
  } finally {
    Date.now = now;
  }
  assert.deepEqual(
    box(storage, offline).entries.map(({ id }) => id),
    ["a", "b"],
  );
});

test("at most 200 a request, one request at a time", async () => {
  const sizes = [];
  let flying = 0;
  const outbox = box(new Memory(), async (rows) => {
    assert.equal((flying += 1), 1);
    await new Promise((done) => setTimeout(done, 1));
    flying -= 1;
    sizes.push(rows.length);
    return saveAll(rows);
  });
  outbox.push(Array.from({ length: 450 }, (_, at) => row(`r${at}`)));
  outbox.flush();
  await outbox.flush();
  assert.deepEqual(sizes, [200, 200, 50]);
});

test("a refused decision leaves the outbox, is listed until dismissed, also after a reload", async () => {
  const storage = new Memory();
  const told = [];
  const send = async (rows) => ({
    saved: rows.filter(({ id }) => id !== "bad").map(({ id }) => id),
    refused: [{ id: "bad", error: "round 1 is closed" }],
  });
  const outbox = box(storage, send, { on: { refused: (rows) => told.push(...rows) } });
  outbox.push([row("a"), row("bad")]);
  await outbox.flush();
  assert.equal(outbox.waiting.size, 0);
  assert.equal(told[0].error, "round 1 is closed");
  const again = box(storage, send);
  assert.deepEqual([again.waiting.size, again.refused.get("bad").error], [0, "round 1 is closed"]);
  again.dismiss();
  assert.equal(box(storage, send).refused.size, 0);
});

test("one decision that makes the server refuse the whole request does not hold up the others", async () => {
  const saved = [];
  const outbox = box(new Memory(), async (rows) => {
    if (rows.some(({ id }) => id === "r5")) throw new Problem("refused", "bad request", 400);
    saved.push(...rows.map(({ id }) => id));
    return saveAll(rows);
  });
  outbox.push(Array.from({ length: 12 }, (_, at) => row(`r${at}`)));
  await outbox.flush();
  assert.equal(saved.length, 11);
  assert.deepEqual([...outbox.refused.keys()], ["r5"]);
});

test("nothing is lost while the session is, and an answer that names nothing is no acknowledgement", async () => {
  for (const send of [
    () => {
      throw new Problem("session", "signed out", 401);
    },
    async () => ({ saved: [], refused: [] }),
    async () => ({}),
  ]) {
    const storage = new Memory();
    const outbox = box(storage, send);
    outbox.push([row("a")]);
    await outbox.flush();
    assert.deepEqual([outbox.waiting.size, storage.length], [1, 1]);
    assert.ok(outbox.problem);
  }
});

test("what fails is tried again after a growing wait, and at once when asked", async () => {
  const waits = [];
  let works = false;
  const outbox = box(new Memory(), (rows) => (works ? saveAll(rows) : offline()), {
    setTimer: (_, ms) => waits.push(ms),
    random: () => 1,
  });
  outbox.push([row("a")]);
  for (let tries = 0; tries < 8; tries += 1) await outbox.flush();
  assert.deepEqual(waits.slice(-2), [30000, 30000]);
  assert.ok(waits[1] > waits[0]);
  works = true;
  await outbox.flush();
  assert.deepEqual([outbox.waiting.size, outbox.problem], [0, null]);
  assert.ok(waitMs(3, () => 0) < waitMs(3, () => 1));
});

test("local parts stay here", async () => {
  let sent = null;
  const outbox = box(new Memory(), async (rows) => {
    sent = rows[0];
    return saveAll(rows);
  });
  outbox.push([row("a", { action: "undo", local: { root: {}, live: false } })]);
  await outbox.flush();
  assert.ok(!("local" in sent));
});

test("without storage, or with a full one, it works from memory and says so", async () => {
  for (const storage of [null, new Memory(0)]) {
    const outbox = box(storage, offline);
    outbox.push([row("a")]);
    await outbox.flush();
    assert.equal(outbox.safe, false);
    assert.match(pillOf(outbox).text, /in this tab only/);
  }
});

test("the pill", async () => {
  const outbox = box(new Memory(), saveAll);
  assert.equal(pillOf(outbox).text, "all saved");
  outbox.push([row("a")]);
  assert.equal(pillOf(outbox).text, "saving 1");
  await outbox.flush();
  assert.equal(pillOf(outbox).text, "all saved");
  outbox.problem = { kind: "session" };
  assert.equal(pillOf(outbox).text, "signed out: 0 kept here");
  const off = box(new Memory(), offline);
  off.push([row("a")]);
  await off.flush();
  assert.equal(pillOf(off).text, "offline: 1 kept here");
});

test("another tab's acknowledgement counts", () => {
  const storage = new Memory();
  const outbox = box(storage, offline);
  outbox.push([row("a")]);
  outbox.changedElsewhere([...storage.kept.keys()][0], null);
  assert.equal(outbox.waiting.size, 0);
});

test("another tab's refusal is one here too, and is dismissed with it", async () => {
  const storage = new Memory();
  const heard = [];
  const on = {
    saved: (entries) => heard.push(["saved", ...entries.map(({ id }) => id)]),
    refused: (rows) => heard.push(["refused", ...rows.map(({ entry, error }) => `${entry.id}: ${error}`)]),
  };
  const first = box(storage, async () => ({ saved: [], refused: [{ id: "a", error: "closed" }] }));
  first.push([row("a")]);
  const second = box(storage, offline, { on });
  const tell = async (change) => {
    const before = new Map(storage.kept);
    await change();
    for (const [key, value] of storage.kept) if (!before.has(key)) second.changedElsewhere(key, value);
    for (const key of before.keys()) if (!storage.kept.has(key)) second.changedElsewhere(key, null);
  };
  await tell(() => first.flush());
  assert.deepEqual(heard, [["refused", "a: closed"]]);
  assert.deepEqual([second.waiting.size, second.refused.size], [0, 1]);
  await tell(() => first.dismiss());
  assert.equal(second.refused.size, 0);
});

test("what another tab refused while this one was not told is refused here too", async () => {
  const storage = new Memory();
  const first = box(storage, async () => ({ saved: [], refused: [{ id: "a", error: "closed" }] }));
  const second = box(storage, offline);
  first.push([row("a")]);
  await first.flush();
  assert.equal(second.reread().refused.get("a").error, "closed");
  first.dismiss();
  assert.equal(second.reread().refused.size, 0);
});

test("a tab that ended between noting a refusal and forgetting the entry does not send it again", () => {
  const storage = new Memory();
  box(storage, offline).push([row("a")]);
  storage.setItem("scn/w/1/refused/a", JSON.stringify({ entry: row("a"), error: "closed" }));
  const outbox = box(storage, offline);
  assert.deepEqual([outbox.waiting.size, outbox.refused.size], [0, 1]);
});

test("what is cut short or foreign in the storage is passed over", () => {
  const storage = new Memory();
  storage.setItem("scn/w/1/out/00000000000000001/x", '{"id":"x');
  storage.setItem("scn/w/2/out/00000000000000001/y", "{}");
  assert.equal(box(storage, offline).waiting.size, 0);
  assert.equal(storage.getItem("scn/w/2/out/00000000000000001/y"), "{}");
});

test("ids without randomUUID have its form", () => {
  const id = newId({ getRandomValues: (bytes) => globalThis.crypto.getRandomValues(bytes) });
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(id, newId());
});

test("a lost session that nothing waited for is forgotten when the server answers again", async () => {
  const outbox = box(new Memory(), saveAll);
  outbox.problem = { kind: "session" };
  outbox.push([row("a")]);
  await outbox.flush();
  assert.deepEqual([outbox.waiting.size, outbox.problem], [0, null]);
  outbox.problem = { kind: "session" };
  outbox.well();
  assert.equal(outbox.problem, null);
});
