/** What the tabs of one person keep in localStorage: JSON under keys that begin alike, one key for each thing. */

import { counted } from "./faces.js";

export class Kept {
  /** @param {Storage|null} storage null where the browser has none @param {string} prefix of all keys */
  constructor(storage, prefix) {
    this.storage = storage;
    this.prefix = prefix;
    /** Whether what is written is kept; false: it lives in this tab's memory alone. */
    this.safe = this.#works();
  }

  #works() {
    try {
      if (!this.storage) return false;
      this.storage.setItem(`${this.prefix}test`, "1");
      this.storage.removeItem(`${this.prefix}test`);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Keys with their values, in order. Of none that is not JSON, which is removed, and of none that is null.
   * @param {string} kind how the keys go on after the prefix
   * @returns {{key: string, value: unknown}[]}
   */
  read(kind) {
    const { storage } = this;
    if (!storage) return [];
    const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? "");
    const wanted = keys.filter((key) => key.startsWith(`${this.prefix}${kind}/`)).sort();
    return wanted
      .map((key) => ({ key, value: this.#parsed(key, storage.getItem(key)) }))
      .filter(({ value }) => value !== null);
  }

  /** @param {string} key @param {string|null} text @returns {unknown} */
  #parsed(key, text) {
    try {
      return JSON.parse(text ?? "");
    } catch {
      // Not ours, or cut short by a crash while it was written: it never was whole.
      this.remove(key);
      return null;
    }
  }

  /** @param {string} key @param {unknown} value */
  write(key, value) {
    if (!this.safe) return;
    try {
      this.storage?.setItem(key, JSON.stringify(value));
    } catch {
      this.safe = false; // full: what follows lives in memory, and the pill says so
    }
  }

  /** @param {string} key */
  remove(key) {
    try {
      this.storage?.removeItem(key);
    } catch {
      // A storage that went away has nothing left to remove.
    }
  }
}

/**
 * How many answers of other people wait in this browser, in the same workspace, for them to sign in again.
 * @param {Storage|null} storage @param {string} prefix of the keys of the person here: scn/WORKSPACE/PERSON/
 * @returns {number}
 */
export function waitingOfOthers(storage, prefix) {
  const workspace = prefix.slice(0, prefix.lastIndexOf("/", prefix.length - 2) + 1);
  try {
    const keys = Array.from({ length: storage?.length ?? 0 }, (_, at) => storage?.key(at) ?? "");
    return keys.filter((key) => key.startsWith(workspace) && !key.startsWith(prefix) && key.includes("/out/")).length;
  } catch {
    return 0; // a storage that went away
  }
}

/** "3 answers of another person wait in this browser"; empty: none do. @param {number} count */
export function othersWords(count) {
  return count ? `${counted(count, "answer")} of another person ${count === 1 ? "waits" : "wait"} in this browser` : "";
}
