/** Which page is seen: turning, waiting, the end of the queue, trouble, and bringing back what was undone. */

import { byTouch } from "./dom.js";
import { endWords } from "./end.js";
import { counted } from "./faces.js";
import { asProblem } from "./net.js";
import { pageWords } from "./pages.js";
import { problemWords } from "./problem.js";
import { waitMs } from "./retry.js";
import { pairKey, pairOf } from "./tally.js";

/** @import { App, Face, Page, PageHeader } from "./types.js" */
/** @import { Problem } from "./net.js" */

const SEEN_AFTER_MS = 150;

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
    /** The round took answers when its first page came, and takes none now. */
    this.ended = false;
    this.opened = false;
    /** Somebody moved to a face since the last answer: Space and Enter are about that face. */
    this.looking = false;
    /** @type {number[]} rounds that take answers, newest first */
    this.rounds = [];
  }

  /** Whether the next page is all there is to ask for: nothing is left on this one. */
  get done() {
    if (this.view === "end") return true;
    return this.view === "page" && !this.looking && this.app.pages.leased && this.app.tiles.nextOpen(-1) < 0;
  }

  /** PgDn. @param {string} done what was done before it, in words @param {boolean} [past] all faces that look alike */
  async next(done = "", past = false) {
    if (this.busy) {
      this.app.say("the next page is on its way");
      return;
    }
    if (this.view === "end" && this.passed().length) this.showPassed();
    else await this.#turn(() => this.app.pages.next(past), done);
  }

  /** Leave the rest of this pair for later. */
  async nextGroup() {
    const { focus, pages } = this.app;
    focus.take();
    if (!pages.grouped || !pages.leased) {
      this.app.say("pages are not grouped now: see Group by given → proposed under Filter", "warn");
      return;
    }
    if (this.busy) return;
    await this.#turn(async () => {
      await pages.leave();
      return pages.next();
    });
  }

  /** On from a page of which the rest was answered at once, where pages are of one pair each. @param {string} done */
  async onward(done) {
    this.app.input.letGo = false;
    await this.next(done);
  }

  /** @param {() => Promise<Page|null>} find @param {string} done what was done before it, in words */
  async #turn(find, done = "") {
    const { app } = this;
    const pages = app.pages;
    this.rememberFocus();
    if (!pages.current) app.above.begin();
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
      if (page && !this.ended) this.#turned(page, done);
      else {
        this.end();
        if (!done) app.say(""); // what was said is about the page before
      }
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
    this.app.progress(); // the button for the next page goes now, not whenever an answer is confirmed
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
    this.rememberFocus();
    const page = pages.back();
    if (page) this.#turned(page);
    else this.app.say("this is the first page");
  }

  /** When this page is shown again, its focus is where it was. */
  rememberFocus() {
    const { pages, tiles } = this.app;
    if (pages.current && this.view === "page") pages.current.focus = tiles.at;
  }

  /** @param {Page} page @param {string} done what was done before it, in words */
  #turned(page, done = "") {
    this.show(page);
    if (!this.closed()) this.app.say(`${done}${done && " · "}${pageWords(page)}: ${counted(page.faces.length, "face")}`);
  }

  /** Show a page's faces. @param {Page} page @param {number} at place of the face that gets the focus */
  show(page, at = page.focus) {
    const { app } = this;
    clearTimeout(this.timer);
    app.focus.hold();
    this.view = "page";
    this.looking = false;
    app.tally.turned();
    app.panel.hide();
    app.grid.hidden = false;
    app.above.show(page);
    app.back.shown(page);
    this.#draw(page, app.pages.refit((faces) => app.look.holds(faces), at) ?? at);
    app.focus.move(app.tiles.at);
    app.progress();
    app.actions.since = performance.now();
    const closed = this.closed();
    if (closed) app.say(closed, "warn");
  }

  /** @param {Page} page @param {number} at place of the face that gets the frame */
  #draw(page, at) {
    const { app } = this;
    app.look.layout();
    app.tiles.show(page.faces, at);
    this.shows += 1;
    for (const face of page.faces) face.seen = this.shows;
  }

  /** The window or the tiles have another size: what does not fit any more goes to the next page, and comes back from there. */
  refit() {
    const { app } = this;
    const { look, pages, tiles } = app;
    const page = pages.current;
    if (this.view !== "page" || !page || page.faces !== tiles.faces) return;
    const [before, selected, looking] = [page.faces.length, tiles.selected, this.looking];
    const at = pages.refit((faces) => look.holds(faces), tiles.at);
    if (at === null) return;
    app.focus.hold();
    this.#draw(page, at);
    tiles.select(selected.filter((face) => page.faces.includes(face)));
    app.focus.move(tiles.at);
    this.looking = looking;
    const now = page.faces.length;
    app.say(now < before ? `${now} of ${counted(before, "face")} fit: the others are on the next page` : `${pageWords(page)}: ${counted(now, "face")}`);
    app.progress();
  }

  /** Open faces on earlier pages, still leased to this tab. */
  passed() {
    return this.app.store.held().filter((face) => face.state === "open");
  }

  /** Those not seen for the longest time first. */
  showPassed() {
    const passed = this.passed().sort((a, b) => a.seen - b.seen);
    const key = (/** @type {Face} */ face) => pairKey(pairOf(face.tile));
    const faces = this.app.pages.grouped ? passed.filter((face) => key(face) === key(passed[0])) : passed;
    this.show(this.app.pages.insert("passed", faces.slice(0, Math.max(1, this.app.size()))), 0);
  }

  /** The queue has no more. */
  end() {
    const { app } = this;
    this.view = "end";
    app.tally.turned();
    this.#clear();
    app.above.clear();
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

  /** The header of a page has come. @param {PageHeader} header */
  headed(header) {
    this.header = header;
    this.app.tally.headed(header, this.app.pages?.asked ?? 0);
    this.opened ||= header.round.state === "review";
    this.heard(header.in_review);
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
    app.sync.showProblem(problem);
    if (app.pages.current && this.view === "loading") {
      this.show(app.pages.current);
      app.say(`${problem.message}: this page stays until the next one comes; ${byTouch() ? "Next tries" : "press PgDn to try"} again`, "trouble");
      return;
    }
    this.view = "problem";
    this.#clear();
    const at = { kept: app.outbox.waiting.size, login: app.status.link.href, retry: () => this.retry() };
    app.panel.show(problemWords(problem, at));
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
}
