/** What the keys do to faces: answers, marks, many at once, undo and redo. */

import { unitWords, wordOf } from "./actionwords.js";
import { copiesToo, staysWords } from "./copies.js";
import { className, counted, meaning, shownOf, stateWords } from "./faces.js";
import { byTouch } from "./dom.js";
import { answersToMany } from "./many.js";
import { openNote } from "./note.js";
import { newId } from "./ids.js";
import { bringIntoView } from "./recall.js";

/** @import { Action, Answer, App, Entry, Face, FaceState, Local } from "./types.js" */
/** @import { UndoRow } from "./undo.js" */

/** @typedef {{action: Action, label?: number|null, text?: string|null}} NewDecision */

const MAX_MS = 600000;

export class Actions {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** When the decision before was made, or its page shown. */
    this.since = performance.now();
    /** @type {Map<string, Set<number>>} samples that were selected for an answer, by the id of its first decision */
    this.selections = new Map();
  }

  /**
   * One answer or skip on the selection, or on the face with the focus.
   * @param {Answer|"skip"} action
   * @param {number|null} label of a relabel
   */
  answer(action, label = null) {
    const { tiles } = this.app;
    const chosen = tiles.selected;
    if (chosen.length > 1) this.#answerMany(chosen, action, label);
    else if (chosen.length) this.#answerOne(chosen[0], action, label);
    else if (tiles.current) this.#answerOne(tiles.current, action, label);
    if (chosen.length === 1) tiles.select([]);
  }

  /**
   * Accept or keep the selection, or the rest of the page, as one unit. Of the rest, which nobody has chosen face by
   * face, proposals alone are accepted.
   * @param {"accept"|"keep"} action
   */
  rest(action) {
    const { flow, pages, tiles } = this.app;
    const chosen = tiles.selected;
    const faces = chosen.length ? chosen : tiles.faces.filter((face) => face.state === "open");
    const done = this.#answerMany(faces, action, null, !chosen.length);
    if (done && pages.grouped && flow.done) flow.onward(done);
  }

  /** @param {Face} face @param {Answer|"skip"} action @param {number|null} label */
  #answerOne(face, action, label) {
    const { app } = this;
    if (face.state === "taken") {
      app.say("somebody else has this face now; it needs nothing from you", "warn");
      return;
    }
    if (this.#isGone(face)) return;
    const meant = meaning(face.tile, action, label, app.me);
    if ("problem" in meant) {
      const given = className(app.classes, face.tile.given);
      const pressed = `press ${app.keymap.cap("keep")} to keep ${given}, or a number for its label`;
      const instead = byTouch() ? `keep ${given}, or choose its class` : pressed;
      app.say(meant.unseen ? meant.problem : `${meant.problem}: ${instead}`, "warn");
      return;
    }
    if ("same" in meant) {
      app.say(`already ${stateWords(face.tile, face.state, app.classes)}`);
      return;
    }
    const bulk = newId();
    const { entries, others } = copiesToo(face, meant, (sample) => this.#blank(sample, bulk), app.store);
    this.commit([this.#entry(face, meant, entries.length ? bulk : null), ...entries]);
    const settled = entries.length ? ` and ${counted(entries.length, "copy", "copies")}, one undo takes all back` : "";
    this.#advance(face, [this.#doneWords(face) + settled, staysWords(others)].filter(Boolean).join("; "));
  }

  /** Whether nothing can be said of a face, as it was taken out of the data set. @param {Face} face */
  #isGone(face) {
    if (face.state === "gone") this.app.say("this face was taken out of the data set; it needs nothing from you", "warn");
    return face.state === "gone";
  }

  /** Select what is to review on the page, or all of a list of answers. */
  selectAll() {
    const { pages, tiles } = this.app;
    tiles.select(tiles.faces.filter((face) => !pages.leased || face.state === "open"));
  }

  /**
   * @param {Face[]} faces @param {Answer|"skip"} action @param {number|null} label @param {boolean} proposedOnly
   * @returns {string} what was done; empty: nothing
   */
  #answerMany(faces, action, label, proposedOnly = false) {
    const { app } = this;
    const bulk = newId();
    const { entries, answered, stay } = answersToMany(faces, action, label, {
      store: app.store,
      entry: (face, meant) => this.#entry(face, meant, bulk),
      blank: (sample) => this.#blank(sample, bulk),
      proposedOnly,
    });
    const copied = entries.length - answered;
    const last = faces.at(-1);
    if (entries.length && app.tiles.selected.length)
      this.selections.set(entries[0].id, new Set(faces.map(({ sample }) => sample)));
    if (entries.length) this.commit(entries);
    app.tiles.select([]);
    const words = entries.length
      ? `${answered} ${wordOf(action, label, app.classes)}${copied ? ` and ${counted(copied, "copy", "copies")}` : ""}, one undo takes ${entries.length === 1 ? "it" : "them"} back`
      : "nothing to change here";
    const all = [words, ...stay].join("; ");
    if (entries.length && last) this.#advance(last, all);
    else app.say(all, "warn");
    return entries.length ? all : "";
  }

  /** @param {Face} face @param {NewDecision} decision @param {string|null} bulk @returns {Entry} */
  #entry(face, { action, label = null, text = null }, bulk) {
    const now = performance.now();
    const ms = Math.round(Math.min(MAX_MS, Math.max(0, now - this.since)));
    this.since = now;
    return {
      id: newId(),
      round: this.app.round,
      sample: face.sample,
      action,
      label,
      undoes: null,
      text,
      bulk,
      before: face.tile.decision,
      blind: face.tile.blind,
      ms,
      shown: shownOf(face.tile),
      local: this.#local(face.sample),
    };
  }

  /** Keep, send and show entries, in this order, within the frame of the key. @param {Entry[]} entries */
  commit(entries) {
    this.app.outbox.push(entries); // first: while the tiles are drawn, it is on its way
    this.follow(entries);
    this.app.progress();
  }

  /** Show entries that were made here or in another tab. @param {Entry[]} entries */
  follow(entries) {
    const { app } = this;
    /** @type {Map<Face, FaceState>} */
    const before = new Map();
    for (const { sample } of entries) {
      const face = app.store.faces.get(sample);
      if (face) before.set(face, face.state);
    }
    for (const face of app.store.record(entries)) {
      app.tiles.update(face);
      app.zoom.update(face);
    }
    app.tally.moved(before);
    for (const entry of entries) app.stacks.add(entry);
  }

  /** @param {Face} face */
  #doneWords(face) {
    return `${stateWords(face.tile, face.state, this.app.classes)}: face ${this.app.tiles.faces.indexOf(face) + 1}`;
  }

  /** On to the next open face, saying what was done. @param {Face} face @param {string} done */
  #advance(face, done) {
    const { app } = this;
    const from = app.tiles.faces.indexOf(face);
    const next = app.pages.leased ? app.tiles.nextOpen(from) : Math.min(from + 1, app.tiles.faces.length - 1);
    app.flow.looking = false;
    app.focus.move(next < 0 ? from : next);
    if (next < 0) app.say(`${done} · page done`, "done");
    else app.say(done);
  }

  /** Flag the face, or take the own flag off. */
  flag() {
    const { app } = this;
    const face = app.tiles.current;
    if (!face || this.#isGone(face)) return;
    const { flag } = face.tile;
    if (flag) {
      /** @type {import("./types.js").DecisionBrief} */
      const root = { id: flag, sample: face.sample, action: "flag", label: null, text: null };
      const undo = { undoes: app.stacks.tipOf(flag), sample: face.sample, local: { root, live: false } };
      this.commit([this.#undoEntry(undo, null)]);
    } else this.commit([this.#entry(face, { action: "flag" }, null)]);
    app.say(flag ? "flag taken off" : "flagged for the lead");
  }

  /** Open the text box of a note. */
  note() {
    const { app } = this;
    const face = app.tiles.current;
    if (!face || this.#isGone(face)) return;
    const zoom = app.zoom.open;
    openNote({
      host: zoom ? app.zoom.body : app.stage,
      tile: zoom ? null : app.tiles.tileOf(face),
      text: face.tile.note ?? "",
      label: `note on face ${app.tiles.faces.indexOf(face) + 1}`,
      save: (text) => {
        this.commit([this.#entry(face, { action: "note", text }, null)]);
        app.say("note kept");
      },
      closed: () => app.focus.take(),
    });
  }

  /** @param {UndoRow} row @param {string|null} bulk @returns {Entry} */
  #undoEntry({ undoes, sample, local }, bulk) {
    const blank = this.#blank(sample, bulk);
    return { ...blank, action: "undo", undoes, local: { ...blank.local, ...local } };
  }

  /** An entry that says nothing yet. @param {number} sample @param {string|null} bulk @returns {Entry} */
  #blank(sample, bulk) {
    return {
      id: newId(),
      round: this.app.round,
      sample,
      action: "undo",
      label: null,
      undoes: null,
      text: null,
      bulk,
      before: null,
      blind: false,
      ms: 0,
      shown: {},
      local: this.#local(sample),
    };
  }

  /** What is said of an entry where the server does not take it. @param {number} sample @returns {Local} */
  #local(sample) {
    return { at: new Date().toISOString(), key: this.app.store.faces.get(sample)?.tile.key };
  }

  /** Undo or redo the newest unit, wherever its faces are. @param {"undo"|"redo"} which */
  async step(which) {
    const { app } = this;
    let rows = app.stacks.next(which);
    if (!rows) {
      await app.sync.loadHistory();
      rows = app.stacks.next(which);
    }
    if (!rows) {
      if (app.sync.historyLoaded) app.say(`nothing to ${which}`, "warn");
      else app.say(`no connection: what there is to ${which} is not known yet`, "trouble");
      return;
    }
    const bulk = rows.length > 1 ? newId() : null;
    this.commit(rows.map((row) => this.#undoEntry(row, bulk)));
    const words = unitWords(rows.map((row) => row.local.root), app.classes);
    const said = `${which === "undo" ? "undone" : "done again"}: ${words}`;
    app.say(said);
    await bringIntoView(app, rows.map((row) => row.sample));
    const selected = rows.map((row) => this.selections.get(row.local.root.id)).find(Boolean);
    if (!selected) return;
    const again = which === "undo" ? app.tiles.faces.filter(({ sample }) => selected.has(sample)) : [];
    app.tiles.select(again, true);
    app.say(again.length ? `${said} · ${again.length} selected: the next answer is for all of them, a move lets them go` : said);
  }
}
