/**
 * The stacks of undo and redo. Pure: no DOM, no network.
 *
 * A part names one decision (`root`) and `tip`, the row that the next undo or redo of it has to take back: the decision
 * itself at first, then the newest undo row of its chain. So undo and redo are the same step to and fro.
 */

/** @import { Change, DecisionBrief, Entry, HistoryResponse, HistoryUnit } from "./types.js" */

/**
 * @typedef {{root: DecisionBrief, tip: string}} Part
 * @typedef {{bulk: string|null, parts: Part[], moving?: {by: string|null, left: number}}} Unit
 *   moving: the undo that moves it to the other stack, and how many of its rows are yet to come
 * @typedef {{undoes: string, sample: number, local: Change}} UndoRow
 */

export class Stacks {
  constructor() {
    /** @type {Unit[]} the next one to undo is the last */
    this.undo = [];
    /** @type {Unit[]} */
    this.redo = [];
  }

  /**
   * Start from GET /api/history and put what is not stored yet on top.
   * @param {HistoryResponse} history
   * @param {Entry[]} entries of the outbox, in their order
   */
  load(history, entries) {
    this.undo = history.undo.map(unitOf).reverse();
    this.redo = history.redo.map(unitOf).reverse();
    for (const entry of entries) this.add(entry);
  }

  /**
   * Follow one entry, made now or found in the outbox. One that is in the stacks already changes nothing.
   * @param {Entry} entry
   */
  add(entry) {
    if (entry.action === "undo") this.#applyUndo(entry);
    else if (!this.#knows(entry.id)) this.#push(entry);
  }

  /** @param {string} id of a decision */
  #knows(id) {
    return [...this.undo, ...this.redo].some((unit) => unit.parts.some((part) => part.root.id === id));
  }

  /** @param {Entry} entry */
  #push(entry) {
    const { id, sample, action, label, text, bulk } = entry;
    const part = { root: { id, sample, action, label, text }, tip: id };
    this.redo = [];
    const last = this.undo.at(-1);
    if (bulk && last && last.bulk === bulk) last.parts.push(part);
    else this.undo.push({ bulk, parts: [part] });
  }

  /** @param {Entry} entry */
  #applyUndo(entry) {
    const found = this.#find(entry.undoes);
    if (!found) return;
    const { from, unit, part } = found;
    part.tip = entry.id;
    // The parts of one unit move together: the first one moves the unit, the others only renew their tips.
    if (unit.moving && unit.moving.by === entry.bulk && entry.bulk !== null && unit.moving.left > 0) {
      unit.moving.left -= 1;
      return;
    }
    from.splice(from.indexOf(unit), 1);
    const to = from === this.undo ? this.redo : this.undo;
    unit.moving = { by: entry.bulk, left: unit.parts.length - 1 };
    to.push(unit);
  }

  /** @param {string|null} tip */
  #find(tip) {
    for (const from of [this.undo, this.redo]) {
      for (let at = from.length - 1; at >= 0; at -= 1) {
        const part = from[at].parts.find((one) => one.tip === tip);
        if (part) return { from, unit: from[at], part };
      }
    }
    return null;
  }

  /** The tip of the chain that begins with this decision. @param {string} id */
  tipOf(id) {
    for (const unit of [...this.undo, ...this.redo]) {
      const part = unit.parts.find((one) => one.root.id === id);
      if (part) return part.tip;
    }
    return id;
  }

  /**
   * The rows that take the newest unit back (or bring it back), not yet followed.
   * @param {"undo"|"redo"} which
   * @returns {UndoRow[]|null} null: nothing there
   */
  next(which) {
    const unit = this[which].at(-1);
    if (!unit) return null;
    return unit.parts.map(({ root, tip }) => ({
      undoes: tip,
      sample: root.sample,
      local: { root, live: which === "redo" },
    }));
  }
}

/** @param {HistoryUnit} unit @returns {Unit} */
function unitOf(unit) {
  const parts = unit.decisions.map((one, at) => {
    const { id, sample, action, label = null, text = null } = one;
    return { root: { id, sample, action, label, text }, tip: unit.redo_of?.[at] ?? id };
  });
  return { bulk: unit.bulk ?? null, parts: parts.reverse() }; // the server lists the newest first
}
