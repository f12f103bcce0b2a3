/** The faces this tab knows, and the entries made here, so that a late answer of the server never hides a newer one of ours. */

import { TAKEN_OUT, UNDRAWN, overlay, stateOf } from "./faces.js";

/** @import { Entry, Face, Tile } from "./types.js" */

export class Store {
  /** @param {string} me @param {() => number} clock */
  constructor(me, clock = () => performance.now()) {
    this.me = me;
    this.clock = clock;
    this.made = 0;
    /** @type {Map<number, Face>} by sample id */
    this.faces = new Map();
    /** @type {Map<number, {entry: Entry, saved: number|null, made: number}[]>} by sample id */
    this.journal = new Map();
  }

  /** Note entries that were just made, or found in the outbox. @param {Entry[]} entries @returns {Face[]} the faces they touch */
  record(entries) {
    for (const entry of entries) {
      const rows = this.journal.get(entry.sample) ?? [];
      if (!rows.some((row) => row.entry.id === entry.id)) rows.push({ entry, saved: null, made: (this.made += 1) });
      this.journal.set(entry.sample, rows);
    }
    return this.#touch(entries);
  }

  /**
   * Entries that a response asked for at a certain moment may not know of, in the order they were made.
   * @param {number} at
   */
  since(at) {
    const rows = [...this.journal.values()].flat().filter((row) => row.saved === null || row.saved >= at);
    return rows.sort((a, b) => a.made - b.made).map((row) => row.entry);
  }

  /** Entries made here about a face, in this order. @param {number} sample @returns {Entry[]} */
  entriesOf(sample) {
    return (this.journal.get(sample) ?? []).map((row) => row.entry);
  }

  /** The server has them. @param {Entry[]} entries @returns {Face[]} */
  saved(entries) {
    const ids = new Set(entries.map(({ id }) => id));
    for (const { sample } of entries) {
      for (const row of this.journal.get(sample) ?? []) if (ids.has(row.entry.id)) row.saved ??= this.clock();
    }
    return this.#touch(entries);
  }

  /** The server will not have them. @param {Entry[]} entries @returns {Face[]} */
  refused(entries) {
    const ids = new Set(entries.map(({ id }) => id));
    for (const { sample } of entries) {
      this.journal.set(
        sample,
        (this.journal.get(sample) ?? []).filter((row) => !ids.has(row.entry.id)),
      );
    }
    return this.#touch(entries);
  }

  /** @param {Entry[]} entries @returns {Face[]} */
  #touch(entries) {
    /** @type {Set<Face>} */
    const touched = new Set();
    for (const { sample } of entries) {
      const face = this.faces.get(sample);
      if (!face) continue;
      face.changed = this.clock();
      this.refresh(face);
      touched.add(face);
    }
    return [...touched];
  }

  /**
   * A tile from the server.
   * @param {Tile} base
   * @param {string|null} url of its picture
   * @param {number} at when it was asked for
   * @param {boolean} claimed it is leased to us now
   * @returns {Face}
   */
  put(base, url, at, claimed = false) {
    const face = this.faces.get(base.sample) ?? newFace(base);
    face.base = face.img && base.missing === UNDRAWN ? { ...base, missing: null } : base;
    face.at = at;
    face.item = base.item;
    face.gone = false;
    if (claimed) {
      face.held = true;
      face.taken = false;
    }
    if (url && face.img) URL.revokeObjectURL(url);
    else if (url) face.img = picture(url);
    this.faces.set(base.sample, face);
    const rows = (this.journal.get(base.sample) ?? []).filter((row) => row.saved === null || row.saved >= at);
    if (rows.length) this.journal.set(base.sample, rows);
    else this.journal.delete(base.sample);
    return this.refresh(face);
  }

  /** Compute a face's tile and state anew. @param {Face} face */
  refresh(face) {
    const rows = this.journal.get(face.sample) ?? [];
    face.tile = overlay(
      face.base,
      rows.map((row) => row.entry),
      this.me,
    );
    face.pending = rows.some((row) => row.saved === null);
    face.state = stateOf(face.tile, face.taken, face.gone);
    return face;
  }

  /** The server has these faces no more: they were taken out of the data set. @param {number[]} samples @returns {Face[]} */
  takenOut(samples) {
    const gone = samples.flatMap((sample) => this.faces.get(sample) ?? []);
    for (const face of gone) {
      if (face.img) URL.revokeObjectURL(face.img.src);
      Object.assign(face, { img: null, held: false, gone: true, base: { ...face.base, missing: TAKEN_OUT } });
      this.refresh(face);
    }
    return gone;
  }

  /** Faces leased to this tab, as far as it knows: open ones, and those whose answer is still on its way. */
  held() {
    return [...this.faces.values()].filter(
      (face) => face.held && !face.taken && (face.pending || face.state === "open"),
    );
  }

  /**
   * What the server said about leases.
   * @param {number[]} lost item ids @param {number} at when it was asked
   * @returns {Face[]} that were leased to us and are not any more: answered in another browser, or somebody else's
   */
  lose(lost, at) {
    const items = new Set(lost);
    const gone = [];
    for (const face of this.faces.values()) {
      if (!items.has(face.item) || face.pending || face.changed >= at || face.state !== "open") continue;
      if (face.held === true) gone.push(face);
      face.held = false;
    }
    return gone;
  }

  /** Forget faces that no page shows any more, except those still leased. @param {Face[]} faces */
  drop(faces) {
    for (const face of faces) {
      if (face.held && face.state === "open") continue;
      if (face.img) URL.revokeObjectURL(face.img.src);
      face.img = null;
      this.faces.delete(face.sample);
    }
  }

  close() {
    for (const face of this.faces.values()) if (face.img) URL.revokeObjectURL(face.img.src);
    this.faces.clear();
  }
}

/** @param {Tile} base @returns {Face} nobody has answered here yet */
function newFace(base) {
  const { item, sample } = base;
  const rest = { at: 0, changed: 0, pending: false, held: false, taken: false, gone: false, seen: 0, img: null };
  return { item, sample, base, tile: base, state: stateOf(base), ...rest };
}

/** @param {string} url */
function picture(url) {
  const img = new Image();
  img.alt = "";
  img.draggable = false;
  img.decoding = "sync"; // it is decoded ahead, below; a turned page then has no empty tile
  img.src = url;
  img.decode().catch(() => {});
  return img;
}
