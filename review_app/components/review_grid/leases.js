/** Keeps the leases of this tab alive while somebody works here, and lets go of them at the end. */

import { newId } from "./outbox.js";

const RENEW_MS = 30000;
const IDLE_MS = 600000;
const LONGEST_MS = 2000;
const TAB_ALIVE_MS = 120000; // as long as a lease

let letting = Promise.resolve();

/** Settles when the last release is done: one that came after a claim would give away what was just claimed. */
export function released() {
  return Promise.race([letting, new Promise((done) => setTimeout(done, LONGEST_MS))]);
}

/**
 * What the tabs of one person hold, in localStorage: the server knows people, not tabs, and a tab that goes must not let
 * go of what another one shows.
 */
class Tabs {
  /** @param {Storage|null} storage @param {string} prefix of this workspace and person */
  constructor(storage, prefix) {
    Object.assign(this, { storage, place: `${prefix}tab/`, id: newId() });
  }

  /** @param {number[]} items this tab holds now */
  tell(items) {
    this.#safely(() => this.storage?.setItem(this.place + this.id, JSON.stringify({ at: Date.now(), items })), null);
  }

  /** This tab goes. @returns {Set<number>} items that other tabs hold */
  leave() {
    return this.#safely(() => {
      this.storage?.removeItem(this.place + this.id);
      const keys = Object.keys(this.storage ?? {}).filter((key) => key.startsWith(this.place));
      const told = keys.map((key) => [key, JSON.parse(this.storage.getItem(key))]);
      for (const [key, { at }] of told) if (Date.now() - at > TAB_ALIVE_MS) this.storage.removeItem(key);
      return new Set(told.filter(([, { at }]) => Date.now() - at <= TAB_ALIVE_MS).flatMap(([, { items }]) => items));
    }, new Set());
  }

  #safely(run, otherwise) {
    try {
      return run();
    } catch {
      return otherwise; // without storage tabs know nothing of each other
    }
  }
}

export class Leases {
  /**
   * @param {object} options
   * @param {import("./net.js").Net} options.net
   * @param {import("./store.js").Store} options.store
   * @param {Storage|null} options.storage
   * @param {string} options.prefix
   * @param {(faces: object[]) => void} options.lost
   */
  constructor({ net, store, storage, prefix, lost }) {
    Object.assign(this, { net, store, lost, tabs: new Tabs(storage, prefix) });
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

  /** Tell the other tabs what this one holds. */
  tell() {
    this.tabs.tell(this.store.held().map((face) => face.item));
  }

  async renew() {
    this.tell();
    const held = this.store.held();
    if (!held.length) return;
    const at = this.store.clock();
    let answer;
    try {
      answer = await (await this.net.post("/api/lease", { renew: held.map((face) => face.item), release: [] })).json();
    } catch {
      return; // the next beat tries again; what was lost meanwhile shows then
    }
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
      letting = this.net.post("/api/lease", { renew: [], release: items }, { keepalive: true }).then(
        () => {},
        () => {},
      );
    }
  }

  close() {
    clearInterval(this.timer);
    this.release();
  }
}
