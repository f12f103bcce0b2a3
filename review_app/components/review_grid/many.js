/** One answer to many faces at once: whose it is, and which faces stay open and why. */

import { copiesToo, saysTwoThings, staysWords } from "./copies.js";
import { counted, meaning, suggestionOf } from "./faces.js";

/** @import { Answer, Entry, Face } from "./types.js" */
/** @import { Store } from "./store.js" */

/** @typedef {{action: Answer|"skip", label: number|null}} Meant */

/**
 * Entries for the faces that the answer can be given to, and for their copies.
 * @param {Face[]} faces
 * @param {Answer|"skip"} action
 * @param {number|null} label of a relabel
 * @param {object} make
 * @param {Store} make.store
 * @param {(face: Face, meant: Meant) => Entry} make.entry
 * @param {(sample: number) => Entry} make.blank an entry that says nothing yet
 * @param {boolean} make.proposedOnly accept proposals alone, not what is likeliest beside the given label
 * @returns {{entries: Entry[], answered: number, stay: string[]}} answered: how many are for `faces` themselves, the
 *   others for copies; stay: which faces stay as they are, in words
 */
export function answersToMany(faces, action, label, { store, entry, blank, proposedOnly }) {
  /** @type {{face: Face, meant: Meant}[]} */
  const answered = [];
  /** @type {Face[]} */
  const without = [];
  let unseen = 0;
  let audit = 0;
  let differ = 0;
  /** Faces whose answer does not come from a copy's. */
  const settled = new Set();
  for (const face of faces) {
    if (face.state === "taken" || face.state === "gone") continue;
    if (face.tile.kind === "audit" && action !== "skip") {
      audit += 1; // they measure how many labels are wrong: each is looked at, or not answered
      continue;
    }
    const unproposed = action === "accept" && suggestionOf(face.tile) !== null;
    if (unproposed && (proposedOnly || face.tile.copies.some((copy) => copy.proposed !== null))) {
      without.push(face); // a proposal for a copy settles it too
      continue;
    }
    if (saysTwoThings(face.tile, action)) {
      differ += 1;
      settled.add(face.sample);
      continue;
    }
    const meant = meaning(face.tile, action, label, store.me);
    if ("problem" in meant && meant.unseen) unseen += 1;
    else if ("problem" in meant) without.push(face);
    else settled.add(face.sample);
    if (!("problem" in meant) && !("same" in meant)) answered.push({ face, meant });
  }
  /** @type {Entry[]} */
  const entries = [];
  /** @type {Map<number, string>} */
  const others = new Map();
  for (const { face, meant } of answered) {
    const copies = copiesToo(face, meant, blank, store);
    entries.push(entry(face, meant));
    for (const too of copies.entries) if (!settled.has(too.sample)) entries.push(too);
    for (const { sample } of copies.entries) settled.add(sample);
    for (const [sample, by] of copies.others) if (!settled.has(sample)) others.set(sample, by);
  }
  const open = without.filter((face) => !settled.has(face.sample)).length;
  const stay = [
    staysWords(others),
    open ? `${open} without a proposal ${open === 1 ? "stays" : "stay"} open` : "",
    unseen ? `${unseen} that nobody can see ${unseen === 1 ? "stays" : "stay"} open` : "",
    audit ? `${audit} audit ${audit === 1 ? "face needs an answer of its own" : "faces need answers of their own"}` : "",
    differ ? `${counted(differ, "copy", "copies")} with different ${action === "keep" ? "labels" : "proposals"} ${differ === 1 ? "needs an answer of its" : "need answers of their"} own` : "",
  ];
  return { entries, answered: answered.length, stay: stay.filter(Boolean) };
}
