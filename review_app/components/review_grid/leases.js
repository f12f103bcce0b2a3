/** Keeps the leases of this tab alive while somebody works here, and lets go of them at the end. */

import { newId } from "./outbox.js";

/** @import { Face, LeaseRequest, LeaseResponse } from "./types.js" */

const RENEW_MS = 30000;
const IDLE_MS = 600000;
const MAX_RELEASE_MS = 2000;
const TAB_ALIVE_MS = 120000; // as long as a lease

/** @type {Promise<void>} */
let releasing = Promise.resolve();

/** Settles when the last release is done: one that came after a claim would give away what was just claimed. */
export function released() {
  return Promise.race([releasing, new Promise((done) => setTimeout(done, MAX_RELEASE_MS))]);
}

/**
 * What the tabs of one person hold, in localStorage: the server knows people, not tabs, and a tab that goes must not let
 * go of what another one shows.
 */
class Tabs {
  /** @param {Storage|null} storage @param {string} prefix of this workspace and person */
  constructor(storage, prefix) {
    this.storage = storage;
    this.place = `${prefix}tab/`;
    this.id = newId();
  }

  /** Let the other tabs know. @param {number[]} items this tab holds now */
  write(items) {
    try {
      this.storage?.setItem(this.place + this.id, JSON.stringify({ at: Date.now(), items }));
    } catch {
      // Without storage tabs know nothing of each other.
    }
  }

  /** This tab goes. @returns {Set<number>} items that other tabs hold */
  leave() {
    try {
      this.storage?.removeItem(this.place + this.id);
      return new Set(this.storage ? this.#readOthers(this.storage) : []);
    } catch {
      return new Set();
    }
  }

  /** Items of the tabs that are alive. What cannot be read, and what dead ones left, is removed. @param {Storage} storage */
  #readOthers(storage) {
    const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? "");
    return keys
      .filter((key) => key.startsWith(this.place))
      .flatMap((key) => {
        const tab = readTab(storage.getItem(key));
        if (tab && Date.now() - tab.at <= TAB_ALIVE_MS) return tab.items;
        storage.removeItem(key);
        return [];
      });
  }
}

/** @param {string|null} text @returns {{at: number, items: number[]}|null} null: cut short by a crash, or not ours */
function readTab(text) {
  try {
    const tab = JSON.parse(text ?? "");
    return typeof tab?.at === "number" && Array.isArray(tab.items) ? tab : null;
  } catch {
    return null;
  }
}

/** @typedef {(rounds: number[], today: number) => void} Heard rounds that take answers; faces answered today */

export class Leases {
  /**
   * @param {object} options
   * @param {import("./net.js").Net} options.net
   * @param {import("./store.js").Store} options.store
   * @param {Storage|null} options.storage
   * @param {string} options.prefix
   * @param {(faces: Face[]) => void} options.lost leased to us no more
   * @param {Heard} options.heard
   */
  constructor({ net, store, storage, prefix, lost, heard }) {
    this.net = net;
    this.store = store;
    this.lost = lost;
    this.heard = heard;
    this.tabs = new Tabs(storage, prefix);
    this.input = Date.now();
    this.timer = setInterval(() => {
      if (Date.now() - this.input < IDLE_MS) this.renew();
    }, RENEW_MS);
  }

  /** Somebody is here. After a long absence the leases are looked at before anything else. */
  active() {
    const away = Date.now() - this.input;
    this.input = Date.now();
    if (away > IDLE_MS) this.renew();
  }

  /** Let the other tabs know what this one holds. */
  publish() {
    this.tabs.write(this.store.held().map((face) => face.item));
  }

  async renew() {
    this.publish();
    const held = this.store.held();
    const at = this.store.clock();
    /** @type {LeaseResponse} */
    let answer;
    try {
      answer = await (await this.#post({ renew: held.map((face) => face.item), release: [] })).json();
    } catch {
      return; // the next beat tries again; what was lost meanwhile shows then
    }
    this.heard(answer.in_review, answer.today);
    const still = new Set(answer.held);
    for (const face of held) if (still.has(face.item) && face.held === "maybe") face.held = true;
    const gone = this.store.lose(
      held.map((face) => face.item).filter((item) => !still.has(item)),
      at,
    );
    if (gone.length) this.lost(gone);
  }

  /** Let others have what is not answered. By a request that outlives the page. */
  release() {
    const elsewhere = this.tabs.leave();
    const items = this.store
      .held()
      .filter((face) => !face.pending && !elsewhere.has(face.item))
      .map((face) => face.item);
    if (items.length && this.net.token) {
      releasing = this.#post({ renew: [], release: items }, { keepalive: true }).then(
        () => {},
        () => {},
      );
    }
  }

  /** @param {LeaseRequest} body @param {{keepalive?: boolean}} [options] */
  #post(body, options) {
    return this.net.post("/api/lease", body, options);
  }

  close() {
    clearInterval(this.timer);
    this.release();
  }
}
