/** What the round and other models hold of each class, in the zoom. */

import { el, formatShare } from "./dom.js";
import { className, classWord } from "./faces.js";

/** @import { SampleDetail } from "./types.js" */

/** @param {string[]} classes @param {SampleDetail} detail @param {number} label @param {number} share */
export function probability(classes, detail, label, share) {
  const word = classWord(detail, label);
  const likeliest = share === Math.max(...detail.probabilities) ? "likeliest" : "";
  return el("div", { class: "probability", "data-word": word }, [
    el("span", { text: className(classes, label) }),
    el("span", { class: "track", style: { "--share": share } }),
    el("span", { class: "number", text: formatShare(share) }),
    el("i", { text: [word, likeliest].filter(Boolean).join(", ") }),
  ]);
}

/** A column for each other model, beside that of the round. @param {string[]} classes @param {SampleDetail} detail */
export function opinionTable(classes, detail) {
  const columns = detail.opinions.map(({ source, probabilities }) => ({ name: source, probabilities }));
  if (detail.probabilities.length) columns.unshift({ name: "this round", probabilities: detail.probabilities });
  const head = [el("td", {}), ...columns.map(({ name }) => el("th", { scope: "col", text: name }))];
  const rows = classes.map((name, label) => {
    const cells = columns.map(({ probabilities }) =>
      el("td", {
        class: probabilities[label] === Math.max(...probabilities) ? "likeliest" : "",
        text: formatShare(probabilities[label]),
      }),
    );
    return el("tr", { "data-word": classWord(detail, label) }, [
      el("th", { scope: "row", text: [name, classWord(detail, label)].filter(Boolean).join(", ") }),
      ...cells,
    ]);
  });
  const table = el("table", {}, [el("thead", {}, [el("tr", {}, head)]), el("tbody", {}, rows)]);
  return el("div", { class: "opinions", tabindex: "0", role: "group", "aria-label": "what others say" }, [table]);
}
