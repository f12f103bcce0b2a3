/** The browser's Back closes the zoom and leaves a page of faces that look alike, as it leaves any page that was opened. */

/** @import { App, Page } from "./types.js" */

/** In the state of an entry of the browser's history: numbers of the pages that were opened one from another up to it. */
const MARK = "scnAlike";
/** Likewise: it stands for the zoom. */
const ZOOM = "scnZoom";

/** @returns {number[]} of the entry that the browser is at; empty: it is none of ours */
function path() {
  const kept = history.state?.[MARK];
  return Array.isArray(kept) ? kept : [];
}

/** @returns {boolean} whether the browser is at the entry of a zoom */
function atZoom() {
  return Boolean(history.state?.[ZOOM]);
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
    this.made = Math.max(0, ...path());
    /** Numbers of the entries from the queue to where the browser is, or is on its way to. @type {number[]} */
    this.path = [];
    // After a reload nothing is opened any more.
    if (path().length) history.replaceState({ ...history.state, [MARK]: [] }, "");
    /** Steps back that were taken here, of which the browser has not told yet. */
    this.own = 0;
    /** The zoom is open, and has an entry. */
    this.zoomed = false;
    /** The entry of a zoom that is closed, for what is shown in its place. */
    this.spare = false;
    // Before Streamlit, which would run the page again: the address is the same.
    window.addEventListener("popstate", (event) => this.#moved(event), { capture: true, signal });
  }

  /** The zoom is open: Back closes it. */
  zoomOpened() {
    if (!this.zoomed) history.pushState({ ...history.state, [ZOOM]: true }, "");
    this.zoomed = true;
  }

  /** The zoom was closed by a key or a button: no step is left behind. */
  zoomClosed() {
    if (this.zoomed && atZoom()) this.#stepBack();
    this.zoomed = false;
  }

  /** The zoom makes way for a page, which takes its entry. */
  handOver() {
    this.spare = this.zoomed && atZoom();
    this.zoomed = false;
  }

  /** A page is shown: one of faces that look alike gets an entry, and that of one which was left goes. @param {Page} page */
  shown(page) {
    const depth = page.kind === "alike" ? this.path.indexOf(this.entries.get(page) ?? 0) : -1;
    if (page.kind !== "alike" || depth >= 0) {
      const steps = this.path.length - 1 - depth;
      if (!steps || path().at(-1) !== this.path.at(-1)) return;
      this.path = this.path.slice(0, depth + 1);
      this.#stepBack(steps);
      return;
    }
    this.made += 1;
    this.entries.set(page, this.made);
    this.path = [...this.path, this.made];
    const state = { ...history.state, [MARK]: this.path, [ZOOM]: false };
    if (this.spare) history.replaceState(state, "");
    else history.pushState(state, "");
    this.spare = false;
  }

  #stepBack(steps = 1) {
    this.own += 1;
    history.go(-steps);
  }

  /** @param {PopStateEvent} event */
  #moved(event) {
    const { flow, pages, zoom } = this.app;
    const left = this.path.at(-1);
    this.path = path();
    const to = this.path.at(-1);
    if (this.own) {
      this.own -= 1;
      event.stopImmediatePropagation();
    } else if (this.zoomed !== atZoom()) {
      event.stopImmediatePropagation();
      this.zoomed = atZoom();
      zoom.toggle(); // closed by Back, opened again by Forward
      this.zoomed = zoom.open;
    } else if (to !== left) {
      event.stopImmediatePropagation();
      const page = pages.current;
      const there = to === undefined ? -1 : pages.kept.findIndex((one) => this.entries.get(one) === to);
      if (there >= 0) {
        flow.rememberFocus();
        pages.at = there;
        flow.show(pages.kept[there]);
      } else if (left && page && this.entries.get(page) === left) flow.next("", true);
    }
  }
}
