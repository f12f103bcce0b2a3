/** Faces with the same pixels: one answer settles all of them. */

import { ANSWERS, className } from "./faces.js";

/** @import { Answer, Entry, ExactCopy, Face, Tile } from "./types.js" */
/** @import { Store } from "./store.js" */

/**
 * The answer to a copy of a face that gives it the same label, or the same fate.
 * @param {ExactCopy} copy
 * @param {Answer} action on the face
 * @param {number|null} label that the answer stands for
 * @returns {{action: Answer, label: number|null}}
 */
export function answerToCopy(copy, action, label) {
  if (label === null) return { action, label };
  if (label === copy.given) return { action: "keep", label };
  return { action: label === copy.proposed ? "accept" : "relabel", label };
}

/**
 * The same answer for the copies of a face that is answered.
 * @param {Face} face
 * @param {{action: Answer|"skip", label: number|null}} meant
 * @param {(sample: number) => Entry} blank an entry that says nothing yet
 * @param {Store} store
 * @returns {Entry[]} none for a skip
 */
export function copiesToo(face, { action, label }, blank, store) {
  if (action === "skip") return [];
  return face.tile.copies.map((copy) => ({
    ...blank(copy.sample),
    ...answerToCopy(copy, action, label),
    before: answerOf(copy, store),
    shown: { given: copy.given, proposed: copy.proposed },
  }));
}

/**
 * Id of the answer that a copy has as far as this tab knows, be it on screen or not; null: none.
 * @param {ExactCopy} copy
 * @param {Store} store
 * @returns {string|null}
 */
function answerOf({ sample, decision }, store) {
  const face = store.faces.get(sample);
  if (face) return face.tile.decision;
  const answers = decision ? [decision] : [];
  for (const entry of store.entriesOf(sample)) {
    const change = entry.action === "undo" ? entry.local : { root: entry, live: true };
    if (!change || !ANSWERS.some((answer) => answer === change.root.action)) continue;
    const at = answers.lastIndexOf(change.root.id);
    if (change.live && at < 0) answers.push(change.root.id);
    if (!change.live && at >= 0) answers.splice(at, 1);
  }
  return answers.at(-1) ?? null;
}

/**
 * What one answer settles beside the face: "same picture as 2 others, labelled 4 sad"; empty: nothing.
 * @param {Pick<Tile, "copies"|"given">} tile
 * @param {string[]} classes
 */
export function copyWords({ copies, given }, classes) {
  if (!copies.length) return "";
  const others = [...new Set(copies.map((copy) => copy.given))].filter((label) => label !== given);
  const labels = others.map((label) => className(classes, label)).join(" and ");
  const also = copies.length === 1 ? "1 other face" : `${copies.length} other faces`;
  return `same picture as ${also}${labels && `, labelled ${labels}`}: one answer settles all`;
}
