/** The bottom line: what is saved, how far the page is, what just happened; and the same for screen readers. */

import { foundWords } from "./above.js";
import { asElement, el } from "./dom.js";
import { counted } from "./faces.js";
import { othersWords } from "./kept.js";
import { pageWords } from "./pages.js";
import { mayHelp } from "./refusals.js";

/** @import { App } from "./types.js" */

/** @typedef {"info"|"warn"|"done"|"trouble"} MessageKind trouble: until the server answers again */
/** @typedef {"saved"|"saving"|"offline"|"signedout"|"refused"} PillKind */
/** @typedef {Pick<import("./outbox.js").Outbox, "waiting"|"safe"|"problem"|"refused">} Sending */
/** @typedef {import("./outbox.js").Refusal} Refusal */
/**
 * @typedef {object} On
 * @property {() => void} dismiss
 * @property {() => void} resend what was refused
 * @property {() => void} retry to send what waits, now
 * @property {() => void} next
 * @property {(control: HTMLElement) => void} hides is about to
 * @property {(refusal: Refusal) => {face: string, words: string, href: string, picture: string}} refusal href: where its
 *   face is; picture: address of the small one
 */

/** Why numbers stand still where some faces are asked once more. */
const STANDING = "the numbers of the queue and of what you checked follow when you turn the page";

/** The pill's words. Pure. @param {Sending} outbox @returns {{kind: PillKind, text: string}} */
export function pillOf(outbox) {
  const count = outbox.waiting.size;
  const where = outbox.safe ? "kept here" : "in this tab only: keep it open";
  const kind = outbox.problem?.kind;
  if (kind === "session") return { kind: "signedout", text: `signed out: ${count} ${where}` };
  if (kind === "person") return { kind: "signedout", text: `signed in as somebody else: ${count} ${where}` };
  if (kind && count)
    return { kind: "offline", text: `${kind === "offline" ? "offline" : "server trouble"}: ${count} ${where}` };
  if (count) return { kind: "saving", text: `saving ${count}` };
  if (outbox.refused.size) return { kind: "refused", text: `all but ${outbox.refused.size} saved` };
  return outbox.safe
    ? { kind: "saved", text: "all saved" }
    : { kind: "saved", text: "all saved (no storage in this browser: keep the tab open)" };
}

/** Why what waits is not sent. Pure. @param {Sending} outbox @returns {string} empty: it is, or the pill says it all */
export function troubleOf({ waiting, problem }) {
  if (!waiting.size || problem?.kind !== "server") return "";
  return `not sent: ${problem.message}. What is kept here is sent again by itself, until it is taken`;
}

/** What the order of the queue was learned from. Pure. @param {number|null} learned decided faces @returns {string} */
export function learnedWords(learned) {
  if (learned === null) return "";
  return `order learned from ${counted(learned, "decided face")}`;
}

/** "24 of 339 faces". Pure. @param {number} shown @param {number|null} all null: not known */
export function listWords(shown, all) {
  return all === null ? counted(shown, "face") : `${shown.toLocaleString("en-US")} of ${counted(all, "face")}`;
}

/** Whether a filter leaves faces out. Pure. @param {import("./types.js").QueueFilter} filter */
export function narrows(filter) {
  const anything = { alpha_from: 0, alpha_to: 1, state: filter.state, order: "", grouped: filter.grouped };
  return Object.entries(filter).some(([name, value]) => {
    const any = Object.entries(anything).find(([one]) => one === name);
    if (name === "order") return false;
    return any ? value !== any[1] : ![null, false, "all"].includes(value);
  });
}

export class Status {
  /** @param {string} login address of the log-in page @param {On} on */
  constructor(login, on) {
    this.login = login;
    this.hides = on.hides;
    this.refusal = on.refusal;
    /** Refused decisions. @type {Map<string, Refusal>} */
    this.refusals = new Map();
    this.pill = el("span", { class: "pill", "data-kind": "saved", text: "all saved" });
    this.link = el("a", { class: "signin", href: login, text: "sign in", hidden: true });
    this.others = el("span", { class: "others", title: "they are sent when that person signs in here again", hidden: true });
    this.progress = el("span", { class: "progress" });
    this.found = el("span", { class: "learned", hidden: true });
    this.learned = el("span", { class: "learned", hidden: true });
    this.numbers = el("span", { class: "numbers" }, [this.progress, this.found, this.learned]);
    this.message = el("span", { class: "message", role: "status", "aria-live": "polite" });
    // What is cut on screen is whole in the tooltip.
    this.message.addEventListener("pointerenter", () => (this.message.title = this.message.textContent ?? ""));
    this.refusedTitle = el("summary");
    this.refusedList = el("ul");
    this.resend = el("button", { type: "button", text: "send again", on: { click: on.resend } });
    this.refused = el("details", { class: "fold refused", hidden: true }, [
      this.refusedTitle,
      this.refusedList,
      this.resend,
      el("button", { type: "button", text: "dismiss", on: { click: on.dismiss } }),
    ]);
    this.why = el("p");
    this.trouble = el("details", { class: "fold trouble", hidden: true }, [
      el("summary", { text: "why" }),
      this.why,
      el("button", { type: "button", text: "send again", on: { click: on.retry } }),
    ]);
    this.refused.addEventListener("toggle", () => this.#list());
    /** Seen while nothing is left on the page. */
    this.onward = el("button", { type: "button", class: "key onward", hidden: true, on: { click: on.next } }, [
      el("kbd", { text: "Space", "aria-hidden": "true" }),
      el("span", { text: "next page" }),
    ]);
    this.node = el("footer", { class: "foot" }, [
      this.pill,
      this.link,
      this.others,
      this.trouble,
      this.numbers,
      this.onward,
      this.message,
      this.refused,
    ]);
    /** @type {HTMLElement|null} a live region inside an open dialog, where the rest of the page is silent */
    this.inDialog = null;
  }

  /** Say what happened. @param {string} words @param {MessageKind} kind */
  say(words, kind = "info") {
    for (const place of [this.message, this.inDialog]) {
      if (!place) continue;
      place.textContent = words;
      place.removeAttribute("title");
      place.dataset.kind = kind;
    }
  }

  /** The server answers: what was said about trouble with it is over. */
  well() {
    for (const place of [this.message, this.inDialog]) if (place?.dataset.kind === "trouble") place.textContent = "";
  }

  /** @param {import("./outbox.js").Outbox} outbox */
  show(outbox) {
    const { kind, text } = pillOf(outbox);
    if (this.pill.textContent !== text) this.pill.textContent = text;
    this.pill.dataset.kind = kind;
    this.#hide(this.link, kind !== "signedout");
    this.link.href = `${this.login}?next=${encodeURIComponent(location.pathname + location.search)}`;
    const why = troubleOf(outbox);
    if (why && this.why.textContent !== why) this.say(why, "trouble");
    this.why.textContent = why;
    this.#hide(this.trouble, !why);
    this.trouble.open &&= Boolean(why);
    this.refusals = outbox.refused;
    this.#hide(this.resend, ![...outbox.refused.values()].some(mayHelp));
    const count = outbox.refused.size;
    this.#hide(this.refused, !count);
    this.refused.open &&= count > 0;
    this.refusedTitle.textContent = `${count} refused`;
    if (this.refused.open) this.#list();
  }

  /** @param {number} count answers of other people that wait in this browser */
  showOthers(count) {
    this.others.textContent = othersWords(count);
    this.others.hidden = !count;
  }

  /** What was refused: which face it is on the page follows what is shown. */
  #list() {
    const rows = [...this.refusals.values()].map((refusal) => {
      const { face, words, href, picture } = this.refusal(refusal);
      return el("li", { title: refusal.error }, [
        el("a", { href, target: "_blank", rel: "noopener" }, [
          el("img", { src: picture, alt: "", on: { error: ({ target }) => asElement(target)?.remove() } }),
          document.createTextNode(face),
        ]),
        document.createTextNode(words),
      ]);
    });
    const same = rows.map((row) => row.textContent).join() === [...this.refusedList.children].map((row) => row.textContent).join();
    if (!same) this.refusedList.replaceChildren(...rows); // a link that has the keyboard stays
  }

  /** @param {HTMLElement} control @param {boolean} hidden */
  #hide(control, hidden) {
    if (hidden && !control.hidden) this.hides(control);
    control.hidden = hidden;
  }

  /** How far the page and the queue are. @param {App} app */
  page({ data, flow, pages, tally }) {
    const page = flow.view === "page" ? pages.current : null;
    if (this.refused.open) this.#list();
    // A list of answers is looked through: nothing waits in it.
    const { open: waiting, today = null } = tally.shown;
    const open = pages.leased && !flow.closed() ? (waiting ?? null) : null; // a round that has ended has none
    const words = [];
    const left = page?.faces.filter((face) => face.state === "open").length ?? 0;
    this.#hide(this.onward, !page || open === null || left > 0);
    if (page) {
      words.push(pageWords(page));
      words.push(open === null ? listWords(page.faces.length, flow.header?.matching ?? null) : `${left} of ${page.faces.length} to review`);
    }
    if (open !== null) words.push(`${open.toLocaleString("en-US")} to review ${narrows(data.filter) ? "here" : "in all"}`);
    if (today !== null) words.push(`${today.toLocaleString("en-US")} today`);
    const text = words.join(" · ");
    if (this.progress.textContent !== text) this.progress.textContent = text;
    const found = foundWords(tally.shown);
    if (this.found.textContent !== found) this.found.textContent = found;
    this.found.hidden = !found || !this.onward.hidden; // one line is to hold all
    const order = learnedWords(flow.header?.learned ?? null);
    if (this.learned.textContent !== order) this.learned.textContent = order;
    this.learned.hidden = !order;
    const title = [text, found, order, tally.repeats ? STANDING : ""].filter(Boolean).join(" · ");
    if (this.numbers.title !== title) this.numbers.title = title;
  }
}
