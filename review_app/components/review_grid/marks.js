/** The small signs on the picture of a tile. */

import { el, icon } from "./dom.js";
import { className, DOUBT_MEANS, doubtWords, pastWords } from "./faces.js";

/** What stays as it is while people answer: how the network doubts the label, what was decided in earlier rounds. */
export function corners(data, classes) {
  const [doubt, past] = [doubtWords(data), pastWords(data, classes)];
  const changed = data.original !== data.given;
  const short = changed ? `was ${className(classes, data.original)}` : `confirmed, round ${data.since}`;
  const signs = [];
  if (doubt)
    signs.push(
      el("span", { class: "mark doubt", title: DOUBT_MEANS[data.doubt] }, [
        icon(data.doubt),
        el("span", { text: doubt }),
      ]),
    );
  if (past) signs.push(el("span", { class: "mark past", title: past, text: short }));
  return signs;
}

/** Flag and note. */
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
