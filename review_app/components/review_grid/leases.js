/** Keeps the leases of this tab alive while somebody works here, and lets go of them at the end. */

/** @import { Face, LeaseRequest, LeaseResponse, Progress } from "./types.js" */

const RENEW_MS = 30000;
const IDLE_MS = 600000;
const MAX_RELEASE_MS = 2000;

/** @type {Promise<void>} */
let releasing = Promise.resolve();

/** Settles when the last release is done: one that came after a claim would give away what was just claimed. */
export function released() {
  return Promise.race([releasing, new Promise((done) => setTimeout(done, MAX_RELEASE_MS))]);
}

/** @typedef {Required<Pick<LeaseRequest, "round"|"filter">>} Asked */
/**
 * @typedef {(rounds: number[], today: number, progress: Progress|null) => void} Heard rounds that take answers; faces
 *   answered today; how far the person is under the filter, null: not known
 */

export class Leases {
  /**
   * @param {object} options
   * @param {import("./net.js").Net} options.net
   * @param {import("./store.js").Store} options.store
   * @param {string} options.tab id of this tab: what another one of the person shows stays leased when this one goes
   * @param {(faces: Face[]) => void} options.lost leased to us no more
   * @param {() => Asked} options.asked of what the progress is shown
   * @param {Heard} options.heard
   */
  constructor({ net, store, tab, lost, asked, heard }) {
    this.net = net;
    this.store = store;
    this.lost = lost;
    this.asked = asked;
    this.heard = heard;
    this.tab = tab;
    this.input = Date.now();
    this.timer = setInterval(() => {
      if (Date.now() - this.input < IDLE_MS) this.renew();
    }, RENEW_MS);
  }

  /** Somebody is here. After a long absence the leases are looked at before anything else. */
  active() {
    const away = Date.now() - this.input;
    this.input = Date.now();
    if (away > IDLE_MS) this.renew();
  }

  async renew() {
    const held = this.store.held();
    const at = this.store.clock();
    const asked = JSON.stringify(this.asked());
    /** @type {LeaseResponse} */
    let answer;
    try {
      answer = await (await this.#post({ renew: held.map((face) => face.item), release: [], ...JSON.parse(asked) })).json();
    } catch {
      return; // the next beat tries again; what was lost meanwhile shows then
    }
    // What was answered meanwhile may not be counted in it, and brings its own numbers.
    const counted = asked === JSON.stringify(this.asked()) && !this.store.since(at).length;
    this.heard(answer.in_review, answer.today, counted ? answer.progress : null);
    const still = new Set(answer.held);
    for (const face of held) if (still.has(face.item) && face.held === "maybe") face.held = true;
    const gone = this.store.lose(
      held.map((face) => face.item).filter((item) => !still.has(item)),
      at,
    );
    if (gone.length) this.lost(gone);
  }

  /** Let others have what is not answered. By a request that outlives the page. */
  release() {
    const items = this.store
      .held()
      .filter((face) => !face.pending)
      .map((face) => face.item);
    if (items.length && this.net.token) {
      releasing = this.#post({ renew: [], release: items }, { keepalive: true }).then(
        () => {},
        () => {},
      );
    }
  }

  /** @param {Omit<LeaseRequest, "tab">} body @param {{keepalive?: boolean}} [options] */
  #post(body, options) {
    return this.net.post("/api/lease", { ...body, tab: this.tab }, options);
  }

  close() {
    clearInterval(this.timer);
    this.release();
  }
}
