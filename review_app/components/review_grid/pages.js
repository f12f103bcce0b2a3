/** Pages of faces: fetch, unpack, fetch ahead, go back. */

import { ANSWERS, UNDRAWN } from "./faces.js";
import { divided } from "./refit.js";
import { pairKey, pairOfPage } from "./tally.js";

/** @import { AlikeRequest, Face, Page, PageHeader, PageRequest, QueueFilter, Tile, TilesRequest } from "./types.js" */

const KEPT = 10;
const LIMIT = 200;
const DRAWN_AFTER_MS = 100;
const GIVE_UP_MS = 60_000;

/**
 * Take a packed response apart.
 * @param {ArrayBuffer} buffer 4 bytes big-endian header length, JSON, thumbnails back to back
 * @returns {{header: PageHeader, picture: (tile: Pick<Tile, "thumb">) => Uint8Array<ArrayBuffer>|null}}
 */
export function unpack(buffer) {
  const length = buffer.byteLength >= 4 ? new DataView(buffer).getUint32(0) : Infinity;
  if (4 + length > buffer.byteLength) throw new Error("the page arrived incomplete");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = 4 + length;
  const picture = (/** @type {Pick<Tile, "thumb">} */ { thumb }) => {
    if (!thumb || start + thumb[0] + thumb[1] > buffer.byteLength) return null;
    return new Uint8Array(buffer, start + thumb[0], thumb[1]);
  };
  return { header, picture };
}

/** What a page is called. @param {Page} page */
export function pageWords({ kind, number }) {
  const words = { recall: "brought back", passed: "passed over", alike: "faces that look alike" };
  return kind === "queue" ? `page ${number}` : words[kind];
}

/** @typedef {{lost: (faces: Face[]) => void, drawn: (faces: Face[]) => void}} OfFaces
 *   lost: leased to somebody else; drawn: their pictures were not when their page came */
/** @typedef {{done: boolean, promise: Promise<Face[]>}} Ahead a page that is being fetched */

export class Pages {
  /**
   * @param {object} options
   * @param {import("./net.js").Net} options.net
   * @param {import("./store.js").Store} options.store
   * @param {string} options.tab id of this tab
   * @param {number} options.round
   * @param {QueueFilter} options.filter
   * @param {() => number} options.size faces that fit
   * @param {{header: (header: PageHeader) => void, faces: () => OfFaces}} options.on
   */
  constructor({ net, store, tab, round, filter, size, on }) {
    this.net = net;
    this.store = store;
    this.tab = tab;
    this.round = round;
    this.filter = filter;
    this.size = size;
    this.on = on;
    this.leased = (filter.state ?? "open") === "open";
    /** Each page is of one pair of given and proposed label. */
    this.grouped = filter.grouped === true;
    /** @type {number[]} items of pairs that were left for later */
    this.left = [];
    /** @type {Page[]} */
    this.kept = [];
    this.at = -1;
    this.count = 0;
    this.batches = 0;
    /** @type {string|null} */
    this.cursor = null;
    this.ended = false;
    /** When the server was last asked for a page, by the store's clock. */
    this.asked = 0;
    /** @type {Ahead|null} */
    this.ahead = null;
    this.closed = false;
    /** @type {Set<number>} samples whose picture is still being drawn */
    this.undrawn = new Set();
    /** @type {Promise<void>|null} until all pictures are here */
    this.drawing = null;
  }

  /** @returns {Page|null} */
  get current() {
    return this.kept[this.at] ?? null;
  }

  /** @returns {boolean} whether next() has its page here already */
  get ready() {
    return this.#following() >= 0 || this.ahead?.done === true;
  }

  /** Turn forward. @param {boolean} [past] all faces that look alike @returns {Promise<Page|null>} null: the queue has no more */
  async next(past = false) {
    const to = this.#following(past);
    if (to >= 0) {
      this.at = to;
      return this.current;
    }
    const ahead = this.ahead ?? this.#start();
    this.ahead = null;
    const faces = await ahead.promise;
    if (this.closed) return null;
    if (!faces.length) return null;
    return this.#append("queue", faces);
  }

  /**
   * The page after this one that is here already. Faces that look alike lead back to where they were first asked for,
   * past those from which they were asked for again.
   * @param {boolean} [past] the rest of their own too
   * @returns {number} its place, or -1
   */
  #following(past = false) {
    const { current } = this;
    const on = (/** @type {Page} */ { kind, batch }) =>
      current?.kind !== "alike" || kind !== "alike" || (!past && batch === current.batch);
    return this.kept.findIndex((page, at) => at > this.at && on(page));
  }

  /** Turn back. @returns {Page|null} */
  back() {
    if (this.at <= 0) return null;
    this.at -= 1;
    return this.current;
  }

  /** Fetch the page after this one now, so that turning costs nothing. */
  prefetch() {
    if (this.ahead || this.ended || this.closed || this.at < this.kept.length - 1) return;
    this.ahead = this.#start();
    const mine = this.ahead;
    const forget = () => {
      if (this.ahead === mine) this.ahead = null;
    };
    // That there was nothing is not kept: by the next turn somebody may have left faces.
    mine.promise.then((faces) => faces.length || forget(), forget);
  }

  /** Leave the pair of this page for later: what is kept or was fetched ahead of it is passed over. */
  async leave() {
    const { current, ahead } = this;
    if (!current) return;
    const key = pairKey(pairOfPage(current.faces));
    const same = (/** @type {Face[]|undefined} */ faces) => faces?.[0] && pairKey(pairOfPage(faces)) === key;
    this.left.push(current.faces[0].item);
    while (same(this.kept[this.at + 1]?.faces)) this.at += 1;
    if (!ahead) return;
    if (same(await ahead.promise.catch(() => undefined)) && this.ahead === ahead) this.ahead = null;
  }

  #start() {
    /** @type {Ahead} */
    const ahead = { done: false, promise: this.#fetch() };
    ahead.promise.then(
      () => {
        ahead.done = true;
      },
      () => {},
    );
    return ahead;
  }

  /** @returns {Promise<Face[]>} empty: the queue has no more */
  async #fetch() {
    for (let tries = 0; tries < 5; tries += 1) {
      if (!this.leased && this.ended) return [];
      const at = (this.asked = this.store.clock());
      const have = this.leased ? this.store.held().map((face) => face.item) : [];
      const limit = Math.max(1, Math.min(LIMIT, this.size()));
      /** @type {PageRequest} */
      const body = { round: this.round, filter: this.filter, limit, have, cursor: this.cursor, leave_out: this.left, tab: this.tab };
      const { header, faces } = await this.#read(await this.net.post("/api/page", body), at, this.leased);
      this.cursor = header.cursor ?? null;
      this.ended = !this.leased && this.cursor === null;
      const lost = this.store.lose(header.lost ?? [], at);
      if (lost.length) this.on.faces().lost(lost);
      this.on.header(header);
      const shown = new Set(this.kept.flatMap((page) => page.faces));
      const fresh = this.leased
        ? faces.filter((face) => !shown.has(face) && (face.state === "open" || face.pending))
        : faces;
      if (!faces.length && this.left.length) {
        this.left = []; // nothing else is left: they come again
        continue;
      }
      if (fresh.length || !faces.length) return fresh;
    }
    return [];
  }

  /**
   * @param {Response} response
   * @param {number} at when it was asked for, by the store's clock
   * @param {boolean} claimed its faces are leased to us
   */
  async #read(response, at, claimed = false) {
    const { header, picture } = unpack(await response.arrayBuffer());
    const items = claimed ? header.items.filter((tile) => this.#fresh(tile)) : header.items;
    const faces = items.map((tile) => {
      const bytes = picture(tile);
      const url = bytes ? URL.createObjectURL(new Blob([bytes], { type: "image/webp" })) : null;
      return this.store.put(tile, url, at, claimed);
    });
    for (const face of faces) if (face.tile.missing === UNDRAWN) this.undrawn.add(face.sample);
    if (this.undrawn.size) this.drawing ??= this.#draw();
    return { header, faces };
  }

  /** Ask for pictures that were not drawn when their page came, one request after the other, until all are here. */
  async #draw() {
    for (let wait = DRAWN_AFTER_MS; this.undrawn.size && wait < GIVE_UP_MS; ) {
      await new Promise((done) => setTimeout(done, wait));
      if (this.closed) break;
      const wanted = [...this.undrawn].filter((sample) => this.store.faces.has(sample));
      this.undrawn.clear();
      try {
        this.on.faces().drawn(await this.tiles(wanted));
        wait = DRAWN_AFTER_MS;
      } catch {
        for (const sample of wanted) this.undrawn.add(sample);
        wait *= 2;
      }
    }
    this.drawing = null;
  }

  /**
   * A face that was answered here and is open again comes as a new one: earlier pages forget it.
   * @param {Tile} tile
   * @returns {boolean} false: it is still being looked at, so it has to come later
   */
  #fresh(tile) {
    const face = this.store.faces.get(tile.sample);
    if (!face || face.pending || tile.action || !ANSWERS.includes(face.state)) return true;
    const on = this.kept.filter((page) => page.faces.includes(face));
    if (on.some((page) => page === this.current || page.faces.length === 1)) return false;
    for (const page of on) page.faces = page.faces.filter((other) => other !== face);
    return true;
  }

  /**
   * Ask for certain faces, whatever their state.
   * @param {number[]} samples
   * @returns {Promise<Face[]>} also those known here that were taken out of the data set
   */
  async tiles(samples) {
    /** @type {Face[]} */
    const faces = [];
    for (let from = 0; from < samples.length; from += LIMIT) {
      const at = this.store.clock();
      /** @type {TilesRequest} */
      const body = { round: this.round, samples: samples.slice(from, from + LIMIT) };
      const read = await this.#read(await this.net.post("/api/tiles", body), at);
      const found = new Set(read.faces.map((face) => face.sample));
      faces.push(...read.faces, ...this.store.takenOut(body.samples.filter((sample) => !found.has(sample))));
    }
    return faces;
  }

  /**
   * Faces to review that look like one, most alike first; they are leased.
   * @param {number} sample @param {boolean} pair only those of its given and proposed label
   * @param {number} most
   * @returns {Promise<Face[]>}
   */
  async alike(sample, pair, most) {
    const at = this.store.clock();
    /** @type {AlikeRequest} */
    const body = { round: this.round, sample, pair, limit: Math.max(1, Math.min(LIMIT, most)), tab: this.tab };
    const { faces } = await this.#read(await this.net.post("/api/alike", body), at, true);
    return faces.filter((face) => face.sample !== sample && face.state === "open");
  }

  /**
   * Show faces as a page of their own.
   * @param {Page["kind"]} kind @param {Face[]} faces
   * @param {number} at its place among the pages: after the current one, unless said otherwise
   */
  insert(kind, faces, at = this.at + 1) {
    return this.#append(kind, faces, at);
  }

  /** @param {Page["kind"]} kind @param {Face[]} faces @param {number} at its place among the pages */
  #append(kind, faces, at = this.kept.length) {
    if (kind === "queue") this.count += 1;
    /** @type {Page} */
    const page = { kind, faces, number: this.count, focus: 0, batch: (this.batches += 1) };
    this.kept.splice(at, 0, page);
    this.at = at;
    while (this.kept.length > KEPT + 1) {
      const [old] = this.at > 0 ? this.kept.splice(0, 1) : this.kept.splice(-1, 1);
      if (this.at > 0) this.at -= 1;
      const still = new Set(this.kept.flatMap((page) => page.faces));
      this.store.drop(old.faces.filter((face) => !still.has(face)));
    }
    return page;
  }

  /**
   * This page, and what came together with it, is divided anew; see `divided`.
   * @param {(faces: number) => number} holds how many of so many faces fit on a page
   * @param {number} at place on the current page of the face that stays on screen
   * @returns {number|null} its place on the page that is current now; null: all pages stay as they were
   */
  refit(holds, at) {
    const found = this.current && divided(this.kept, this.at, holds, at);
    if (!found) return null;
    this.count += found.more;
    this.at = found.current;
    return found.at;
  }

  /** The newest kept page that shows this face. @param {number} sample @returns {number} its place, or -1 */
  pageOf(sample) {
    const shows = (/** @type {Page} */ page) => page.faces.some((face) => face.sample === sample);
    return this.current && shows(this.current) ? this.at : this.kept.findLastIndex(shows);
  }

  close() {
    this.closed = true;
  }
}
