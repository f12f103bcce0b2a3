/** The DOM of the grid: one option for each face, the focus and the selection. A change touches only its own tile. */

import { el, formatShare, icon, inside } from "./dom.js";
import { answerWords, className, counted, doubtMeans, questionWords, stateWords, suggestionOf, sureWords } from "./faces.js";
import { lastingMarks, marksOf, pictureWords } from "./marks.js";

/** @import { Face, Tile } from "./types.js" */
/** @import { Direction } from "./keys.js" */

/** @typedef {{tile: HTMLElement, badge: HTMLElement, marks: HTMLElement, blind: boolean}} TileNodes */

export class Tiles {
  /**
   * @param {HTMLElement} list
   * @param {string[]} classes
   * @param {string} me name of the person here
   * @param {{focused: (face: Face) => void, selected: (count: number) => void}} on
   */
  constructor(list, classes, me, on) {
    this.list = list;
    this.classes = classes;
    this.me = me;
    this.on = on;
    /** @type {Face[]} */
    this.faces = [];
    this.at = 0;
    this.anchor = 0;
    this.scrolls = false;
    /** @type {Set<Face>} */
    this.selection = new Set();
    /** The selection was brought back by an undo, and nothing else was done since. */
    this.restored = false;
    /** @type {Map<Face, TileNodes>} */
    this.nodes = new Map();
  }

  /** @returns {Face|null} the face that the keys act on */
  get current() {
    return this.faces[this.at] ?? null;
  }

  /** Show other faces. @param {Face[]} faces @param {number} at */
  show(faces, at) {
    this.faces = faces;
    this.selection.clear();
    this.restored = false;
    this.nodes = new Map(faces.map((face, place) => [face, this.#build(face, place)]));
    this.list.replaceChildren(...faces.map((face) => this.tileOf(face)));
    this.list.setAttribute("aria-label", counted(faces.length, "face"));
    for (const face of faces) this.update(face);
    this.at = Math.max(0, Math.min(at, faces.length - 1));
    this.anchor = this.at;
    this.#mark(this.at, true);
    this.measure();
    this.on.selected(0);
  }

  /** Whether all tiles can be seen at once is asked once, not with every key: it costs a layout. */
  measure() {
    this.scrolls = this.list.scrollHeight > this.list.clientHeight + 1;
  }

  /** The element of a face that is shown; throws an Error for another. @param {Face} face */
  tileOf(face) {
    const node = this.nodes.get(face);
    if (!node) throw new Error(`found face ${face.sample}, which this page does not show`);
    return node.tile;
  }

  /** @param {Face} face @param {number} place @returns {TileNodes} */
  #build(face, place) {
    const { tile: data, img } = face;
    const badge = el("div", { class: "badge" });
    const marks = el("span", { class: "marks" });
    const tags = el("div", { class: "tags" }, [marks, ...lastingMarks(data, this.classes, this.me)]);
    const picture = el("div", { class: "pic" }, [img ?? missing(data.missing)]);
    const tile = el(
      "div",
      {
        class: "tile",
        role: "option",
        tabindex: "-1",
        "aria-selected": "false",
        "data-place": place,
        "data-sample": face.sample,
      },
      [picture, tags, this.#question(data), badge, meters(data), this.#bars(data)],
    );
    return { tile, badge, marks, blind: data.blind };
  }

  /** @param {Tile} data */
  #question(data) {
    const name = (/** @type {number} */ label) => ({ text: className(this.classes, label), title: className(this.classes, label) });
    const given = el("span", { class: "given", ...name(data.given) });
    if (data.blind)
      return el("div", { class: "ask" }, [given, el("span", { class: "none", text: "audit: no proposal" })]);
    const suggested = suggestionOf(data);
    if (suggested !== null)
      return el("div", { class: "ask" }, [
        given,
        el("div", { class: "then" }, [
          icon("relabel"),
          el("span", { class: "none suggested" }, [el("span", name(suggested)), el("i", { text: "?" })]),
        ]),
      ]);
    if (data.proposed === null)
      return el("div", { class: "ask" }, [given, el("span", { class: "none", text: "no proposal" })]);
    const means = doubtMeans(data) || "proposed, though the label is hardly doubted";
    return el("div", { class: "ask" }, [
      given,
      el("div", { class: "then" }, [
        icon("relabel"),
        el("b", { class: "proposed", ...name(data.proposed) }),
        el("span", { class: "sure", title: means, text: sureWords(data) }),
      ]),
    ]);
  }

  /** @param {Tile} data */
  #bars(data) {
    const bars = data.bars.map(([label, share]) =>
      el("span", { class: "bar", title: `${className(this.classes, label)}: ${formatShare(share)}` }, [
        el("i", { text: label + 1 }),
        el("span", { class: "track", style: { "--share": share } }),
      ]),
    );
    return el("div", { class: "bars" }, bars);
  }

  /** Bring one tile up to date. @param {Face} face */
  update(face) {
    const node = this.nodes.get(face);
    if (!node) return;
    const { tile, state } = face;
    const picture = node.tile.querySelector(".pic > :is(img, .missing)");
    if (picture !== face.img) picture?.replaceWith(face.img ?? missing(tile.missing));
    if (node.blind !== tile.blind) this.#reveal(node, face);
    node.tile.dataset.state = state;
    node.tile.toggleAttribute("data-pending", face.pending);
    const by = tile.action && tile.by && tile.by !== this.me ? tile.by : "";
    if (state === "open") node.badge.replaceChildren();
    else {
      const { now, how } = answerWords(tile, state, this.classes);
      const word = el("span", { text: [how, by].filter(Boolean).join(", ") });
      node.badge.replaceChildren(icon(state), el("b", { text: now, title: now }), word);
    }
    node.marks.replaceChildren(...marksOf(tile));
    node.tile.setAttribute("aria-label", this.#label(face, stateWords(tile, state, this.classes) + (by && `, ${by}`)));
  }

  /**
   * An audit face has been answered: from now on it shows what the others show.
   * @param {TileNodes} node
   * @param {Face} face
   */
  #reveal(node, face) {
    const { tile } = face;
    node.blind = tile.blind;
    inside(node.tile, ".ask").replaceWith(this.#question(tile));
    inside(node.tile, ".tags").replaceChildren(node.marks, ...lastingMarks(tile, this.classes, this.me));
    inside(node.tile, ".meters").replaceWith(meters(tile));
    inside(node.tile, ".bars").replaceWith(this.#bars(tile));
  }

  /** @param {Face} face @param {string} words of its state */
  #label(face, words) {
    const { tile } = face;
    const alpha = tile.alpha === null ? "" : `, alpha ${formatShare(tile.alpha)}`;
    const numbers = tile.blind || tile.margin === null ? "" : `${alpha}, margin ${formatShare(tile.margin)}`;
    const flag = tile.flagged ? ", flagged" : "";
    const note = tile.note ? `, note: ${tile.note}` : "";
    const gone = tile.missing ? `, picture missing: ${tile.missing}` : "";
    return `face ${this.faces.indexOf(face) + 1} of ${this.faces.length}: ${questionWords(tile, this.classes)}${pictureWords(tile, this.classes, this.me)}${numbers}. ${words}${flag}${note}${gone}`;
  }

  /** @param {number} place @param {boolean} current */
  #mark(place, current) {
    const node = this.nodes.get(this.faces[place]);
    if (!node) return;
    node.tile.tabIndex = current ? 0 : -1;
    node.tile.toggleAttribute("data-current", current);
  }

  /** Move the focus. @param {number} at @param {{grab?: boolean}} how grab: take the browser's focus too */
  focus(at, { grab = true } = {}) {
    if (!this.faces.length) return;
    this.#mark(this.at, false);
    this.at = Math.max(0, Math.min(at, this.faces.length - 1));
    this.#mark(this.at, true);
    const face = this.faces[this.at];
    const tile = this.tileOf(face);
    if (grab) tile.focus({ preventScroll: true });
    if (this.scrolls) tile.scrollIntoView({ block: "nearest" });
    this.on.focused(face);
  }

  /** Where an arrow leads. @param {Direction} way @param {number} columns */
  toward(way, columns) {
    const last = this.faces.length - 1;
    const to = {
      left: this.at - 1,
      right: this.at + 1,
      up: this.at - columns,
      down: this.at + columns,
      home: 0,
      end: last,
    }[way];
    if (way === "up" && to < 0) return this.at;
    if (way === "down" && to > last) return Math.floor(last / columns) > Math.floor(this.at / columns) ? last : this.at;
    return Math.max(0, Math.min(last, to));
  }

  /** The next open face after this place, from the start again at the end. @param {number} from @returns {number} -1: none */
  nextOpen(from) {
    for (let step = 1; step <= this.faces.length; step += 1) {
      const at = (from + step) % this.faces.length;
      if (this.faces[at].state === "open") return at;
    }
    return -1;
  }

  /** @param {Iterable<Face>} faces that are selected from now on @param {boolean} [restored] by an undo */
  select(faces, restored = false) {
    const wanted = new Set(faces);
    this.restored = restored && wanted.size > 0;
    for (const face of new Set([...this.selection, ...wanted])) {
      this.nodes.get(face)?.tile.setAttribute("aria-selected", String(wanted.has(face)));
    }
    this.selection = wanted;
    this.on.selected(wanted.size);
  }

  /** Select from the anchor to here. @param {number} to */
  extend(to) {
    const [low, high] = [Math.min(this.anchor, to), Math.max(this.anchor, to)];
    this.select(this.faces.slice(low, high + 1));
  }

  /** Select one more, or one less. @param {number} at */
  toggle(at) {
    const next = new Set(this.selection);
    if (!next.delete(this.faces[at])) next.add(this.faces[at]);
    this.anchor = at;
    this.select(next);
  }

  /** In the order of the page. @returns {Face[]} */
  get selected() {
    return this.faces.filter((face) => this.selection.has(face));
  }
}

/** @param {string|null} reason */
function missing(reason) {
  return el("span", { class: "missing" }, [icon("missing"), el("span", { text: reason ?? "no picture" })]);
}

/** @param {Tile} data */
function meters(data) {
  if (data.blind || data.margin === null) return el("div", { class: "meters" });
  const alpha =
    data.alpha === null
      ? el("span", { class: "alpha none", title: "made from opinions, without training: there is no alpha", text: "no α" })
      : weight(data.alpha);
  return el("div", { class: "meters" }, [
    alpha,
    el("span", { class: "margin", title: `margin ${formatShare(data.margin)}: likeliest class minus the given one` }, [
      el("i", { text: "m" }),
      el("span", { text: formatShare(data.margin) }),
    ]),
  ]);
}

/** @param {number} alpha */
function weight(alpha) {
  return el("span", { class: "alpha", title: `alpha ${formatShare(alpha)}: how much the training trusted this face` }, [
    el("i", { text: "α" }),
    el("span", { class: "track", style: { "--share": alpha } }),
    el("span", { text: formatShare(alpha) }),
  ]);
}
