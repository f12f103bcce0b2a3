import assert from "node:assert/strict";
import test from "node:test";

import { firstOpen } from "./review_grid/alike.js";
import { Back } from "./review_grid/back.js";

/** @import { App, Page } from "./review_grid/types.js" */

/** A browser's history, whose steps back and forward are told at once. */
class Entries {
  constructor() {
    /** @type {object[]} */
    this.states = [{}];
    this.at = 0;
    /** Steps that reach what listens after us. */
    this.missed = 0;
    this.window = new EventTarget();
  }
  get state() {
    return this.states[this.at];
  }
  /** @param {object} state */
  pushState(state) {
    this.states.splice(this.at + 1, Infinity, state);
    this.at += 1;
  }
  /** @param {object} state */
  replaceState(state) {
    this.states[this.at] = state;
  }
  /** @param {number} steps */
  go(steps) {
    this.at += steps;
    this.window.dispatchEvent(new Event("popstate"));
  }
  back() {
    this.go(-1);
  }
}

/** A grid with a page of the queue, and what the browser keeps of it. */
function grid() {
  const entries = new Entries();
  Object.assign(globalThis, { history: entries, window: entries.window });
  const queue = /** @type {Page} */ ({ kind: "queue", faces: [], number: 1, focus: 0, batch: 1 });
  /** @type {string[]} */
  const done = [];
  const pages = {
    kept: [queue],
    at: 0,
    get current() {
      return this.kept[this.at];
    },
  };
  const show = (/** @type {Page} */ page) => {
    pages.at = pages.kept.indexOf(page);
    done.push(page.kind);
    back.shown(page);
  };
  const zoom = {
    open: false,
    toggle() {
      this.open = !this.open;
      if (this.open) back.zoomOpened();
      else back.zoomClosed();
    },
  };
  const flow = { show, rememberFocus: () => {}, next: () => show(queue) };
  const app = /** @type {App} */ (/** @type {unknown} */ ({ pages, flow, zoom }));
  const back = new Back(app, new AbortController().signal);
  entries.window.addEventListener("popstate", () => (entries.missed += 1));
  const alike = () => {
    const page = /** @type {Page} */ ({ kind: "alike", faces: [], number: 1, focus: 0, batch: 1 });
    pages.kept.splice(pages.at, 0, page);
    show(page);
  };
  return { entries, back, pages, zoom, done, alike, flow };
}

test("Back closes the zoom, Forward opens it again, and a key leaves no step behind", () => {
  const { entries, zoom } = grid();
  zoom.toggle();
  assert.deepEqual([zoom.open, entries.at], [true, 1]);
  entries.back();
  assert.equal(zoom.open, false);
  entries.go(1);
  assert.equal(zoom.open, true);
  zoom.toggle();
  assert.deepEqual([zoom.open, entries.at, entries.missed], [false, 0, 0]);
});

test("Back leaves faces that look alike, and Forward comes back to them", () => {
  const { entries, pages, alike } = grid();
  alike();
  assert.equal(pages.current.kind, "alike");
  entries.back();
  assert.equal(pages.current.kind, "queue");
  entries.go(1);
  assert.equal(pages.current.kind, "alike");
  entries.back();
  assert.deepEqual([pages.current.kind, entries.at, entries.missed], ["queue", 0, 0]);
});

test("one step leads from what was asked for again to the queue, and Back goes through what was asked for before", () => {
  const { entries, pages, alike, flow } = grid();
  alike();
  alike();
  alike();
  const [third, second] = pages.kept;
  assert.deepEqual([pages.current === third, entries.at], [true, 3]);
  entries.back();
  assert.equal(pages.current, second);
  flow.next();
  assert.deepEqual([pages.current.kind, entries.at, entries.missed], ["queue", 0, 0]);
  entries.go(2);
  assert.equal(pages.current, second, "Forward finds it again");
  entries.back();
  entries.back();
  assert.deepEqual([pages.current.kind, entries.at, entries.missed], ["queue", 0, 0]);
});

test("faces that look like the one in the zoom take its entry", () => {
  const { entries, back, pages, zoom, alike } = grid();
  zoom.toggle();
  back.handOver();
  zoom.toggle();
  alike();
  assert.deepEqual([zoom.open, entries.at, entries.states.length], [false, 1, 2]);
  entries.back();
  assert.deepEqual([pages.current.kind, zoom.open, entries.missed], ["queue", false, 0]);
});

test("the frame begins on the first face that is to review", () => {
  assert.equal(firstOpen([{ state: "keep" }, { state: "skip" }, { state: "open" }]), 2);
  assert.equal(firstOpen([{ state: "keep" }]), 0);
});
