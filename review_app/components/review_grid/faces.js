/** What is known of a face, as pure functions: the server's tile with the entries of this browser on top. */

/** @import { Answer, Change, DecisionBrief, Doubt, Entry, FaceState, PictureIssue, QueueKind, Shown, Tile, Vote } from "./types.js" */

/** @type {readonly FaceState[]} states that an answer leads to */
export const ANSWERS = ["accept", "keep", "relabel", "unsure", "exclude"];

/** @typedef {{id: string|null, action: Answer, label: number|null, by: string|null}} GivenAnswer */
/** @typedef {{id: string|null, text: string|null, by: string|null}} GivenNote */

/**
 * The tile as it stands once these entries are stored.
 * @param {Tile} base tile as the server sent it
 * @param {Entry[]} entries in the order they were made
 * @param {string} me name of the person here
 * @returns {Tile} a copy of the tile with action, label, by, decision, flag, flagged, note, noteBy, skip as they then are
 */
export function overlay(base, entries, me) {
  const tile = { ...base };
  if (!entries.length) return tile;
  /** @type {GivenAnswer[]} */
  const answers = base.action ? [{ id: base.decision, action: base.action, label: base.label, by: base.by }] : [];
  /** @type {GivenNote[]} */
  const notes = base.note ? [{ id: null, text: base.note, by: base.noteBy }] : [];
  for (const entry of entries) {
    const change = changeOf(entry);
    if (change) apply(tile, base, answers, notes, change.root, change.live, me);
  }
  const answer = answers.at(-1);
  tile.action = answer?.action ?? null;
  tile.label = answer?.label ?? null;
  tile.by = answer?.by ?? null;
  tile.decision = answer?.id ?? null;
  if (!answer) tile.at = null;
  tile.note = notes.at(-1)?.text ?? null;
  tile.noteBy = notes.at(-1)?.by ?? null;
  return tile;
}

/**
 * The decision that an entry makes, takes back or brings back; null: an undo that was kept without it.
 * @param {Entry} entry @returns {Change|null}
 */
export function changeOf(entry) {
  if (entry.action !== "undo") return { root: entry, live: true };
  const { root, live = false } = entry.local ?? {};
  return root ? { root, live } : null;
}

/**
 * One decision is made, or taken back.
 * @param {Tile} tile changes
 * @param {Tile} base
 * @param {GivenAnswer[]} answers changes
 * @param {GivenNote[]} notes changes
 * @param {DecisionBrief} decision
 * @param {boolean} live false: it is taken back
 * @param {string} me
 */
function apply(tile, base, answers, notes, { id, action, label, text }, live, me) {
  if (action === "flag") {
    if (live) tile.flag = id;
    else if (tile.flag === id) tile.flag = null;
    // Whether somebody else has flagged it too is known only where the viewer had not.
    tile.flagged = tile.flag !== null || (base.flag === null && base.flagged);
  } else if (action === "skip") {
    if (live) tile.skip = id;
    else if (tile.skip === id) tile.skip = null;
  } else if (action === "note") {
    toggle(notes, { id, text, by: me }, live, (note) => note.id === null && note.text === text);
  } else if (action !== "undo") {
    toggle(answers, { id, action, label, by: me }, live, () => false);
    if (live) tile.skip = null;
  }
}

/**
 * @template {{id: string|null}} Given
 * @param {Given[]} list changes
 * @param {Given} given
 * @param {boolean} live
 * @param {(other: Given) => boolean} same whether another one without this id is the same
 */
function toggle(list, given, live, same) {
  const at = list.findLastIndex((other) => other.id === given.id || same(other));
  if (!live && at >= 0) list.splice(at, 1);
  if (live && at < 0) list.push(given);
}

/**
 * @param {Pick<Tile, "action"|"skip">} tile after overlay
 * @param {boolean} taken its lease was lost to somebody else
 * @param {boolean} gone it was taken out of the data set
 * @returns {FaceState}
 */
export function stateOf(tile, taken = false, gone = false) {
  if (gone) return "gone";
  if (tile.action) return tile.action;
  if (tile.skip) return "skip";
  return taken ? "taken" : "open";
}

/** Why the server has no picture yet, in its words: it is drawing it. */
export const UNDRAWN = "not drawn yet";
/** Why there is no picture any more of a face that was taken out of the data set. */
export const TAKEN_OUT = "taken out";
const UNSEEN = "Nobody can see this face: exclude or skip it";

/**
 * What accepting means for a face without a proposal: the likeliest class but the given one, to which it is relabelled.
 * An audit face has none, answered or not: it would have people think again only where the network disagrees.
 * @param {Pick<Tile, "blind"|"kind"|"proposed"|"given"|"bars">} tile
 * @returns {number|null} null: none
 */
export function suggestionOf({ blind, kind, proposed, given, bars }) {
  if (blind || kind === "audit" || proposed !== null) return null;
  return bars.find(([label]) => label !== given)?.[0] ?? null;
}

/**
 * What pressing an answer key on a tile means: a decision to make; nothing, as it is so already; or why it cannot be.
 * @param {Tile} tile after overlay
 * @param {Answer|"skip"} action
 * @param {number|null} label class number for relabel
 * @param {string} me name of the person here
 * @returns {{action: Answer|"skip", label: number|null}|{same: true}|{problem: string, unseen?: true}} unseen: there is
 *   no picture to look at
 */
export function meaning(tile, action, label, me) {
  const shown = tile.blind ? null : tile.proposed;
  const suggested = suggestionOf(tile);
  if (tile.missing && action !== "exclude" && action !== "skip") {
    return { problem: tile.missing === UNDRAWN ? "This picture is being drawn: wait a moment" : UNSEEN, unseen: true };
  }
  if (action === "accept" && shown === null && suggested === null) {
    return { problem: tile.kind === "audit" || tile.blind ? "An audit face: nothing is suggested for it" : "Nothing is suggested for this face" };
  }
  /** @type {{action: Answer|"skip", label: number|null}} */
  let answer = { action, label: null };
  if (action === "accept" && shown === null) answer = { action: "relabel", label: suggested };
  else if (action === "accept" || (action === "relabel" && label === shown)) answer = { action: "accept", label: shown };
  else if (action === "keep" || (action === "relabel" && label === tile.given))
    answer = { action: "keep", label: tile.given };
  else if (action === "relabel") answer = { action, label };
  if (action === "skip") return tile.skip || tile.action ? { same: true } : answer;
  const mine = tile.by === me && tile.action === answer.action && (tile.label ?? null) === answer.label;
  return mine ? { same: true } : answer;
}

/** What was on the screen when the decision was made, for the log. @param {Tile} tile @returns {Shown} */
export function shownOf(tile) {
  const { given, kind } = tile;
  if (tile.blind) return { kind, given };
  const { proposed, alpha, margin, bars, doubt, second } = tile;
  return { kind, given, proposed, alpha, margin, bars, doubt, second };
}

/** "1 face", "2,648 faces". @param {number} count @param {string} noun @param {string} many */
export function counted(count, noun, many = `${noun}s`) {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : many}`;
}

/**
 * @param {string[]} classes
 * @param {number|null|undefined} label nothing: an empty string
 */
export function className(classes, label) {
  return label === null || label === undefined ? "" : (classes[label] ?? "?");
}

/** "anger → sad"; "anger, no proposal". @param {Pick<Tile, "given"|"proposed">} pair @param {string[]} classes */
export function pairWords({ given, proposed }, classes) {
  return `${className(classes, given)}${proposed === null ? ", no proposal" : ` → ${className(classes, proposed)}`}`;
}

/** @type {Record<Exclude<FaceState, "relabel">, string>} */
const WORDS = {
  open: "to review",
  accept: "accepted",
  keep: "kept",
  unsure: "unsure",
  exclude: "excluded",
  skip: "skipped",
  taken: "taken by someone else",
  gone: "taken out of the data set",
};

/**
 * The state in words: "relabelled to sad".
 * @param {Pick<Tile, "label">} tile
 * @param {FaceState} state
 * @param {string[]} classes
 */
export function stateWords(tile, state, classes) {
  if (state === "relabel") return `relabelled to ${className(classes, tile.label)}`;
  return WORDS[state];
}

/**
 * What an answered face is now, for its tile: the label it has, or what became of it, and what people did.
 * @param {Pick<Tile, "given"|"label">} tile
 * @param {Exclude<FaceState, "open">} state
 * @param {string[]} classes
 * @returns {{now: string, how: string}} how: empty where `now` says it, or the sign before it does
 */
export function answerWords({ given, label }, state, classes) {
  if (state === "keep") return { now: className(classes, given), how: WORDS.keep };
  if (state === "accept") return { now: className(classes, label), how: WORDS.accept };
  if (state === "relabel") return { now: className(classes, label), how: "" };
  const short = { taken: "taken", gone: TAKEN_OUT };
  return { now: state === "taken" || state === "gone" ? short[state] : WORDS[state], how: "" };
}

/** @typedef {Pick<Tile, "given"|"original"|"since">} Past */

/**
 * What people decided in an earlier round: "was fear, sad since round 1"; empty: nothing.
 * @param {Past} tile
 * @param {string[]} classes
 */
export function pastWords(tile, classes) {
  if (!tile.since) return "";
  const given = className(classes, tile.given);
  if (tile.original === tile.given) return `${given} confirmed in round ${tile.since}`;
  return `was ${className(classes, tile.original)}, ${given} since round ${tile.since}`;
}

/** @type {Record<Doubt, string>} */
const DOUBTS = { none: "", mislabelled: "likely mislabelled", ambiguous: "ambiguous" };
/** @type {Record<Doubt, string>} */
const DOUBT_MEANS = {
  none: "",
  mislabelled: "likely mislabelled: the label is doubtful, and another class is seen clearly",
  ambiguous: "ambiguous: no class is seen clearly",
};

/**
 * The same of one face: a class that is seen clearly may still be too unlikely to be right to be proposed.
 * @param {Pick<Tile, "doubt"|"proposed">} tile
 */
export function doubtMeans({ doubt, proposed }) {
  if (doubt === "mislabelled" && proposed === null)
    return "likely mislabelled: another class is ahead, but too little speaks for it to propose it";
  return DOUBT_MEANS[doubt ?? "none"];
}

/**
 * In what way the network doubts the label: "ambiguous"; empty: it does not, or it is not to be seen.
 * @param {Pick<Tile, "doubt">} tile
 */
export function doubtWords({ doubt }) {
  return doubt ? DOUBTS[doubt] : "";
}

/**
 * How sure the network is of what it proposes: "sure" where it sees that class clearly; empty: it proposes nothing.
 * @param {Pick<Tile, "doubt"|"proposed">} tile
 */
export function sureWords({ doubt, proposed }) {
  if (proposed === null) return "";
  return doubt === "mislabelled" ? "sure" : "maybe";
}

/** @type {Record<PictureIssue, string>} */
export const ISSUES = {
  dark: "very dark",
  bright: "very bright",
  blurred: "blurred",
  empty: "little to see",
  odd_shape: "odd shape",
  tiny: "tiny",
  grey: "grey among colour",
  far: "unlike all others",
};

/** What is wrong with the picture: "very dark, blurred"; empty: nothing. @param {Pick<Tile, "issues">} tile */
export function issueWords({ issues }) {
  return issues.map((issue) => ISSUES[issue]).join(", ");
}

/**
 * What a class is to a face: "given", "proposed", or "next likeliest" beside a proposal; empty: nothing.
 * @param {Pick<Tile, "given"|"proposed"|"second">} tile
 * @param {number} label
 */
export function classWord({ given, proposed, second }, label) {
  if (label === given) return "given";
  if (label === proposed) return "proposed";
  return proposed !== null && label === second ? "next likeliest" : "";
}

/**
 * The labels that came with the data set: "7 happy, 2 neutral, 1 sad"; empty: none did.
 * @param {Vote[]} votes most first
 */
export function voteWords(votes) {
  return votes.map(({ votes: count, answer }) => `${count.toLocaleString("en-US")} ${answer}`).join(", ");
}

/**
 * Why a face without a proposal is asked about, where that is not its low importance; empty: it is.
 * @param {{kind: QueueKind|null, alpha?: number|null}} tile
 */
export function reasonWords(tile) {
  if (tile.kind !== "suspicious") return "";
  return tile.alpha === null ? "suspicious" : "outside the low-importance group, but suspicious";
}

/**
 * The question to a person in plain words: "sad, or fear?"; "is it sad?" where nothing is suggested. Why it is asked, and
 * how sure the network is, stand elsewhere.
 * @param {Past & Pick<Tile, "blind"|"kind"|"proposed"|"bars">} tile
 * @param {string[]} classes
 */
export function askWords(tile, classes) {
  const other = tile.blind ? null : (tile.proposed ?? suggestionOf(tile));
  const given = className(classes, tile.given);
  const past = pastWords(tile, classes);
  return (other === null ? `is it ${given}?` : `${given}, or ${className(classes, other)}?`) + (past && ` (${past})`);
}

/**
 * The question a tile asks, with all that is known about it, for the screen reader.
 * @param {Past & Pick<Tile, "blind"|"kind"|"doubt"|"proposed"|"bars">} tile
 * @param {string[]} classes
 */
export function questionWords(tile, classes) {
  const past = pastWords(tile, classes);
  const given = className(classes, tile.given) + (past && ` (${past})`);
  if (tile.blind) return `given ${given}, audit: no proposal shown`;
  const why = [doubtWords(tile), reasonWords(tile)].filter(Boolean).map((words) => `, ${words}`);
  const suggested = suggestionOf(tile);
  const perhaps = suggested === null ? "" : `, perhaps ${className(classes, suggested)}`;
  if (tile.proposed === null) return `given ${given}, no proposal${perhaps}${why.join("")}`;
  return `given ${given}, proposed ${className(classes, tile.proposed)}${why.join("")}`;
}
