/** Numbers of the newest page's header, kept up with what was answered here since. */

import { ANSWERS, stateOf } from "./faces.js";

/** @import { Action, Face, FaceState, PageHeader, Tile } from "./types.js" */
/** @import { Store } from "./store.js" */

/** @typedef {{given: number, proposed: number|null}} Pair */

/** The pair that a face is grouped by. @param {Pick<Tile, "given"|"proposed"|"kind">} tile @returns {Pair} */
export function pairOf({ given, proposed, kind }) {
  return { given, proposed: kind === "audit" ? null : proposed };
}

/**
 * The pair that all faces of a page are of. A face asked about once more stands among them without its proposal.
 * @param {Pick<Face, "tile">[]} faces one or more
 */
export function pairOfPage(faces) {
  return pairOf((faces.find(({ tile }) => tile.kind !== "audit") ?? faces[0]).tile);
}

/** @param {Pair} pair */
export const pairKey = ({ given, proposed }) => `${given} ${proposed}`;

/** Whether an answer gives a face another label. @param {string|null} action */
const gaveAnother = (action) => action === "accept" || action === "relabel";

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
    this.started = false;
  }

  /**
   * A page has come. Whether it was counted with an answer that was on its way meanwhile is not known: then what was
   * counted here stays.
   * @param {PageHeader} header
   * @param {number} at when the page was asked for, by the store's clock
   */
  headed({ checked, wrong, pair }, at) {
    const exact = !this.store.since(at).length;
    const all = exact || !this.started;
    const group = pair && (exact || !this.open.has(pairKey(pair))) ? pair : null;
    if (all) Object.assign(this, { checked, wrong, started: true });
    if (group) this.open.set(pairKey(group), group.open);
    for (const face of this.store.faces.values()) if (face.pending) this.#moved(face, stateOf(face.base), group, all);
  }

  /**
   * Faces were answered, or answers taken back.
   * @param {Map<Face, FaceState>} before what they were
   */
  moved(before) {
    for (const [face, state] of before) this.#moved(face, state, pairOf(face.tile));
  }

  /**
   * An answer to a face that this tab does not know was taken back, or brought back. Of which pair it is is not known.
   * @param {{was: Action|null, now: Action|null}} answer
   */
  changed({ was, now }) {
    this.checked += Number(now !== null) - Number(was !== null);
    this.wrong += Number(gaveAnother(now)) - Number(gaveAnother(was));
  }

  /** @param {Face} face @param {FaceState} was @param {Pair|null} pair whose number follows @param {boolean} all the others do */
  #moved(face, was, pair, all = true) {
    const steps = (/** @type {FaceState[]} */ states) => Number(states.includes(face.state)) - Number(states.includes(was));
    this.checked += all ? steps([...ANSWERS]) : 0;
    this.wrong += all ? Number(gaveAnother(face.state)) - Number(gaveAnother(was)) : 0;
    const key = pairKey(pairOf(face.tile));
    const open = this.open.get(key);
    if (pair && open !== undefined && pairKey(pair) === key) this.open.set(key, Math.max(0, open + steps(["open"])));
  }
}
