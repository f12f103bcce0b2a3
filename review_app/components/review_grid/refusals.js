/** Why an answer was not taken, in the words of who gave it. */

import { wordOf } from "./actionwords.js";
import { ANSWERS, counted } from "./faces.js";

/** @import { App, Entry, RefusalCode } from "./types.js" */
/** @import { Problem } from "./net.js" */
/** @import { Refusal } from "./outbox.js" */

/** @type {Record<RefusalCode, string>} */
const WHY = {
  audit: "an audit face needs an answer of its own",
  answered: "it was answered meanwhile",
  closed: "it reached the server after the round had ended",
  no_round: "this round is not there any more",
  unseen: "its picture cannot be seen any more",
  invalid: "the server could not take it",
};

/**
 * @param {Refusal} refusal
 * @param {Pick<App, "store"|"tiles"|"classes"|"flow">} app
 * @returns {{face: string, words: string}} which face it was, by the name of its picture and by its place where it is on
 *   screen; what was to become of it, when, and why that was not taken
 */
export function refusalWords({ entry, code }, { store, tiles, classes, flow }) {
  const face = store.faces.get(entry.sample);
  const place = face && flow.view === "page" ? tiles.faces.indexOf(face) : -1;
  const key = face?.tile.key ?? entry.local?.key;
  const why = face?.gone ? "it was taken out of the data set" : WHY[code ?? "invalid"];
  const at = entry.local?.at;
  const when = at ? ` (${new Date(at).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" })})` : "";
  const named = key ?? `face number ${entry.sample}`;
  return {
    face: place >= 0 ? `face ${place + 1}${key ? `, ${key}` : ""}` : named,
    words: `: ${wordOf(entry.action, entry.label, classes)}${when}, not taken, as ${why}`,
  };
}

/**
 * What was given for a round that had ended when it came: "2 answers and 1 note that you gave reached the server after its
 * end, and were not taken"; empty: nothing was.
 * @param {Iterable<Refusal>} refusals
 */
export function lateWords(refusals) {
  const late = [...refusals].filter(({ code }) => code === "closed").map(({ entry }) => entry.action);
  const answers = late.filter((action) => action !== "note" && action !== "flag" && action !== "undo").length;
  const parts = [
    answers && counted(answers, "answer"),
    ...["note", "flag", "undo"].map((kind) => {
      const count = late.filter((action) => action === kind).length;
      return count && counted(count, kind);
    }),
  ].filter(Boolean);
  if (!late.length) return "";
  const said = [parts.slice(0, -1).join(", "), parts.at(-1)].filter(Boolean).join(" and ");
  const [was, it] = late.length === 1 ? ["was", "it is"] : ["were", "they are"];
  return `${said} that you gave reached the server after its end, and ${was} not taken: ${it} listed below, where it says refused`;
}

/** Whether an answer that was refused may be taken when it is sent once more. @param {Refusal} refusal */
export function mayHelp({ code }) {
  return code !== "audit"; // a round may be opened again, a picture come back, a server be of another version
}

/** Whether one entry answers what the other did. @param {Entry} entry @param {Entry} old */
export function replaces(entry, old) {
  const answers = [entry, old].every(({ action }) => ANSWERS.some((answer) => answer === action));
  return answers && entry.id !== old.id && entry.sample === old.sample && entry.round === old.round;
}

/** Which decision of a request the server says is wrong. @param {Problem} problem @returns {number} -1: it speaks of none */
export function wrongOf({ code, at }) {
  return code === "bad_request" ? Number(/^decisions\[(\d+)\]/.exec(at)?.[1] ?? -1) : -1;
}
