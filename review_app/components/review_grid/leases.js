/** Keeps the leases of this tab alive while somebody works here, and lets go of them at the end. */

const RENEW_MS = 30000;
const IDLE_MS = 600000;
const LONGEST_MS = 2000;

let letting = Promise.resolve();

/** Settles when the last release is done: one that came after a claim would give away what was just claimed. */
export function released() {
  return Promise.race([letting, new Promise((done) => setTimeout(done, LONGEST_MS))]);
}

export class Leases {
  /**
   * @param {import("./net.js").Net} net
   * @param {import("./store.js").Store} store
   * @param {(faces: object[]) => void} lost
   */
  constructor(net, store, lost) {
    Object.assign(this, { net, store, lost });
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
    if (!held.length) return;
    const at = this.store.clock();
    let answer;
    try {
      answer = await (await this.net.post("/api/lease", { renew: held.map((face) => face.item), release: [] })).json();
    } catch {
      return; // the next beat tries again; what was lost meanwhile shows then
    }
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
      letting = this.net.post("/api/lease", { renew: [], release: items }, { keepalive: true }).then(
        () => {},
        () => {},
      );
    }
  }

  close() {
    clearInterval(this.timer);
    this.release();
  }
}
