/** The small signs beneath the picture of a tile, for what is an exception. */

import { el, icon } from "./dom.js";
import { copySign, copyWords } from "./copies.js";
import { className, issueWords, pastWords } from "./faces.js";

/** @typedef {import("./types.js").Tile} Tile */

/**
 * What stays as it is while people answer: what was decided in earlier rounds, and what is special about the picture.
 * @param {Tile} tile
 * @param {string[]} classes
 * @param {string} me name of the person here
 */
export function lastingMarks(tile, classes, me) {
  const past = pastWords(tile, classes);
  const changed = tile.original !== tile.given;
  const short = changed ? `was ${className(classes, tile.original)}` : `confirmed, round ${tile.since}`;
  const signs = [];
  if (past) signs.push(el("span", { class: "mark past", title: past, text: short }));
  signs.push(...pictureSigns(tile, classes, me));
  return signs;
}

/**
 * What is wrong with the picture, and how many copies of it one answer settles.
 * @param {Tile} tile
 * @param {string[]} classes
 * @param {string} me name of the person here
 */
export function pictureSigns(tile, classes, me) {
  const issues = issueWords(tile);
  const copies = copyWords(tile, classes, me);
  const differ = tile.copies.some((copy) => copy.given !== tile.given);
  const signs = [];
  if (copies)
    signs.push(
      el("span", {
        class: differ ? "mark copies differ" : "mark copies",
        title: copies,
        text: copySign(tile, me),
      }),
    );
  if (issues) signs.push(el("span", { class: "mark issue", title: `the picture: ${issues}`, text: issues }));
  return signs.length ? [el("span", { class: "picture-signs" }, signs)] : [];
}

/** What `pictureSigns` shows, for the screen reader. @param {Tile} tile @param {string[]} classes @param {string} me */
export function pictureWords(tile, classes, me) {
  return [issueWords(tile), copyWords(tile, classes, me)].filter(Boolean).map((words) => `, ${words}`).join("");
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
