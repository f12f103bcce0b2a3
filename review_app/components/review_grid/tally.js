/** How far the person here is, and how many faces of each pair are to review. */

import { stateOf } from "./faces.js";

/** @import { Face, FaceState, PageHeader, Tile } from "./types.js" */
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

/** @typedef {{open: number, checked: number, wrong: number, today: number}} Numbers */

/**
 * The numbers of the person here are the server's alone: what an answer does to them (a copy that is not asked about, a face
 * asked once more) is not known here. Those of pairs are kept up with what is answered until a page brings them anew.
 */
export class Tally {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {Partial<Numbers>} as they are shown; none: not known yet */
    this.shown = {};
    /** @type {Partial<Numbers>} as the server said last */
    this.newest = {};
    /** @type {Map<string, number>} faces to review, by pair */
    this.pairs = new Map();
    this.started = false;
    /** The round asks some faces once more. */
    this.repeats = false;
    /** Something was answered since the page was shown. */
    this.answered = false;
  }

  /**
   * A page has come. Whether it was counted with an answer that was on its way meanwhile is not known: then what was said
   * before stays.
   * @param {PageHeader} header
   * @param {number} at when the page was asked for, by the store's clock
   */
  headed({ open, checked, wrong, pair, pace, repeats }, at) {
    const exact = !this.store.since(at).length;
    this.repeats = repeats;
    if (exact || !this.started) this.told({ open, checked, wrong, today: pace.today });
    this.started = true;
    if (!pair || !(exact || !this.pairs.has(pairKey(pair)))) return;
    this.pairs.set(pairKey(pair), pair.open);
    for (const face of this.store.faces.values())
      if (face.pending && pairKey(pairOf(face.tile)) === pairKey(pair)) this.#moved(face, stateOf(face.base));
  }

  /**
   * What the server said. Where some faces are asked once more, which count nowhere, the numbers stand still until the page
   * is turned: an answer after which they do not move would be known as one of them.
   * @param {Partial<Numbers>} numbers
   */
  told(numbers) {
    this.newest = { ...this.newest, ...numbers };
    if (!this.repeats || !this.answered) this.shown = this.newest;
  }

  /** Another page is shown, or none. */
  turned() {
    this.answered = false;
    this.shown = this.newest;
  }

  /**
   * Faces were answered, or answers taken back.
   * @param {Map<Face, FaceState>} before what they were
   */
  moved(before) {
    this.answered = true;
    for (const [face, state] of before) this.#moved(face, state);
  }

  /** @param {Face} face @param {FaceState} was */
  #moved(face, was) {
    const key = pairKey(pairOf(face.tile));
    const open = this.pairs.get(key);
    const more = Number(face.state === "open") - Number(was === "open");
    if (open !== undefined) this.pairs.set(key, Math.max(0, open + more));
  }
}
