/** Faces and entries that tests begin with. */

/** @import { Entry, Tile } from "./review_grid/types.js" */

/**
 * An open face with a proposal.
 * @type {Tile}
 */
export const OPEN = {
  item: 1,
  sample: 7,
  key: "faces/7.png",
  kind: "proposal",
  given: 1,
  original: 1,
  since: null,
  proposed: 3,
  alpha: 0.2,
  margin: 0.6,
  suspicion: 0.7,
  doubt: "none",
  second: null,
  bars: [[3, 0.8]],
  action: null,
  label: null,
  by: null,
  at: null,
  decision: null,
  flag: null,
  flagged: false,
  note: null,
  noteBy: null,
  skip: null,
  blind: false,
  copies: [],
  copiesApart: 0,
  issues: [],
  thumb: null,
  missing: null,
};

/**
 * "Keep", unless `more` says otherwise.
 * @param {string} id
 * @param {Partial<Entry>} [more]
 * @returns {Entry}
 */
export const entryOf = (id, more = {}) => ({
  id,
  round: 1,
  sample: 7,
  action: "keep",
  label: 1,
  undoes: null,
  text: null,
  bulk: null,
  before: null,
  blind: false,
  ms: 1,
  shown: {},
  ...more,
});

/**
 * A browser's storage.
 * @implements {Storage}
 */
export class Memory {
  constructor(room = Infinity) {
    /** @type {Map<string, string>} */
    this.kept = new Map();
    this.room = room;
  }
  get length() {
    return this.kept.size;
  }
  /** @param {number} at */
  key(at) {
    return [...this.kept.keys()].sort().reverse()[at] ?? null;
  } // browsers promise no order
  /** @param {string} key */
  getItem(key) {
    return this.kept.get(key) ?? null;
  }
  /** @param {string} key @param {string} value */
  setItem(key, value) {
    if (this.kept.size >= this.room) throw new Error("full");
    this.kept.set(key, value);
  }
  /** @param {string} key */
  removeItem(key) {
    this.kept.delete(key);
  }
  clear() {
    this.kept.clear();
  }
}
