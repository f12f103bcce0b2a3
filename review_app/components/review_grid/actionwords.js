/** What people did, in words. Pure. */

import { className } from "./faces.js";

/** @import { Action, DecisionBrief } from "./types.js" */

/** @type {Record<Exclude<Action, "relabel">, string>} */
const WORDS = {
  accept: "accepted",
  keep: "kept",
  unsure: "unsure",
  exclude: "excluded",
  skip: "skipped",
  flag: "flagged",
  note: "note",
  undo: "undo",
};

/** An action in words. @param {Action} action @param {number|null} label of a relabel @param {string[]} classes */
export function wordOf(action, label, classes) {
  return action === "relabel" ? `relabelled to ${className(classes, label)}` : WORDS[action];
}

/**
 * What one undo takes back: "kept"; "2 × kept, 1 × relabelled to sad".
 * @param {Pick<DecisionBrief, "action"|"label">[]} roots one or more
 * @param {string[]} classes
 */
export function unitWords(roots, classes) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { action, label } of roots) {
    const word = wordOf(action, label, classes);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return roots.length === 1 ? [...counts.keys()][0] : [...counts].map(([word, count]) => `${count} × ${word}`).join(", ");
}
