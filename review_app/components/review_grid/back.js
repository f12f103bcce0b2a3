/** The browser's Back leaves a page of faces that look alike, as it leaves any page that a key or a click opened. */

/** @import { App, Page } from "./types.js" */

/** In the state of an entry of the browser's history: the number of the page that it stands for. */
const MARK = "scnAlike";

/** @returns {number} of the entry that the browser is at; 0: it is none of ours */
function entry() {
  return Number(history.state?.[MARK]) || 0;
}

export class Back {
  /**
   * Entries are numbered in the order in which they were made, so that one made later has the larger number.
   * @param {App} app @param {AbortSignal} signal ends it
   */
  constructor(app, signal) {
    this.app = app;
    /** @type {WeakMap<Page, number>} the entry that each page has, or had */
    this.entries = new WeakMap();
    this.made = entry();
    /** Number of the entry that the browser is at, or is on its way to. */
    this.at = 0;
    /** Steps back that were taken here, of which the browser has not told yet. */
    this.own = 0;
    // Before Streamlit, which would run the page again: the address is the same.
    window.addEventListener("popstate", (event) => this.#moved(event), { capture: true, signal });
  }

  /** A page is shown: one of faces that look alike gets an entry, and that of one which was left goes. @param {Page} page */
  shown(page) {
    const number = page.kind === "alike" ? this.entries.get(page) : 0;
    if (number === this.at) return;
    if (number === undefined || number > this.at) {
      this.made += 1;
      this.entries.set(page, this.made);
      this.at = this.made;
      history.pushState({ ...history.state, [MARK]: this.made }, "");
    } else if (this.at && entry() === this.at) {
      this.at = number;
      this.own += 1;
      history.back();
    }
  }

  /** @param {PopStateEvent} event */
  #moved(event) {
    const left = this.at;
    this.at = entry();
    if (this.own) {
      this.own -= 1;
      event.stopImmediatePropagation();
    } else if (left && this.at < left) {
      event.stopImmediatePropagation();
      const page = this.app.pages.current;
      if (page && this.entries.get(page) === left) this.app.flow.next();
    }
  }
}
