import assert from "node:assert/strict";
import test from "node:test";

import { Memory, entryOf } from "./fixtures.mjs";
import { newId } from "./review_grid/ids.js";
import { othersWords, waitingOfOthers } from "./review_grid/kept.js";
import { Net, Problem, jsonOf } from "./review_grid/net.js";
import { noticeOf } from "./review_grid/notices.js";
import { Outbox } from "./review_grid/outbox.js";
import { waitMs } from "./review_grid/retry.js";
import { pillOf, troubleOf } from "./review_grid/status.js";

/** @import { Answer } from "./review_grid/outbox.js" */
/** @import { Decision } from "./review_grid/types.js" */
/** @typedef {ConstructorParameters<typeof Outbox>[0]} Options */

const row = entryOf;
const offline = () => {
  throw new Problem("offline", "no connection");
};
/** @param {Storage|null} storage @param {Options["send"]} send @param {Partial<Options>} more */
const box = (storage, send, more = {}) =>
  new Outbox({ storage, prefix: "scn/w/1/", send, setTimer: () => 1, clearTimer: () => {}, ...more });
/** @param {Decision[]} rows @returns {Promise<Answer>} */
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
  /** @type {string[][]} */
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
  assert.equal(first.problem?.kind, "offline");
  /** @type {string[]} */
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
  /** @type {number[]} */
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
  /** @type {{error: string}[]} */
  const told = [];
  /** @type {Options["send"]} */
  const send = async (rows) => ({
    saved: rows.filter(({ id }) => id !== "bad").map(({ id }) => id),
    refused: [{ id: "bad", error: "round 1 is closed", code: "closed" }],
  });
  const outbox = box(storage, send, { on: { refused: (rows) => told.push(...rows) } });
  outbox.push([row("a"), row("bad")]);
  await outbox.flush();
  assert.equal(outbox.waiting.size, 0);
  assert.equal(told[0].error, "round 1 is closed");
  const again = box(storage, send);
  assert.deepEqual([again.waiting.size, again.refused.get("bad")?.error], [0, "round 1 is closed"]);
  again.dismiss();
  assert.equal(box(storage, send).refused.size, 0);
});

test("one decision that makes the server refuse the whole request does not hold up the others", async () => {
  /** @type {string[]} */
  const saved = [];
  const outbox = box(new Memory(), async (rows) => {
    const at = rows.findIndex(({ id }) => id === "r5" || id === "r9");
    if (at >= 0) throw new Problem("server", "found -1", 400, "bad_request", `decisions[${at}].label`);
    saved.push(...rows.map(({ id }) => id));
    return saveAll(rows);
  });
  outbox.push(Array.from({ length: 12 }, (_, at) => row(`r${at}`)));
  await outbox.flush();
  assert.equal(saved.length, 10);
  assert.deepEqual([...outbox.refused.keys()], ["r5", "r9"]);
});

test("what a proxy lets through is sent in smaller parts where all of it is too large", async () => {
  /** @type {number[]} */
  const sizes = [];
  const outbox = box(new Memory(), async (rows) => {
    sizes.push(rows.length);
    if (rows.length > 3) throw new Problem("server", "too large", 413);
    return saveAll(rows);
  });
  outbox.push(Array.from({ length: 8 }, (_, at) => row(`r${at}`)));
  await outbox.flush();
  assert.deepEqual([sizes, outbox.waiting.size, outbox.refused.size], [[8, 4, 2, 6, 3, 3], 0, 0]);
});

const HOST = "found the host name 'old', to which this server does not answer; start it with --allow-host NAME";
/** @type {[status: number, body: string, words: RegExp, type?: string][]} answers that are about none of what was sent */
const ELSEWHERE = [
  [400, JSON.stringify({ error: HOST, code: "wrong_host" }), /start it with --allow-host NAME/],
  [403, JSON.stringify({ error: "found a request from a page of 'x'", code: "wrong_origin" }), /from a page of 'x'/],
  [403, JSON.stringify({ error: "ann may not sign in any more", code: "not_active" }), /may not sign in/],
  [404, JSON.stringify({ error: "there is nothing at this address", code: "not_found" }), /nothing at this address/],
  [405, JSON.stringify({ error: "this address takes GET", code: "method" }), /takes GET/],
  [415, JSON.stringify({ error: "found content type ''", code: "not_json" }), /content type/],
  [413, JSON.stringify({ error: "the body is too large", code: "too_large" }), /too large/],
  [400, JSON.stringify({ error: "does not fit", code: "refused" }), /does not fit/],
  [400, JSON.stringify({ error: "the connection ended within the body", code: "bad_request" }), /ended within/],
  [400, JSON.stringify({ error: "found x", code: "bad_request", at: "filter.state" }), /found x/],
  [400, JSON.stringify({ error: "found x", code: "bad_request", at: "decisions[7].label" }), /found x/],
  [400, "<html>400 Bad Request</html>", /a proxy or another program answered .* status 400/, "text/html"],
  [403, "<html>403 Forbidden</html>", /status 403/, "text/html"],
  [404, "<html>404 Not Found</html>", /status 404/, "text/html"],
  [404, '{"detail": "Not Found"}', /status 404/],
  [404, "null", /status 404/],
  [302, "", /redirect .* reload this page/],
  [410, "", /status 410/],
  [502, "<html>", /status 502/, "text/html"],
  [200, "<html>Sign in</html>", /status 200/, "text/html; charset=utf-8"],
  [200, "welcome", /status 200/],
  [200, "null", /status 200/],
  [200, '{"ok": true}', /named none/],
];

test("an answer that is not about a decision loses none, is told in its words, and what waits is sent again", async () => {
  for (const [status, body, words, type = "application/json"] of ELSEWHERE) {
    const storage = new Memory();
    let wrong = true;
    const net = new Net(1, async (url, { body: sent }) => {
      if (url === "/api/token") return new Response('{"token":"t","person":1}');
      if (wrong) return new Response(body, { status, headers: { "Content-Type": type } });
      return new Response(JSON.stringify(await saveAll(JSON.parse(String(sent)).decisions)));
    });
    /** @type {Options["send"]} */
    const send = async (decisions) => /** @type {Answer} */ (await jsonOf(await net.post("/api/decisions", { decisions })));
    let timers = 0;
    const outbox = box(storage, send, { setTimer: () => (timers += 1) });
    outbox.push([row("a"), row("b"), row("c")]);
    await outbox.flush();
    assert.equal(pillOf(outbox).text, "server trouble: 3 kept here", `${status} ${body}`);
    assert.match(troubleOf(outbox), words);
    assert.ok(timers, "it is tried again by itself");
    const again = box(storage, send);
    assert.equal(again.waiting.size, 3, "also after a reload");
    wrong = false;
    await again.flush();
    assert.deepEqual([pillOf(again).text, troubleOf(again), storage.length], ["all saved", "", 0]);
  }
});

test("what was refused is sent again when asked, in the order it was made, unless it was answered anew or never helps", async () => {
  const storage = new Memory();
  /** @type {string[][]} */
  const sent = [];
  let open = false;
  /** @type {Options["send"]} */
  const send = async (rows) => {
    sent.push(rows.map(({ id }) => id));
    if (open) return saveAll(rows);
    const code = (/** @type {string} */ id) => (id === "audit" ? "audit" : "closed");
    return { saved: [], refused: rows.map(({ id }) => ({ id, error: "no", code: code(id) })) };
  };
  const first = box(storage, send);
  const rows = ["c", "audit", "a", "b"].map((id, at) => row(id, { sample: at }));
  first.push(rows);
  await first.flush();
  assert.deepEqual([first.waiting.size, first.refused.size], [0, 4]);
  open = true;
  /** @type {string[]} */
  const shown = [];
  const second = box(storage, send, { on: { arrived: (entries) => shown.push(...entries.map(({ id }) => id)) } });
  second.push([row("anew", { sample: 2 })]);
  await second.flush();
  await second.resend();
  assert.deepEqual(sent.slice(1), [["anew"], ["c", "b"]]);
  assert.deepEqual([shown, second.waiting.size, [...second.refused.keys()]], [["c", "b"], 0, ["audit"]]);
  assert.deepEqual([...storage.kept.keys()], ["scn/w/1/refused/audit"]);
});

test("what a page says of a server that was away is what it is told at its address", () => {
  const said = (/** @type {number} */ status, /** @type {unknown} */ json) => noticeOf(status, json).split(/[;:]/)[0];
  assert.equal(said(502, null), "The server is away");
  assert.equal(said(503, { code: "stopping", error: "stopping" }), "The server is stopping");
  assert.equal(said(503, { code: "not_ready", error: "starting" }), "The server is up again");
  assert.equal(said(200, { token: "t", person: 1 }), "The server is up again");
  assert.match(noticeOf(401, { code: "no_session", error: "x" }), /signed out there.*Reload this page/);
  assert.match(noticeOf(400, { code: "wrong_host", error: HOST }), /is up again, and refuses this address; .*--allow-host NAME/);
  for (const [status, json] of [[404, null], [403, null], [200, {}], [302, null]])
    assert.match(noticeOf(Number(status), json), new RegExp(`another one is at this address; .*(status ${status}|redirect)`));
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
  /** @type {number[]} */
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
  /** @type {Decision[]} */
  const sent = [];
  const outbox = box(new Memory(), async (rows) => {
    sent.push(...rows);
    return saveAll(rows);
  });
  outbox.push([row("a", { action: "undo", local: { root: row("b"), live: false } })]);
  await outbox.flush();
  assert.deepEqual(
    sent.map((one) => "local" in one),
    [false],
  );
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

test("what others left in this browser is counted, without a word of who they are", () => {
  const storage = new Memory();
  for (const key of ["scn/w/1/out/1/a", "scn/w/2/out/1/b", "scn/w/2/out/2/c", "scn/w/3/out/1/d", "scn/w/2/refused/e", "scn/w/2/letters", "scn/v/2/out/1/f", "scn/tile"])
    storage.setItem(key, "{}");
  assert.deepEqual(["1", "2", "3", "4"].map((me) => waitingOfOthers(storage, `scn/w/${me}/`)), [3, 2, 3, 4]);
  assert.equal(waitingOfOthers(null, "scn/w/1/"), 0);
  assert.equal(othersWords(3), "3 answers of another person wait in this browser");
  assert.equal(othersWords(0), "");
});

test("the pill", async () => {
  const outbox = box(new Memory(), saveAll);
  assert.equal(pillOf(outbox).text, "all saved");
  outbox.push([row("a")]);
  assert.equal(pillOf(outbox).text, "saving 1");
  await outbox.flush();
  assert.equal(pillOf(outbox).text, "all saved");
  outbox.problem = { kind: "session", message: "signed out" };
  assert.equal(pillOf(outbox).text, "signed out: 0 kept here");
  const off = box(new Memory(), offline);
  off.push([row("a")]);
  await off.flush();
  assert.equal(pillOf(off).text, "offline: 1 kept here");
  const refusing = box(new Memory(), async () => ({ saved: [], refused: [{ id: "a", error: "found round 1", code: "closed" }] }));
  refusing.push([row("a")]);
  await refusing.flush();
  assert.equal(pillOf(refusing).text, "all but 1 saved");
  refusing.dismiss();
  assert.equal(pillOf(refusing).text, "all saved");
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
  /** @type {string[][]} */
  const heard = [];
  /** @type {Options["on"]} */
  const on = {
    saved: (entries) => heard.push(["saved", ...entries.map(({ id }) => id)]),
    refused: (rows) => heard.push(["refused", ...rows.map(({ entry, error }) => `${entry.id}: ${error}`)]),
  };
  const first = box(storage, async () => ({ saved: [], refused: [{ id: "a", error: "closed", code: "closed" }] }));
  first.push([row("a")]);
  const second = box(storage, offline, { on });
  const publish = async (/** @type {() => void} */ change) => {
    const before = new Map(storage.kept);
    await change();
    for (const [key, value] of storage.kept) if (!before.has(key)) second.changedElsewhere(key, value);
    for (const key of before.keys()) if (!storage.kept.has(key)) second.changedElsewhere(key, null);
  };
  await publish(() => first.flush());
  assert.deepEqual(heard, [["refused", "a: closed"]]);
  assert.deepEqual([second.waiting.size, second.refused.size], [0, 1]);
  await publish(() => first.dismiss());
  assert.equal(second.refused.size, 0);
});

test("what another tab refused while this one was not told is refused here too", async () => {
  const storage = new Memory();
  const first = box(storage, async () => ({ saved: [], refused: [{ id: "a", error: "closed", code: "closed" }] }));
  const second = box(storage, offline);
  first.push([row("a")]);
  await first.flush();
  assert.equal(second.reread().refused.get("a")?.error, "closed");
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
  storage.setItem("scn/w/1/out/00000000000000002/z", "{}");
  storage.setItem("scn/w/1/refused/z", "{}");
  const outbox = box(storage, offline);
  assert.deepEqual([outbox.waiting.size, outbox.refused.size, storage.length], [0, 0, 1]);
  assert.equal(storage.getItem("scn/w/2/out/00000000000000001/y"), "{}");
});

test("ids without randomUUID have its form", () => {
  const id = newId({ getRandomValues: (bytes) => globalThis.crypto.getRandomValues(bytes) });
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(id, newId());
});

test("a lost session that nothing waited for is forgotten when the server answers again", async () => {
  const outbox = box(new Memory(), saveAll);
  outbox.problem = { kind: "session", message: "signed out" };
  outbox.push([row("a")]);
  await outbox.flush();
  assert.deepEqual([outbox.waiting.size, outbox.problem], [0, null]);
  outbox.problem = { kind: "session", message: "signed out" };
  outbox.well();
  assert.equal(outbox.problem, null);
});

test("what was answered since is left as it is, and not listed as refused", async () => {
  const storage = new Memory();
  /** @type {string[][]} */
  const heard = [];
  /** @type {Options["on"]} */
  const on = {
    left: (entries) => heard.push(["left", ...entries.map(({ id }) => id)]),
    refused: () => heard.push(["refused"]),
    rounds: (rounds) => heard.push(["rounds", ...rounds.map(String)]),
  };
  const outbox = box(
    storage,
    async () => ({ saved: ["a"], refused: [{ id: "b", error: "since", code: "answered" }], in_review: [1] }),
    { on },
  );
  outbox.push([row("a"), row("b")]);
  await outbox.flush();
  assert.deepEqual(heard, [
    ["left", "b"],
    ["rounds", "1"],
  ]);
  assert.deepEqual([outbox.waiting.size, outbox.refused.size, storage.kept.size], [0, 0, 0]);
});

test("what another tab answers is known here at once, and sent from here where that tab does not", async () => {
  const storage = new Memory();
  const first = box(storage, offline);
  /** @type {string[]} */
  const arrived = [];
  /** @type {(() => void)[]} */
  const timers = [];
  /** @type {string[]} */
  const sent = [];
  const second = box(
    storage,
    async (rows) => {
      sent.push(...rows.map(({ id }) => id));
      return { saved: rows.map(({ id }) => id) };
    },
    { on: { arrived: (entries) => arrived.push(...entries.map(({ id }) => id)) }, setTimer: (run) => timers.push(run) },
  );
  first.push([row("a")]);
  const [[key, value]] = storage.kept;
  second.changedElsewhere(key, value);
  second.changedElsewhere(key, value);
  assert.deepEqual([arrived, second.waiting.size, timers.length], [["a"], 1, 1]);
  timers[0]();
  await second.flush();
  assert.deepEqual([sent, second.waiting.size, storage.kept.size], [["a"], 0, 0]);
});
