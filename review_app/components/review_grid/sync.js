/** What the server says about our entries, and how faces, stacks and pill follow it. */

import { Outbox } from "./outbox.js";

const LOOK_AFTER_MS = 250;

/** @type {Map<string, Outbox>} by person and workspace, for as long as the tab lives */
const boxes = new Map();

export class Sync {
  /** @param {object} app see main.js */
  constructor(app) {
    this.app = app;
    /** @type {{today: number, left: number}|null} */
    this.pace = null;
    /** @type {Set<number>} samples whose tile has to be fetched anew */
    this.stale = new Set();
    this.timer = null;
    /** Whether the stacks hold what the server knows. */
    this.known = false;
  }

  /** @returns {Outbox} of this person in this workspace, which goes on sending while the grid is not on the page */
  outbox() {
    const { app } = this;
    const { net, prefix, storage } = app;
    const send = async (decisions, keepalive) =>
      (await net.post("/api/decisions", { decisions }, { keepalive })).json();
    const box = boxes.get(prefix)?.reread() ?? new Outbox({ storage, prefix, send });
    boxes.set(prefix, box);
    box.on = {
      changed: () => app.status.show(app.outbox),
      saved: (entries, { pace, elsewhere }) => this.#saved(entries, pace, elsewhere),
      refused: (rows) => this.#refused(rows),
    };
    return box;
  }

  /** Read what can be undone and redone; what is in the outbox goes on top. */
  async loadHistory() {
    const { app } = this;
    const { round } = app;
    const at = app.store.clock();
    try {
      const history = await app.net.get(`/api/history?round=${round}`);
      if (round !== app.round) return;
      this.known = true;
      app.stacks.load(
        history,
        app.store.since(at).filter((entry) => entry.round === round),
      );
    } catch (problem) {
      if (!app.stacks.undo.length) for (const entry of app.store.since(at)) app.stacks.add(entry);
      app.trouble(problem);
    }
  }

  /** `elsewhere`: another tab removed them from the storage, and a refusal may have found no room there. */
  #saved(entries, pace, elsewhere = false) {
    const { app } = this;
    for (const face of app.store.saved(entries)) this.#changed(face);
    for (const { sample, action } of entries) {
      const face = app.store.faces.get(sample);
      // An undone answer is leased to us again, a skipped face is not any more: the next beat tells.
      if (face && (action === "undo" || action === "skip")) face.held = "maybe";
    }
    app.zoom.forget(entries.map((entry) => entry.sample));
    const unsure = entries.filter((entry) => elsewhere || entry.action === "undo" || entry.blind);
    this.#look(unsure.map((entry) => entry.sample));
    if (pace) this.pace = pace;
    app.progress();
  }

  #refused(rows) {
    const { app } = this;
    for (const face of app.store.refused(rows.map(({ entry }) => entry))) this.#changed(face);
    app.say(`refused: ${rows[0].error}`, "warn");
    this.loadHistory();
    this.#look(rows.map(({ entry }) => entry.sample));
    app.progress();
  }

  /** Fetch what the server has for these faces, if they are still known here. */
  #look(samples) {
    for (const sample of samples) this.stale.add(sample);
    if (!this.stale.size) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const { app } = this;
      const wanted = [...this.stale].filter((sample) => app.store.faces.has(sample));
      this.stale.clear();
      if (!wanted.length) return;
      try {
        for (const face of await app.pages.tiles(wanted)) this.#changed(face);
      } catch {
        return; // what is shown meanwhile follows from our own entries
      }
      app.leases.renew();
      app.progress();
    }, LOOK_AFTER_MS);
  }

  #changed(face) {
    this.app.tiles.update(face);
    this.app.zoom.update(face);
  }

  /** Leases that went to somebody else. @param {object[]} faces */
  lost(faces) {
    const { app } = this;
    for (const face of faces) this.#changed(face);
    app.progress();
    const here = faces.filter((face) => app.tiles.nodes.has(face)).length;
    if (here) app.say(`${here} of these faces went to somebody else while you were away`, "warn");
    if (app.flow.view === "page" && app.tiles.current?.state === "taken") {
      const open = app.tiles.nextOpen(app.tiles.at);
      if (open >= 0) app.focus.move(open);
    }
  }

  close() {
    this.app.outbox.on = {};
    clearTimeout(this.timer);
  }
}
