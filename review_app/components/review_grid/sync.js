/** What the server says about our entries, and how faces, stacks and pill follow it. */

import { asProblem, jsonOf } from "./net.js";
import { Outbox } from "./outbox.js";
import { refusalWords } from "./refusals.js";

/** @import { Problem } from "./net.js" */
/** @import { App, DecisionsRequest, DecisionsResponse, Entry, Face, HistoryResponse } from "./types.js" */

const REFETCH_AFTER_MS = 250;

/** @type {Map<string, Outbox>} by person and workspace, for as long as the tab lives */
const outboxes = new Map();

export class Sync {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Set<number>} samples whose tile has to be fetched anew */
    this.stale = new Set();
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    /** Whether the stacks hold what the server knows. */
    this.historyLoaded = false;
  }

  /** @returns {Outbox} of this person in this workspace, which goes on sending while the grid is not on the page */
  outbox() {
    const { app } = this;
    const { net, prefix, storage } = app;
    /** @param {DecisionsRequest["decisions"]} decisions @param {boolean} keepalive @returns {Promise<DecisionsResponse>} */
    const send = async (decisions, keepalive) => {
      const { filter } = app.data;
      const answer = /** @type {DecisionsResponse} */ (
        await jsonOf(await net.post("/api/decisions", { decisions, filter }, { keepalive }))
      );
      const still = JSON.stringify(filter) === JSON.stringify(app.data.filter);
      return still ? answer : { ...answer, progress: null };
    };
    const box = outboxes.get(prefix)?.reread() ?? new Outbox({ storage, prefix, send });
    box.send = send; // what is counted afterwards is what this grid shows
    outboxes.set(prefix, box);
    box.on = {
      changed: () => app.status.show(app.outbox),
      saved: (entries, rest) => this.#saved(entries, rest),
      refused: (rows) => this.#refused(rows),
      left: (entries) => this.#left(entries),
      arrived: (entries) => this.#arrived(entries),
      rounds: (rounds) => app.flow.heard(rounds),
    };
    return box;
  }

  /** A beat. @type {import("./leases.js").Heard} */
  heard(rounds, today, progress) {
    this.app.tally.told({ today, ...progress });
    this.app.progress();
    this.app.flow.heard(rounds);
  }

  /** A request failed: where nobody is signed in any more, the pill says so. @param {Problem} problem */
  showProblem(problem) {
    const { outbox, status } = this.app;
    if (problem.kind !== "session" && problem.kind !== "person") return;
    outbox.problem = { kind: problem.kind, message: problem.message };
    status.show(outbox);
  }

  /** Read what can be undone and redone; what is in the outbox goes on top. */
  async loadHistory() {
    const { app } = this;
    const { round } = app;
    const at = app.store.clock();
    try {
      const history = /** @type {HistoryResponse} */ (await app.net.get(`/api/history?round=${round}`));
      if (round !== app.round) return;
      this.historyLoaded = true;
      app.stacks.load(
        history,
        app.store.since(at).filter((entry) => entry.round === round),
      );
    } catch (error) {
      if (!app.stacks.undo.length) for (const entry of app.store.since(at)) app.stacks.add(entry);
      this.showProblem(asProblem(error));
    }
  }

  /**
   * @param {Entry[]} entries
   * @param {import("./outbox.js").Told} told elsewhere: another tab removed them from the storage, and a refusal may have
   *   found no room there
   */
  #saved(entries, { pace, progress, elsewhere = false }) {
    const { app } = this;
    if (elsewhere) this.historyLoaded = false; // what of a bulk answer was left out is not known here
    for (const face of app.store.saved(entries)) this.#changed(face);
    for (const { sample, action } of entries) {
      const face = app.store.faces.get(sample);
      // An undone answer is leased to us again, a skipped face is not any more: the next beat tells.
      if (face && (action === "undo" || action === "skip")) face.held = "maybe";
    }
    app.zoom.forget(entries.map((entry) => entry.sample));
    const unsure = entries.filter((entry) => elsewhere || entry.action === "undo" || entry.blind);
    this.#refetch(unsure.map((entry) => entry.sample));
    if (pace) app.tally.told({ today: pace.today });
    if (progress && entries.at(-1)?.round === app.round) app.tally.told(progress);
    app.progress();
  }

  /** @param {import("./outbox.js").Refusal[]} rows */
  #refused(rows) {
    const { app } = this;
    for (const face of app.store.refused(rows.map(({ entry }) => entry))) this.#changed(face);
    const { face, words } = refusalWords(rows[0], app);
    const others = rows.length > 1 ? `, and ${rows.length - 1} more` : "";
    if (!app.flow.ended) app.say(`${face}${words}${others}`, "warn");
    this.loadHistory();
    this.#refetch(rows.map(({ entry }) => entry.sample));
    app.progress();
  }

  /** The server kept what these faces were answered with since they were shown here. @param {Entry[]} entries */
  #left(entries) {
    const { app } = this;
    for (const face of app.store.refused(entries)) this.#changed(face);
    const many = entries.length === 1 ? "1 face was" : `${entries.length} faces were`;
    app.say(`${many} answered elsewhere meanwhile; those answers stay`, "warn");
    this.loadHistory();
    this.#refetch(entries.map(({ sample }) => sample));
    app.progress();
  }

  /** Another tab of this person has answered. @param {Entry[]} entries */
  #arrived(entries) {
    const { app } = this;
    app.actions.follow(entries.filter((entry) => entry.round === app.round));
    app.progress();
  }

  /** Fetch what the server has for these faces, if they are still known here. @param {number[]} samples */
  #refetch(samples) {
    for (const sample of samples) this.stale.add(sample);
    if (!this.stale.size) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const { app } = this;
      const wanted = [...this.stale].filter((sample) => app.store.faces.has(sample));
      this.stale.clear();
      if (!this.historyLoaded) this.loadHistory();
      if (!wanted.length) {
        app.leases.renew(); // it tells how far the person is
        return;
      }
      try {
        const faces = await app.pages.tiles(wanted);
        for (const face of faces) this.#changed(face);
        const gone = faces.filter((face) => face.state === "gone" && app.tiles.nodes.has(face)).length;
        if (gone) app.say(takenOutWords(gone), "warn");
        this.#moveOn();
      } catch {
        return; // what is shown meanwhile follows from our own entries
      }
      app.leases.renew();
      app.progress();
    }, REFETCH_AFTER_MS);
  }

  /** Pictures have come that were not drawn when their page was shown. @param {Face[]} faces */
  drawn(faces) {
    for (const face of faces) this.#changed(face);
  }

  /** @param {Face} face */
  #changed(face) {
    this.app.tiles.update(face);
    this.app.zoom.update(face);
  }

  /** Leases that we do not have any more: look why. @param {Face[]} faces */
  async lost(faces) {
    const { app } = this;
    const { pages } = app;
    const at = app.store.clock();
    if (app.flow.ended) return;
    try {
      await pages.tiles(faces.map((face) => face.sample));
    } catch {
      for (const face of faces) face.held = "maybe"; // so that the next beat asks again
      return;
    }
    if (pages.closed) return;
    for (const face of faces) {
      if (face.state === "open") face.taken = true;
      this.#changed(app.store.refresh(face));
    }
    app.progress();
    const here = faces.filter((face) => app.tiles.nodes.has(face) && face.changed < at);
    const gone = here.filter((face) => face.state === "gone").length;
    const taken = here.filter((face) => face.state === "taken").length;
    const answered = here.length - taken - gone;
    const words = [
      taken ? `${taken} of these faces went to somebody else while you were away` : "",
      answered ? `${answered} of these faces ${answered === 1 ? "was" : "were"} answered elsewhere` : "",
      gone ? takenOutWords(gone) : "",
    ];
    if (here.length) app.say(words.filter(Boolean).join("; "), "warn");
    this.#moveOn();
  }

  /** The frame leaves a face that cannot be answered any more. */
  #moveOn() {
    const { flow, focus, tiles } = this.app;
    const state = tiles.current?.state;
    if (flow.view !== "page" || (state !== "taken" && state !== "gone")) return;
    const open = tiles.nextOpen(tiles.at);
    if (open >= 0) focus.move(open);
  }

  close() {
    this.app.outbox.on = {};
    clearTimeout(this.timer);
  }
}

/** @param {number} count of faces on the page */
function takenOutWords(count) {
  return `${count} of these faces ${count === 1 ? "was" : "were"} taken out of the data set`;
}
