/** The small signs beneath the picture of a tile, for what is an exception. */

import { el, icon } from "./dom.js";
import { copySign, copyWords } from "./copies.js";
import { className, ISSUES, issueWords, pastWords } from "./faces.js";

/** @typedef {import("./types.js").Tile} Tile */
/** @typedef {{kind: string, text: string, means: string}} Sign kind: its CSS classes */

/**
 * What stays as it is while people answer: how many copies one answer settles, what was decided in earlier rounds, and
 * what is wrong with the picture; what matters most to the answer comes first.
 * @param {Tile} tile
 * @param {string[]} classes
 * @param {string} me name of the person here
 * @returns {Sign[]}
 */
export function signsOf(tile, classes, me) {
  const copies = copyWords(tile, classes, me);
  const differ = tile.copies.some((copy) => copy.given !== tile.given);
  const past = pastWords(tile, classes);
  const changed = tile.original !== tile.given;
  const short = changed ? `was ${className(classes, tile.original)}` : `confirmed, round ${tile.since}`;
  const was = past ? [{ kind: "past", text: short, means: past }] : [];
  const again = changed && tile.original === tile.proposed; // what people changed is proposed once more
  return [
    ...(again ? was : []),
    ...(copies ? [{ kind: differ ? "copies differ" : "copies", text: copySign(tile, me), means: copies }] : []),
    ...(again ? [] : was),
    ...tile.issues.map((issue) => ({ kind: "issue", text: ISSUES[issue], means: `the picture: ${ISSUES[issue]}` })),
  ];
}

/**
 * One line holds one sign; how many more there are stands beside it, and what they are in its tooltip and in the zoom.
 * @param {Tile} tile
 * @param {string[]} classes
 * @param {string} me name of the person here
 */
export function lastingMarks(tile, classes, me) {
  const [first, ...rest] = signsOf(tile, classes, me);
  if (!first) return [];
  const mark = el("span", { class: `mark ${first.kind}`, title: first.means, text: first.text });
  if (!rest.length) return [mark];
  return [mark, el("span", { class: "mark more", title: rest.map(({ means }) => means).join("; "), text: `+${rest.length}` })];
}

/** Copies and what is wrong with the picture, for the screen reader. @param {Tile} tile @param {string[]} classes @param {string} me */
export function pictureWords(tile, classes, me) {
  return [issueWords(tile), copyWords(tile, classes, me)].filter(Boolean).map((words) => `, ${words}`).join("");
}

/** Flag and note. @param {Tile} tile */
export function marksOf(tile) {
  const marks = [];
  if (tile.flagged) marks.push(el("span", { class: "mark flag", title: "flagged" }, [icon("flag")]));
  if (tile.note)
    marks.push(el("span", { class: "mark note", title: `${tile.noteBy ?? ""}: ${tile.note}` }, [icon("note")]));
  return marks;
}
