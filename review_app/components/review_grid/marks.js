/** The small signs on the picture of a tile. */

import { el, icon } from "./dom.js";
import { className, DOUBT_MEANS, doubtWords, pastWords } from "./faces.js";

/** @typedef {import("./types.js").Tile} Tile */

/**
 * What stays as it is while people answer: how the network doubts the label, what was decided in earlier rounds.
 * @param {Tile} tile
 * @param {string[]} classes
 */
export function corners(tile, classes) {
  const { doubt } = tile;
  const past = pastWords(tile, classes);
  const changed = tile.original !== tile.given;
  const short = changed ? `was ${className(classes, tile.original)}` : `confirmed, round ${tile.since}`;
  const signs = [];
  if (doubt && doubt !== "none")
    signs.push(
      el("span", { class: "mark doubt", title: DOUBT_MEANS[doubt] }, [
        icon(doubt),
        el("span", { text: doubtWords(tile) }),
      ]),
    );
  if (past) signs.push(el("span", { class: "mark past", title: past, text: short }));
  return signs;
}

/** Flag and note. @param {Tile} tile */
export function marksOf(tile) {
  const marks = [];
  if (tile.flagged)
    marks.push(el("span", { class: "mark flag", title: "flagged" }, [icon("flag"), el("span", { text: "flag" })]));
  if (tile.note)
    marks.push(
      el("span", { class: "mark note", title: `${tile.noteBy ?? ""}: ${tile.note}` }, [
        icon("note"),
        el("span", { text: "note" }),
      ]),
    );
  return marks;
}
