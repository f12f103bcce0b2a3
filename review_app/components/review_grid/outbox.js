/**
 * Decisions on their way to the server. Each lies in localStorage under a key of its own until the server has said what
 * became of it, so neither a reload nor hours without a network lose one. Sending twice is harmless: ids are ours.
 */

import { Kept } from "./kept.js";
import { asProblem, Problem } from "./net.js";

/** @import { Decision, DecisionsResponse, Entry, Pace, Progress, RefusalCode } from "./types.js" */
/** @import { ProblemKind } from "./net.js" */

/** @typedef {{entry: Entry, error: string, code?: RefusalCode}} Refusal code: none in what older versions kept */
/** @typedef {Partial<DecisionsResponse>} Answer an answer that lacks something acknowledges nothing */

const BATCH = 200;
const KEEPALIVE_BYTES = 55000; // browsers refuse more than 64 KiB in flight
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30000;
const OTHERS_MS = 10000; // another tab that has not sent its decisions by then may be gone

/**
 * A random id, also on plain HTTP in a local network, where crypto.randomUUID is missing.
 * @param {Pick<Crypto, "getRandomValues"> & Partial<Pick<Crypto, "randomUUID">>} random
 */
export function newId(random = globalThis.crypto) {
  if (random.randomUUID) return random.randomUUID();
  const bytes = random.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * The wait before try number n in milliseconds: doubling, with jitter so that many tabs do not come back in step.
 * @param {number} tries
 * @param {() => number} random
 */
export function waitMs(tries, random = Math.random) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries) * (0.5 + random() / 2);
}

/** @typedef {ReturnType<typeof setTimeout>|number} TimerId */

/** @typedef {{pace?: Pace|null, progress?: Progress|null, elsewhere?: boolean}} Told with what was saved */

/**
 * @typedef {object} OutboxEvents
 * @property {() => void} [changed]
 * @property {(entries: Entry[], rest: Told) => void} [saved]
 * @property {(refusals: Refusal[]) => void} [refused]
 * @property {(entries: Entry[]) => void} [left] parts of a bulk answer to faces that were answered since they were shown
 * @property {(entries: Entry[]) => void} [arrived] made in another tab, and not acknowledged yet
 * @property {(rounds: number[]) => void} [rounds] that take answers
 */

export class Outbox {
  /**
   * @param {object} options
   * @param {Storage|null} options.storage
   * @param {string} options.prefix of this workspace and person
   * @param {(decisions: Decision[], keepalive: boolean) => Promise<Answer>} options.send
   * @param {OutboxEvents} [options.on]
   * @param {(run: () => void, ms: number) => TimerId} [options.setTimer]
   * @param {(id: TimerId) => void} [options.clearTimer]
   * @param {() => number} [options.random]
   */
  constructor({
    storage,
    prefix,
    send,
    on = {},
    setTimer = (run, ms) => setTimeout(run, ms),
    clearTimer = (id) => clearTimeout(id),
    random = Math.random,
  }) {
    this.prefix = prefix;
    this.send = send;
    this.on = on;
    this.setTimer = setTimer;
    this.clearTimer = clearTimer;
    this.random = random;
    this.kept = new Kept(storage, prefix);
    /** @type {Map<string, {key: string, entry: Entry}>} by decision id, in order */
    this.waiting = new Map();
    /** @type {Map<string, Refusal>} */
    this.refused = new Map();
    /** @type {{kind: ProblemKind, message: string}|null} why the last try failed */
    this.problem = null;
    this.tries = 0;
    this.last = 0;
    /** @type {Promise<void>|null} */
    this.flying = null;
    /** @type {TimerId|null} */
    this.timer = null;
    /** @type {TimerId|null} */
    this.others = null;
    this.closed = false;
    if (this.safe) this.#read();
  }

  #read() {
    for (const { key, value } of this.kept.read("out")) {
      const entry = /** @type {Entry} */ (value);
      if (entry.id) this.waiting.set(entry.id, { key, entry });
      else this.kept.remove(key); // JSON, but nothing of ours
      this.last = Math.max(this.last, Number(key.slice(this.prefix.length + 4).split("/")[0]) || 0);
    }
    for (const { key, value } of this.kept.read("refused")) {
      const { entry, error, code } = /** @type {Partial<Refusal>} */ (value);
      if (entry?.id && error) this.refused.set(entry.id, { entry, error, code });
      else this.kept.remove(key);
    }
    for (const id of this.refused.keys()) if (this.waiting.has(id)) this.#drop(id);
  }

  /** Read what the other tabs left in the storage while nobody told this one. @returns {Outbox} */
  reread() {
    if (this.safe) {
      this.refused.clear();
      this.#read();
    }
    return this;
  }

  /** @returns {boolean} whether a reload loses nothing */
  get safe() {
    return this.kept.safe;
  }

  /** @returns {Entry[]} not yet acknowledged, oldest first */
  get entries() {
    return Array.from(this.waiting.values(), ({ entry }) => entry);
  }

  /** Keep these and send them at once. @param {Entry[]} entries */
  push(entries) {
    for (const entry of entries) {
      this.last = Math.max(this.last + 1, Date.now() * 1000);
      const key = `${this.prefix}out/${String(this.last).padStart(17, "0")}/${entry.id}`;
      this.waiting.set(entry.id, { key, entry });
      this.kept.write(key, entry);
    }
    this.on.changed?.();
    if (this.timer === null) this.flush(); // otherwise the next try is set already
  }

  /** The server has just answered something else. */
  well() {
    if (!this.problem) return;
    if (this.waiting.size) this.flush();
    else {
      this.problem = null;
      this.on.changed?.();
    }
  }

  /** Send what waits, now; one request at a time, so that the order holds. @returns {Promise<void>} */
  flush() {
    if (this.timer !== null) this.clearTimer(this.timer);
    this.timer = null;
    this.flying ??= this.#sendAll().finally(() => {
      this.flying = null;
    });
    return this.flying;
  }

  async #sendAll() {
    while (this.waiting.size && !this.closed) {
      try {
        await this.#sendSome(this.entries.slice(0, BATCH));
      } catch (problem) {
        this.#failed(problem);
        return;
      }
      this.problem = null;
      this.tries = 0;
      this.on.changed?.();
    }
  }

  /**
   * Where a whole request is refused, find the decision that does it, so that it does not hold up the rest.
   * @param {Entry[]} batch
   * @returns {Promise<void>}
   */
  async #sendSome(batch) {
    try {
      this.#settle(batch, await this.send(batch.map(wire), false));
    } catch (error) {
      const problem = asProblem(error);
      if (problem.kind !== "refused") throw problem;
      if (batch.length > 1) await this.#sendSome(batch.slice(0, Math.ceil(batch.length / 2)));
      else this.#settle(batch, { saved: [], refused: [{ id: batch[0].id, error: problem.message, code: "invalid" }] });
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    const { kind, message } = asProblem(error);
    this.problem = { kind, message };
    this.on.changed?.();
    if (this.closed) return;
    this.timer = this.setTimer(() => this.flush(), waitMs(this.tries, this.random));
    this.tries += 1;
  }

  /** @param {Entry[]} batch @param {Answer} answer */
  #settle(batch, { saved = [], refused = [], in_review: rounds, ...rest }) {
    const sent = new Map(batch.map((entry) => [entry.id, entry]));
    const done = saved.flatMap((id) => this.waiting.get(id)?.entry ?? []);
    const said = refused.flatMap(({ id, error, code }) => {
      const entry = this.waiting.get(id) && (sent.get(id) ?? this.waiting.get(id)?.entry);
      return entry ? [{ entry, error, code }] : [];
    });
    const left = said.filter(({ code }) => code === "answered").map(({ entry }) => entry);
    const bad = said.filter(({ code }) => code !== "answered");
    for (const one of bad) {
      this.refused.set(one.entry.id, one);
      this.kept.write(`${this.prefix}refused/${one.entry.id}`, one);
    }
    for (const { id } of [...done, ...said.map(({ entry }) => entry)]) this.#drop(id);
    if (!done.length && !said.length && batch.some(({ id }) => this.waiting.has(id))) {
      throw new Problem("server", "the server named none of the decisions sent");
    }
    if (done.length) this.on.saved?.(done, rest);
    if (left.length) this.on.left?.(left);
    if (bad.length) this.on.refused?.(bad);
    if (rounds) this.on.rounds?.(rounds);
  }

  /** @param {string} id */
  #drop(id) {
    const kept = this.waiting.get(id);
    if (kept) this.kept.remove(kept.key);
    this.waiting.delete(id);
  }

  /** The tab may be gone in a moment: send what fits by a request that outlives it. */
  sendLast() {
    /** @type {Entry[]} */
    const batch = [];
    let bytes = 20;
    for (const entry of this.entries.slice(0, BATCH)) {
      bytes += new TextEncoder().encode(JSON.stringify(wire(entry))).length + 1;
      if (bytes > KEEPALIVE_BYTES) break;
      batch.push(entry);
    }
    if (!batch.length) return;
    this.send(batch.map(wire), true)
      .then(
        (answer) => this.#settle(batch, answer),
        () => {},
      )
      .then(() => this.on.changed?.());
  }

  /**
   * Another tab of the same person made an entry or was told what became of it, or its person has read why it was refused.
   * @param {string} key of localStorage
   * @param {string|null} value null: removed
   */
  changedElsewhere(key, value) {
    if (!key.startsWith(this.prefix)) return;
    const id = key.slice(key.lastIndexOf("/") + 1);
    const kept = this.waiting.get(id);
    if (key.startsWith(`${this.prefix}refused/`)) {
      this.refused.delete(id);
      if (value !== null) {
        /** @type {Refusal} */
        const refusal = JSON.parse(value);
        this.waiting.delete(id);
        this.refused.set(id, refusal);
        this.on.refused?.([refusal]);
      }
    } else if (value !== null && !kept && key.startsWith(`${this.prefix}out/`)) {
      /** @type {Entry} */
      const entry = JSON.parse(value);
      this.waiting.set(id, { key, entry });
      this.on.arrived?.([entry]);
      this.others ??= this.setTimer(() => {
        this.others = null;
        if (this.timer === null && this.waiting.size) this.flush();
      }, OTHERS_MS);
    } else if (value === null && kept) {
      this.waiting.delete(id);
      if (!this.refused.has(id)) this.on.saved?.([kept.entry], { elsewhere: true });
    } else return;
    this.on.changed?.();
  }

  /** The person has read why these were refused. */
  dismiss() {
    for (const id of this.refused.keys()) this.kept.remove(`${this.prefix}refused/${id}`);
    this.refused.clear();
    this.on.changed?.();
  }

  close() {
    this.sendLast();
    this.closed = true;
    for (const timer of [this.timer, this.others]) if (timer !== null) this.clearTimer(timer);
  }
}

/** What is sent of an entry. @param {Entry} entry @returns {Decision} */
function wire({ local: _, ...decision }) {
  return decision;
}
