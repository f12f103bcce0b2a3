/** Faces with the same pixels: one answer settles those that nobody else has answered. */

import { ANSWERS, changeOf, className, counted, suggestionOf } from "./faces.js";

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
 * The same answer for the copies of a face that is answered. What somebody else answered stays.
 * @param {Face} face
 * @param {{action: Answer|"skip", label: number|null}} meant
 * @param {(sample: number) => Entry} blank an entry that says nothing yet
 * @param {Store} store
 * @returns {{entries: Entry[], others: Map<number, string>}} none for a skip; others: who answered the copies that stay,
 *   by the copy's sample
 */
export function copiesToo(face, { action, label }, blank, store) {
  /** @type {Entry[]} */
  const entries = [];
  /** @type {Map<number, string>} */
  const others = new Map();
  if (action === "skip") return { entries, others };
  for (const copy of face.tile.copies) {
    const { id, by } = answerOf(copy, store);
    if (id && by && by !== store.me) others.set(copy.sample, by);
    else
      entries.push({
        ...blank(copy.sample),
        ...answerToCopy(copy, action, label),
        before: id,
        shown: { given: copy.given, proposed: copy.proposed },
      });
  }
  return { entries, others };
}

/**
 * The answer that a copy has as far as this tab knows, be it on screen or not.
 * @param {ExactCopy} copy
 * @param {Store} store
 * @returns {{id: string|null, by: string|null}} null: none
 */
function answerOf({ sample, decision, by }, store) {
  const face = store.faces.get(sample);
  if (face) return { id: face.tile.decision, by: face.tile.by };
  const answers = decision ? [decision] : [];
  for (const entry of store.entriesOf(sample)) {
    const change = changeOf(entry);
    if (!change || !ANSWERS.some((answer) => answer === change.root.action)) continue;
    const at = answers.lastIndexOf(change.root.id);
    if (change.live && at < 0) answers.push(change.root.id);
    if (!change.live && at >= 0) answers.splice(at, 1);
  }
  const id = answers.at(-1) ?? null;
  return { id, by: id === decision ? by : store.me };
}

/**
 * Whether an answer to many at once, each in the words of its own labels, would say two things of the same picture.
 * @param {Pick<Tile, "copies"|"kind"|"given"|"proposed"|"blind"|"bars">} tile
 * @param {Answer|"skip"} action
 */
export function saysTwoThings(tile, action) {
  const { copies, given, proposed } = tile;
  // The likeliest class but the given one differs with the given one.
  if (action === "keep" || (action === "accept" && suggestionOf(tile) !== null))
    return copies.some((copy) => copy.given !== given);
  return action === "accept" && proposed !== null && copies.some((copy) => copy.proposed !== null && copy.proposed !== proposed);
}

/** "1 copy was answered by lead and stays"; empty: none was. @param {Map<number, string>} others of `copiesToo` */
export function staysWords(others) {
  if (!others.size) return "";
  const who = [...new Set(others.values())].join(" and ");
  const one = others.size === 1;
  return `${counted(others.size, "copy", "copies")} ${one ? "was" : "were"} answered by ${who} and ${one ? "stays" : "stay"}`;
}

/**
 * What one answer settles beside the face: "same picture as 2 others, labelled 4 sad"; empty: nothing.
 * @param {Pick<Tile, "copies"|"copiesApart"|"given">} tile
 * @param {string[]} classes
 * @param {string} me name of the person here
 */
export function copyWords({ copies, copiesApart, given }, classes, me) {
  if (!copies.length && !copiesApart) return "";
  const labels = [...new Set(copies.map((copy) => copy.given))].filter((label) => label !== given);
  const named = labels.map((label) => className(classes, label)).join(" and ");
  const stay = new Map(copies.flatMap(({ sample, by }) => (by && by !== me ? [[sample, by]] : [])));
  const settles = stay.size ? "one answer settles all that others have not answered" : "one answer settles all";
  const said = [
    copies.length
      ? `same picture as ${counted(copies.length, "other face")}${named && `, labelled ${named}`}: ${settles}`
      : "",
    staysWords(stay),
    copiesApart
      ? `${counted(copiesApart, "copy", "copies")} ${copiesApart === 1 ? "is" : "are"} asked about separately, as ${copiesApart === 1 ? "an audit face" : "audit faces"}`
      : "",
  ];
  return said.filter(Boolean).join("; ");
}

/**
 * The same in short, for the picture: "settles 2 copies, 1 stays"; empty: nothing.
 * @param {Pick<Tile, "copies"|"copiesApart">} tile
 * @param {string} me
 */
export function copySign({ copies, copiesApart }, me) {
  const stay = copies.filter(({ by }) => by && by !== me).length;
  const settles = copies.length - stay;
  const said = [
    settles ? `settles ${counted(settles, "copy", "copies")}` : "",
    stay ? `${counted(stay, "copy", "copies")} answered` : "",
    copiesApart ? `${counted(copiesApart, "copy", "copies")} asked apart` : "",
  ];
  return said.filter(Boolean).join(", ");
}
