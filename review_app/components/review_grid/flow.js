/** Which page is seen: turning, waiting, the end of the queue, trouble, and bringing back what was undone. */

import { byTouch } from "./dom.js";
import { endWords } from "./end.js";
import { asProblem } from "./net.js";
import { waitMs } from "./outbox.js";
import { pageWords } from "./pages.js";

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
    /** @type {{id: string, more: number}[]} faces to review more or fewer, by entries since the last page */
    this.uncounted = [];
    this.busy = false;
    this.tries = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    this.wanted = 0;
    this.shows = 0;
    /** The round took answers when its first page came, and takes none now. */
    this.ended = false;
    this.opened = false;
    /** @type {number[]} rounds that take answers, newest first */
    this.rounds = [];
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
      if (page && !this.ended) this.#turned(page);
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
    this.app.say(`${pageWords(page)}: ${page.faces.length} faces`);
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
    app.look.layout();
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
    app.panel.show(endWords(this));
  }

  /** No tiles now, and nothing to zoom into. */
  #clear() {
    const { app } = this;
    if (app.zoom.open) app.zoom.close();
    app.focus.hold();
    app.grid.hidden = true;
  }

  /**
   * The header of a page has come. It was counted without the answers that the server has not confirmed yet.
   * @param {PageHeader} header
   */
  headed(header) {
    const waiting = new Set(this.app.store.since(Infinity).map(({ id }) => id));
    this.uncounted = this.uncounted.filter(({ id }) => waiting.has(id));
    this.header = header;
    this.#count(this.uncounted.reduce((sum, { more }) => sum + more, 0));
    this.opened ||= header.round.state === "review";
    this.heard(header.in_review);
  }

  /** Faces to review have become more or fewer by an entry made here. @param {string} id of the entry @param {number} more */
  counted(id, more) {
    if (more) this.uncounted.push({ id, more });
    this.#count(more);
  }

  /** @param {number} more faces to review */
  #count(more) {
    if (this.header) this.header.open = Math.max(0, this.header.open + more);
  }

  /** The server said which rounds take answers: where this one ended meanwhile, say so in place of its faces. @param {number[]} rounds */
  heard(rounds) {
    const { app, ended } = this;
    this.rounds = rounds;
    if (!this.header || !this.opened) return;
    this.ended = !rounds.includes(app.round);
    if (ended && !this.ended) app.restart(); // a lead has opened it again
    if (!this.ended || (ended && this.view !== "end")) return;
    this.header.round.state = "closed";
    if (!ended) app.say(`round ${app.round} takes no answers any more`, "warn");
    this.end();
  }

  /** Why answers are not taken now, in words; null: they are. */
  closed() {
    const state = this.header?.round?.state ?? "review";
    return state === "review" ? null : `round ${this.app.round} is ${state}: answers are no longer taken`;
  }

  /** @param {Problem} problem */
  #showProblem(problem) {
    const { app } = this;
    app.showProblem(problem);
    if (app.pages.current && this.view === "loading") {
      this.show(app.pages.current);
      app.say(`${problem.message}: this page stays until the next one comes; ${byTouch() ? "Next tries" : "press PgDn to try"} again`, "trouble");
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
      // Before the page it interrupts, so that PgDn leads back to that one.
      this.show(app.pages.insert("recall", faces, Math.max(0, app.pages.at) + (this.view === "page" ? 0 : 1)), 0);
    } catch (error) {
      const problem = asProblem(error);
      app.showProblem(problem);
      app.say(`${app.status.message.textContent}; the face is not on screen: ${problem.message}`, "trouble");
    }
  }
}
