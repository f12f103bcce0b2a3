/** What the tabs of one person keep in localStorage: JSON under keys that begin alike, one key for each thing. */

export class Kept {
  /** @param {Storage|null} storage null where the browser has none @param {string} prefix of all keys */
  constructor(storage, prefix) {
    Object.assign(this, { storage, prefix });
    /** Whether what is written is kept; false: it lives in this tab's memory alone. */
    this.safe = this.#works();
  }

  #works() {
    try {
      this.storage.setItem(`${this.prefix}test`, "1");
      this.storage.removeItem(`${this.prefix}test`);
      return true;
    } catch {
      return false;
    }
  }

  /** @param {string} kind how the keys go on after the prefix @returns {[string, any][]} keys with values, in order */
  read(kind) {
    const keys = [];
    for (let at = 0; at < this.storage.length; at += 1) keys.push(this.storage.key(at));
    const wanted = keys.filter((key) => key.startsWith(`${this.prefix}${kind}/`)).sort();
    return wanted.map((key) => [key, this.#parsed(key)]).filter(([, value]) => value !== null);
  }

  #parsed(key) {
    try {
      return JSON.parse(this.storage.getItem(key));
    } catch {
      // Not ours, or cut short by a crash while it was written: it never was whole.
      this.remove(key);
      return null;
    }
  }

  write(key, value) {
    if (!this.safe) return;
    try {
      this.storage.setItem(key, JSON.stringify(value));
    } catch {
      this.safe = false; // full: what follows lives in memory, and the pill says so
    }
  }

  remove(key) {
    try {
      this.storage?.removeItem(key);
    } catch {
      // A storage that went away has nothing left to remove.
    }
  }
}
