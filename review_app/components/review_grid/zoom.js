/** One face, large, with everything known about it; the keys go on working and it follows the focus. */

import { neighbours } from "./alike.js";
import { copyWords } from "./copies.js";
import { lineChart } from "./chart.js";
import { el, formatShare, icon, keyButton } from "./dom.js";
import { askWords, className, doubtMeans, reasonWords, stateWords, voteWords } from "./faces.js";
import { COMMANDS, classCommands } from "./keys.js";
import { asProblem } from "./net.js";
import { opinionTable, probability } from "./probabilities.js";
import { roving } from "./toolbar.js";
import { swipePicture, touchBar } from "./touch.js";

/** @import { App, Face, PastDecision, SampleDetail, Tile } from "./types.js" */

const CACHED = 30;
/** How many times larger than its pixels a face is shown at most. */
const MAGNIFIED = 6;
const UNREAD = "what others say is shown once all readings are in";

export class Zoom {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Map<number, {base: Tile, detail: SampleDetail}>} by sample id, each with the tile it belongs to */
    this.details = new Map();
    /** @type {Face|null} */
    this.face = null;
    this.picture = el("div", { class: "large" });
    /** Seen where the picture is no square. */
    this.square = el("p", { class: "none", text: "shown whole; the network sees only the square in its middle", hidden: true });
    this.title = el("h2", { tabindex: "-1" });
    this.state = el("span", { class: "badge" });
    this.facts = el("div", { class: "facts" });
    this.live = el("p", { class: "message", role: "status", "aria-live": "polite" });
    const commands = [
      ...COMMANDS.slice(0, 2),
      ...classCommands(app.classes),
      ...COMMANDS.filter((command) => command.zoom && command.button !== false && command.id !== "zoom").slice(2),
    ];
    const buttons = el("div", { class: "row", role: "toolbar", "aria-label": "what to do with the face" }, [
      ...commands.map((command) => keyButton(command, (asked) => app.run(asked))),
      el("button", { type: "button", class: "key", on: { click: () => this.close() } }, [
        el("kbd", { text: "Esc" }),
        el("span", { text: "close" }),
      ]),
    ]);
    roving(buttons);
    const close = el("button", { type: "button", class: "key shut", "aria-label": "close", on: { click: () => this.close() } }, [
      icon("exclude"),
    ]);
    this.body = el("div", { class: "zoombody" }, [
      el("header", {}, [this.title, this.state, close]),
      el("div", { class: "halves" }, [this.picture, this.facts]),
      this.live,
      buttons,
    ]);
    this.body.append(touchBar(app, this.body, { pages: false }));
    swipePicture(app, this.picture);
    this.dialog = el("dialog", { class: "zoom", "aria-label": "one face" }, [this.body]);
    this.dialog.addEventListener("close", () => this.#closed());
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.close();
    });
  }

  get open() {
    return this.dialog.open;
  }

  toggle() {
    if (this.open) this.close();
    else if (this.app.tiles.current && this.app.flow.view === "page") {
      this.dialog.showModal();
      this.app.back.zoomOpened();
      this.app.status.inDialog = this.live;
      this.live.textContent = "";
      this.follow(this.app.tiles.current);
      this.title.focus();
    }
  }

  close() {
    this.dialog.close();
  }

  #closed() {
    this.app.back.zoomClosed();
    this.app.status.inDialog = null;
    this.face = null;
    this.app.focus.take();
  }

  /** Show this face, if the zoom is open. @param {Face} face */
  follow(face) {
    if (!this.open) return;
    if (face !== this.face) {
      this.face = face;
      const small = face.img
        ? el("img", { src: face.img.src, alt: "" })
        : el("span", { class: "missing", text: face.tile.missing ?? "no picture" });
      const large = el("img", { src: this.app.net.url(`/face/${face.sample}`), alt: "", class: "loading" });
      large.addEventListener("load", () => {
        // A face of few pixels is not blown up to a blur.
        large.style.maxWidth = `${large.naturalWidth * MAGNIFIED}px`;
        large.style.maxHeight = `${large.naturalHeight * MAGNIFIED}px`;
        large.classList.remove("loading");
        small.remove();
        if (face === this.face) this.square.hidden = large.naturalWidth === large.naturalHeight;
      });
      large.addEventListener("error", () => large.remove());
      this.square.hidden = true;
      this.picture.replaceChildren(small, large);
      this.facts.replaceChildren(el("p", { class: "none", text: "loading…" }));
      this.#load(face);
    }
    this.update(face);
  }

  /** The face's state has changed. @param {Face} face */
  update(face) {
    if (face !== this.face) return;
    const { app } = this;
    const at = app.tiles.faces.indexOf(face);
    this.title.textContent = `Face ${at + 1} of ${app.tiles.faces.length}: ${askWords(face.tile, app.classes)}`;
    this.state.dataset.state = face.state;
    this.state.replaceChildren(
      ...(face.state === "open"
        ? [el("span", { text: "to review" })]
        : [icon(face.state), el("span", { text: stateWords(face.tile, face.state, app.classes) })]),
    );
  }

  /** What was known of these is old now. @param {number[]} samples */
  forget(samples) {
    for (const sample of samples) this.details.delete(sample);
    if (this.face && samples.includes(this.face.sample)) this.#load(this.face);
  }

  /** @param {Face} face */
  async #load(face) {
    try {
      const { base } = face; // another one asks the face anew, and what was known of it is not for now
      const known = this.details.get(face.sample);
      const fresh = known?.base === base ? known.detail : null;
      const path = `/api/sample/${face.sample}?round=${this.app.round}`;
      const detail = fresh ?? /** @type {SampleDetail} */ (await this.app.net.get(path));
      this.details.set(face.sample, { base, detail });
      const [oldest] = this.details.keys();
      if (this.details.size > CACHED) this.details.delete(oldest);
      if (face === this.face) this.facts.replaceChildren(...this.#facts(detail));
    } catch (error) {
      if (face === this.face)
        this.facts.replaceChildren(
          el("p", {
            class: "none",
            text: `What is known of this face could not be fetched: ${asProblem(error).message}. Answers work all the same.`,
          }),
        );
    }
  }

  /** @param {SampleDetail} detail */
  #facts(detail) {
    const { classes } = this.app;
    /** @type {HTMLElement[]} */
    const parts = [];
    if (detail.blind)
      parts.push(
        el("p", { class: "none", text: "An audit face: what the model thinks of it is shown once it is answered." }),
      );
    const why = [doubtMeans(detail), reasonWords(detail)].filter(Boolean);
    if (why.length) parts.push(section("Why it is asked about", [el("p", { text: why.join("; ") })]));
    if (detail.probabilities.length)
      parts.push(
        section(
          "Probabilities",
          detail.probabilities.map((share, label) => probability(classes, detail, label, share)),
        ),
      );
    if (detail.opinions.length) parts.push(section("Other models", [opinionTable(classes, detail)]));
    const said = { Copies: copyWords(detail, classes, this.app.me), "Votes in the data set": voteWords(detail.votes) };
    for (const [title, text] of Object.entries(said)) if (text) parts.push(section(title, [el("p", { text })]));
    if (detail.dynamics?.alpha.length) {
      const { alpha, margin } = detail.dynamics;
      const charts = [overEpochs("alpha", alpha, detail.alpha), overEpochs("margin", margin, detail.margin)];
      parts.push(section("Over the epochs", [el("div", { class: "charts" }, charts)]));
    }
    if (detail.neighbours) {
      const { given, other, otherLabel } = detail.neighbours;
      parts.push(
        section("Confident faces nearby", [
          el("div", { class: "sides" }, [
            neighbours(className(classes, detail.given), given, this.app),
            neighbours(className(classes, otherLabel), other, this.app),
          ]),
        ]),
      );
    }
    parts.push(
      section(
        "History",
        detail.history.length
          ? [
              el(
                "ol",
                { class: "history" },
                detail.history.map((row) => pastDecision(classes, row)),
              ),
            ]
          : [el("p", { class: "none", text: detail.unread ? UNREAD : "nobody has answered it yet" })],
      ),
    );
    parts.push(section("Picture", [el("p", { class: "path", text: detail.key }), this.square]));
    return parts;
  }
}

/** @param {string} name @param {number[]} values one for each epoch @param {number|null} score when the face was scored */
function overEpochs(name, values, score) {
  const end = formatShare(values.at(-1));
  const differs = score !== null && formatShare(score) !== end;
  const words = differs ? `${name} ${end} in the last epoch, ${formatShare(score)} in the score` : `${name} ${end}`;
  const caption = el("figcaption", { text: words });
  return el("figure", {}, [caption, lineChart(name, values, differs ? score : null)]);
}

/** @param {string} title @param {Node[]} children */
function section(title, children) {
  return el("section", {}, [el("h3", { text: title }), ...children]);
}

/** @param {string[]} classes @param {PastDecision} row */
function pastDecision(classes, row) {
  const label = row.label === null || row.label === undefined ? "" : ` ${className(classes, row.label)}`;
  const when = new Date(row.at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  const undo = row.action === "undo";
  const text = `${row.by}: ${undo ? (row.broughtBack ? "brought back" : "took back") : row.action}${label}${row.text ? ` “${row.text}”` : ""}, ${when}, round ${row.round}`;
  const gone = !row.live && !undo;
  return el("li", { class: gone ? "undone" : "" }, [
    el("span", { text }),
    gone ? el("i", { text: " (taken back)" }) : null,
  ]);
}
