/** What stands above the faces: how to begin, for who has not answered ten faces yet, and the pair that a page is of. */

import { alikeWords } from "./alike.js";
import { el } from "./dom.js";
import { pairWords } from "./faces.js";
import { pairKey, pairOfPage } from "./tally.js";
import { recall, remember } from "./window.js";

/** @import { App, Page } from "./types.js" */
/** @import { CommandId } from "./keys.js" */

/** Answers after which somebody knows how it goes. */
export const LEARNED = 10;
const HOW = [
  "These labels are doubtful, the worst first.",
  "For the framed face: is the proposed label right, the given one, or another?",
  "Every answer is saved at once and can be undone.",
];

export class Above {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.place = `${app.prefix}knows`;
    this.guide = el("div", { class: "guide", role: "note", "aria-label": "how to begin" });
    this.title = el("h2");
    this.next = el("button", {
      type: "button",
      class: "key",
      title: "leave the rest of this pair for later (Shift PgDn)",
      text: "next group",
      on: { click: () => app.flow.nextGroup() },
    });
    this.group = el("div", { class: "group set", role: "group", "aria-label": "pair of labels" }, [this.title, this.next]);
    const back = { type: "button", class: "key", title: "PgDn, or Back of the browser", text: "back to the queue" };
    this.like = el("h2");
    this.alike = el("div", { class: "group set", role: "group", "aria-label": "faces that look alike" }, [
      this.like,
      el("button", { ...back, on: { click: () => app.flow.next("", true) } }),
    ]);
    this.node = el("div", { class: "above" }, [this.guide, this.group, this.alike]);
  }

  /** Before a page is asked for: room for what will stand here. */
  begin() {
    const { pages, storage } = this.app;
    this.guide.hidden = !pages.leased || recall(storage, this.place) !== null;
    this.group.hidden = !pages.grouped;
    this.alike.hidden = true;
    this.write();
  }

  /** A page is shown. @param {Page} page */
  show(page) {
    const { outbox, pages, tally, storage } = this.app;
    // Those on their way are not counted yet.
    if (!this.guide.hidden && (tally.shown.checked ?? 0) + outbox.waiting.size >= LEARNED) {
      remember(storage, this.place, "1");
      this.guide.hidden = true;
    }
    // What looks alike, or was brought back by an undo, may be of several pairs.
    this.group.hidden = !pages.grouped || page.kind === "alike" || page.kind === "recall";
    this.alike.hidden = page.kind !== "alike";
    if (page.kind === "alike") this.like.textContent = alikeWords(page, this.app.classes);
    this.next.hidden = !pages.leased;
    this.update(page);
  }

  /** No page is shown. */
  clear() {
    this.group.hidden = this.alike.hidden = true;
  }

  /** How many faces that look alike a page has room for, below the line about them. @returns {number} */
  alikeSize() {
    const hidden = [this.group, this.alike].map((node) => node.hidden);
    [this.group.hidden, this.alike.hidden] = [true, false];
    const size = this.app.size();
    [this.group.hidden, this.alike.hidden] = hidden;
    return size;
  }

  /** Answers have changed how many are to review. @param {Page|null} page */
  update(page) {
    const { classes, pages, tally } = this.app;
    if (!pages.grouped || !page) return;
    const pair = pairOfPage(page.faces);
    const open = pages.leased ? tally.pairs.get(pairKey(pair)) : undefined;
    const left = open === undefined ? "" : ` · ${open.toLocaleString("en-US")} to review`;
    const words = `${pairWords(pair, classes)}${left}`;
    if (this.title.textContent !== words) this.title.textContent = words;
  }

  /** How to begin, with the letters that were chosen. */
  write() {
    const { keymap } = this.app;
    const key = (/** @type {string} */ cap, /** @type {string} */ words) =>
      el("span", {}, [el("kbd", { text: cap }), el("span", { text: ` ${words}` })]);
    const cap = (/** @type {CommandId} */ id) => keymap.cap(id);
    this.guide.replaceChildren(
      el("p", { text: HOW.join(" ") }),
      el("p", { class: "set" }, [
        key(cap("accept"), "the proposed label"),
        key(cap("keep"), "the given label"),
        key(`1–${Math.min(9, this.app.classes.length)}`, "another one"),
        key(cap("undo"), "undo"),
      ]),
      el("p", { class: "swipes", text: "Swipe right to accept, left to keep; two taps enlarge." }),
    );
  }
}

/** "17 checked, 12 wrong labels found"; empty: somebody begins. @param {Partial<import("./tally.js").Numbers>} shown */
export function foundWords({ checked = 0, wrong = 0 }) {
  if (checked < LEARNED) return "";
  const found = wrong === 1 ? "1 wrong label" : `${wrong.toLocaleString("en-US")} wrong labels`;
  return `${checked.toLocaleString("en-US")} checked, ${found} found`;
}
