/** Why an answer was not taken, in the words of who gave it. */

import { wordOf } from "./actionwords.js";
import { ANSWERS } from "./faces.js";

/** @import { App, Entry, RefusalCode } from "./types.js" */
/** @import { Problem } from "./net.js" */
/** @import { Refusal } from "./outbox.js" */

/** @type {Record<RefusalCode, string>} */
const WHY = {
  audit: "an audit face needs an answer of its own",
  answered: "it was answered meanwhile",
  closed: "the round had ended",
  no_round: "this round is not there any more",
  unseen: "its picture cannot be seen any more",
  invalid: "the server could not take it",
};

/**
 * @param {Refusal} refusal
 * @param {Pick<App, "store"|"tiles"|"classes">} app
 * @returns {{face: string, words: string}} which face it was, as on screen where it is there; what was to become of it and why
 *   that was not taken
 */
export function refusalWords({ entry, code }, { store, tiles, classes }) {
  const face = store.faces.get(entry.sample);
  const place = face ? tiles.faces.indexOf(face) : -1;
  const why = face?.gone ? "it was taken out of the data set" : WHY[code ?? "invalid"];
  return {
    face: place >= 0 ? `face ${place + 1}` : `face number ${entry.sample}`,
    words: `, ${wordOf(entry.action, entry.label, classes)}: ${why}`,
  };
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
