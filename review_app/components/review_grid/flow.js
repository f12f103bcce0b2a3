/** Which page is seen: turning, waiting, the end of the queue, trouble, and bringing back what was undone. */

import { asProblem } from "./net.js";
import { waitMs } from "./outbox.js";

/** @import { App, Page, PageHeader } from "./types.js" */
/** @import { Problem } from "./net.js" */

const SEEN_AFTER_MS = 150;

/** @type {Record<Problem["kind"], string>} */
const PROBLEM_TITLES = {
  offline: "No connection to the server",
  session: "You are signed out",
  person: "Signed in as somebody else",
  server: "The server could not give a page",
  refused: "The server could not give a page",
};

export class Flow {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {"loading"|"page"|"end"|"problem"} keys answer faces only in "page" */
    this.view = "loading";
    /** @type {PageHeader|null} of the page that was fetched last */
    this.header = null;
    this.busy = false;
    this.tries = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    this.wanted = 0;
    this.shows = 0;
  }

  /** PgDn. */
  async next() {
    if (this.busy) {
      this.app.say("the next page is on its way");
      return;
    }
    if (this.view === "end" && this.passed().length) this.showPassed();
    else await this.#turn(() => this.app.pages.next());
  }

  /** @param {() => Promise<Page|null>} find */
  async #turn(find) {
    const { app } = this;
    const pages = app.pages;
    this.#rememberFocus();
    if (!pages.ready) this.#wait();
    this.busy = true;
    try {
      let page = await find();
      if (!page && app.store.since(pages.asked).length) {
        await app.outbox.flush(); // the server counted the answers on their way as open
        page = await find();
      }
      if (pages.closed) return;
      this.tries = 0;
      if (page) this.#turned(page);
      else this.end();
    } catch (error) {
      if (!pages.closed) this.#showProblem(asProblem(error));
    } finally {
      this.busy = false;
    }
    pages.prefetch();
  }

  #wait() {
    this.view = "loading";
    this.app.focus.hold();
    this.app.grid.hidden = true;
    this.app.panel.show({ title: "Loading faces", busy: true }, SEEN_AFTER_MS);
  }

  /** PgUp. */
  back() {
    if (this.busy) return;
    const { pages } = this.app;
    if (this.view !== "page" && pages.current) {
      this.show(pages.current);
      return;
    }
    this.#rememberFocus();
    const page = pages.back();
    if (page) this.#turned(page);
    else this.app.say("this is the first page");
  }

  #rememberFocus() {
    const { pages, tiles } = this.app;
    if (pages.current && this.view === "page") pages.current.focus = tiles.at;
  }

  /** @param {Page} page */
  #turned(page) {
    this.app.say(`page ${page.number}: ${page.faces.length} faces`);
    this.show(page);
  }

  /** Show a page's faces. @param {Page} page @param {number} at place of the face that gets the focus */
  show(page, at = page.focus) {
    const { app } = this;
    clearTimeout(this.timer);
    app.focus.hold();
    this.view = "page";
    app.panel.hide();
    app.grid.hidden = false;
    app.grid.classList.toggle("browsing", !app.pages.leased);
    app.layout();
    app.tiles.show(page.faces, at);
    this.shows += 1;
    for (const face of page.faces) face.seen = this.shows;
    app.focus.move(app.tiles.at);
    app.progress();
    app.actions.since = performance.now();
    const closed = this.closed();
    if (closed) app.say(closed, "warn");
  }

  /** Open faces on earlier pages, still leased to this tab. */
  passed() {
    return this.app.store.held().filter((face) => face.state === "open");
  }

  /** Those not seen for the longest time first. */
  showPassed() {
    const faces = this.passed().sort((a, b) => a.seen - b.seen);
    this.show(this.app.pages.insert("passed", faces.slice(0, Math.max(1, this.app.size()))), 0);
  }

  /** The queue has no more. */
  end() {
    const { app } = this;
    this.view = "end";
    this.#clear();
    app.progress();
    app.panel.show(this.#endWords());
  }

  /** No tiles now, and nothing to zoom into. */
  #clear() {
    const { app } = this;
    if (app.zoom.open) app.zoom.close();
    app.focus.hold();
    app.grid.hidden = true;
  }

  /** Why answers are not taken now, in words; null: they are. */
  closed() {
    const state = this.header?.round?.state ?? "review";
    return state === "review" ? null : `round ${this.app.round} is ${state}: answers are no longer taken`;
  }

  /** @returns {import("./panel.js").PanelContent} */
  #endWords() {
    const { app } = this;
    const passed = this.passed().length;
    const open = this.header?.open ?? 0;
    const state = this.header?.round?.state ?? "review";
    const look = { label: "look again", cap: "PgDn", press: () => this.next() };
    const back = app.pages.current ? [{ label: "earlier page", cap: "PgUp", press: () => this.back() }] : [];
    if (state !== "review")
      return {
        title: `Round ${app.round} is ${state}`,
        text: "Answers are taken while a round is in review. Choose another round above, or ask the lead.",
        buttons: back,
      };
    if (passed)
      return {
        title: `${passed} faces you passed over`,
        text: "The queue has nothing else for you in this filter.",
        buttons: [{ ...look, label: "show them", press: () => this.next() }, ...back],
      };
    if (!app.pages.leased) {
      return {
        title: app.pages.current ? "That was the last page" : "No face matches this filter",
        text: "Choose another filter above to see others.",
        buttons: back,
      };
    }
    if (open > 0)
      return {
        title: "Nothing waits for you here right now",
        text: `The ${open} open faces of this filter are with other reviewers, or you have skipped or answered them. Look again in a minute, or choose another filter.`,
        buttons: [look, ...back],
      };
    if (app.pages.current)
      return {
        title: "All done",
        text: "Every face of this filter is answered. Choose another filter above, or take a break.",
        buttons: [look, ...back],
      };
    return {
      title: "Nothing waits in this filter",
      text: "Every face of it is answered, or none matches. Choose another filter above.",
      buttons: [look],
    };
  }

  /** @param {Problem} problem */
  #showProblem(problem) {
    const { app } = this;
    app.showProblem(problem);
    if (app.pages.current && this.view === "loading") {
      this.show(app.pages.current);
      app.say(`${problem.message}: this page stays until the next one comes; press PgDn to try again`, "warn");
      return;
    }
    this.view = "problem";
    this.#clear();
    const kept = app.outbox.waiting.size;
    const again = { label: "try again", press: () => this.retry() };
    const session = problem.kind === "session" || problem.kind === "person";
    app.panel.show({
      title: PROBLEM_TITLES[problem.kind],
      text: `${problem.kind === "offline" || session ? "" : `${problem.message}. `}${kept ? `${kept} answers are kept in this browser. ` : ""}${session ? "Sign in again to go on." : "It tries again by itself."}`,
      buttons: session ? [{ label: "sign in", href: app.status.link.href }, again] : [again],
    });
    this.timer = setTimeout(() => this.retry(), waitMs(this.tries));
    this.tries += 1;
  }

  /** Try again now, if trouble is what is seen. */
  retry() {
    clearTimeout(this.timer);
    if (this.view === "problem" && !this.busy) this.#turn(() => this.app.pages.next());
  }

  close() {
    clearTimeout(this.timer);
    this.wanted += 1;
  }

  /** Bring faces on screen and put the focus on the first. @param {number[]} samples */
  async bringIntoView(samples) {
    const { app } = this;
    const wanted = (this.wanted += 1);
    const here = app.pages.current?.faces.find((face) => samples.includes(face.sample));
    if (here && this.view === "page") {
      app.focus.move(app.tiles.faces.indexOf(here));
      return;
    }
    const at = app.pages.pageOf(samples[0]);
    if (at >= 0) {
      this.#rememberFocus();
      app.pages.at = at;
      const page = app.pages.kept[at];
      const place = page.faces.findIndex((face) => face.sample === samples[0]);
      this.show(page, place);
      return;
    }
    try {
      const faces = await app.pages.tiles([...new Set(samples)]);
      if (wanted !== this.wanted || app.pages.closed || !faces.length) return;
      this.#rememberFocus();
      for (const face of faces) if (face.state === "open" && !face.held) face.held = "maybe";
      this.show(app.pages.insert("recall", faces), 0);
    } catch (error) {
      const problem = asProblem(error);
      app.showProblem(problem);
      app.say(`${app.status.message.textContent}; the face is not on screen: ${problem.message}`, "warn");
    }
  }
}
