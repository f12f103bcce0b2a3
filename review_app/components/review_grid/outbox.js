/**
 * Decisions on their way to the server. Each lies in localStorage under a key of its own until the server has said what
 * became of it, so neither a reload nor hours without a network lose one. Sending twice is harmless: ids are ours.
 */

import { Kept } from "./kept.js";
import { asProblem, Problem } from "./net.js";
import { mayHelp, replaces, wrongOf } from "./refusals.js";
import { waitMs } from "./retry.js";

/** @import { Decision, DecisionsResponse, Entry, Pace, Progress, RefusalCode } from "./types.js" */
/** @import { ProblemKind } from "./net.js" */

/**
 * code: none in what older versions kept; key: where the entry was kept, which says when it was made, likewise
 * @typedef {{entry: Entry, error: string, code?: RefusalCode, key?: string}} Refusal
 */
/** @typedef {Partial<DecisionsResponse>} Answer an answer that lacks something acknowledges nothing */

const BATCH = 200;
const KEEPALIVE_BYTES = 55000; // browsers refuse more than 64 KiB in flight
const TOO_LARGE = 413;
const OTHERS_MS = 10000; // another tab that has not sent its decisions by then may be gone

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
    /** @type {Refusal[]} */
    const refusals = [];
    for (const { key, value } of this.kept.read("refused")) {
      const { entry, error, code, key: made } = /** @type {Partial<Refusal>} */ (value);
      if (entry?.id && error) refusals.push({ entry, error, code, key: made });
      else this.kept.remove(key);
    }
    refusals.sort((a, b) => ((a.key ?? "") < (b.key ?? "") ? -1 : 1));
    for (const refusal of refusals) this.refused.set(refusal.entry.id, refusal);
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
      // An answer given anew: the one that was refused is not to be sent after it.
      for (const { entry: old } of this.refused.values()) if (replaces(entry, old)) this.#forget(old.id);
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
   * Where a whole request is refused for one decision, that one does not hold up the rest. Nothing else that is answered is
   * about the decisions: a server under another name, a proxy and a page for signing in refuse whatever is sent.
   * @param {Entry[]} batch
   * @returns {Promise<void>}
   */
  async #sendSome(batch) {
    try {
      this.#settle(batch, await this.send(batch.map(wire), false));
    } catch (error) {
      const problem = asProblem(error);
      const wrong = batch[wrongOf(problem)];
      if (wrong) this.#settle([wrong], { refused: [{ id: wrong.id, error: problem.message, code: "invalid" }] });
      else if (problem.status === TOO_LARGE && batch.length > 1) await this.#sendSome(batch.slice(0, Math.ceil(batch.length / 2)));
      else throw problem;
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
      const kept = this.waiting.get(id);
      return kept ? [{ entry: sent.get(id) ?? kept.entry, error, code, key: kept.key }] : [];
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
    for (const id of this.refused.keys()) this.#forget(id);
    this.on.changed?.();
  }

  /** Send once more what was refused, and may be taken now. @returns {Promise<void>} */
  resend() {
    const entries = [...this.refused.values()].filter(mayHelp).map(({ entry }) => entry);
    this.push(entries); // first: it is kept under either key whenever the tab ends
    for (const { id } of entries) this.#forget(id);
    this.on.arrived?.(entries);
    return this.flush();
  }

  /** @param {string} id of what was refused */
  #forget(id) {
    this.kept.remove(`${this.prefix}refused/${id}`);
    this.refused.delete(id);
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
