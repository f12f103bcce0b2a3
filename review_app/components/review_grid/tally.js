/** Numbers of the newest page's header, kept up with what was answered here since. */

import { ANSWERS, stateOf } from "./faces.js";

/** @import { Face, FaceState, PageHeader, Tile } from "./types.js" */
/** @import { Store } from "./store.js" */

/** @typedef {{given: number, proposed: number|null}} Pair */

/** The pair that a face is grouped by. @param {Pick<Tile, "given"|"proposed"|"kind">} tile @returns {Pair} */
export function pairOf({ given, proposed, kind }) {
  return { given, proposed: kind === "audit" ? null : proposed };
}

/** @param {Pair} pair */
export const pairKey = ({ given, proposed }) => `${given} ${proposed}`;

export class Tally {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** Faces of the round that this person answered. */
    this.checked = 0;
    /** Of these: they got another label. */
    this.wrong = 0;
    /** @type {Map<string, number>} faces to review, by pair */
    this.open = new Map();
  }

  /** A page has come. It was counted without the answers that the server has not confirmed yet. @param {PageHeader} header */
  headed({ checked, wrong, pair }) {
    this.checked = checked;
    this.wrong = wrong;
    if (pair) this.open.set(pairKey(pair), pair.open);
    for (const face of this.store.faces.values()) if (face.pending) this.#moved(face, stateOf(face.base), pair);
  }

  /**
   * Faces were answered, or answers taken back.
   * @param {Map<Face, FaceState>} before what they were
   */
  moved(before) {
    for (const [face, state] of before) this.#moved(face, state, pairOf(face.tile));
  }

  /** @param {Face} face @param {FaceState} was @param {Pair|null} pair whose number is not up to date */
  #moved(face, was, pair) {
    const steps = (/** @type {FaceState[]} */ states) => Number(states.includes(face.state)) - Number(states.includes(was));
    this.checked += steps([...ANSWERS]);
    this.wrong += steps(["accept", "relabel"]);
    const key = pairKey(pairOf(face.tile));
    const open = this.open.get(key);
    if (pair && open !== undefined && pairKey(pair) === key) this.open.set(key, Math.max(0, open + steps(["open"])));
  }
}
