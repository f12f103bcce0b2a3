/**
 * What is known of a face, as pure functions: the server's tile with the answers of this browser on top.
 *
 * An entry is a row for POST /api/decisions plus `local`, which never leaves the browser: for an undo, the decision
 * at the root of its chain and whether that one stands afterwards.
 */

/**
 * @typedef {{id: string, sample: number, action: string, label: number|null, text: string|null}} Root
 * @typedef {{id: string, round: number, sample: number, action: string, label: number|null, undoes: string|null,
 *   text: string|null, bulk: string|null, blind: boolean, ms: number, shown: object,
 *   local?: {root: Root, live: boolean}}} Entry
 */

export const ANSWERS = ["accept", "keep", "relabel", "unsure", "exclude"];

/**
 * The tile as it stands once these entries are stored.
 * @param {object} base tile as the server sent it
 * @param {Entry[]} entries in the order they were made
 * @param {string} me name of the person here
 * @returns {object} a copy of the tile with action, label, by, decision, flag, flagged, note, noteBy, skip as they then are
 */
export function overlay(base, entries, me) {
  const tile = { ...base };
  if (!entries.length) return tile;
  const answers = base.action ? [{ id: base.decision, action: base.action, label: base.label, by: base.by }] : [];
  const notes = base.note ? [{ id: null, text: base.note, by: base.noteBy }] : [];
  for (const entry of entries) {
    const undo = entry.action === "undo";
    const what = undo ? entry.local?.root : entry;
    if (what) put(tile, base, answers, notes, what, undo ? entry.local.live : true, me);
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

function put(tile, base, answers, notes, what, live, me) {
  if (what.action === "flag") {
    if (live) tile.flag = what.id;
    else if (tile.flag === what.id) tile.flag = null;
    // Whether somebody else has flagged it too is known only where the viewer had not.
    tile.flagged = tile.flag !== null || (base.flag === null && base.flagged);
  } else if (what.action === "skip") {
    if (live) tile.skip = what.id;
    else if (tile.skip === what.id) tile.skip = null;
  } else if (what.action === "note") {
    toggle(notes, { id: what.id, text: what.text, by: me }, live, (n) => n.id === null && n.text === what.text);
  } else {
    toggle(answers, { id: what.id, action: what.action, label: what.label, by: me }, live, () => false);
    if (live) tile.skip = null;
  }
}

function toggle(list, what, live, same) {
  const at = list.findLastIndex((one) => one.id === what.id || same(one));
  if (!live && at >= 0) list.splice(at, 1);
  if (live && at < 0) list.push(what);
}

/**
 * One word for the tile's state.
 * @param {object} tile after overlay
 * @param {boolean} taken its lease was lost to somebody else
 * @returns {"open"|"accept"|"keep"|"relabel"|"unsure"|"exclude"|"skip"|"taken"}
 */
export function stateOf(tile, taken = false) {
  if (tile.action) return tile.action;
  if (tile.skip) return "skip";
  return taken ? "taken" : "open";
}

/**
 * What pressing an answer key on a tile means.
 * @param {object} tile after overlay
 * @param {string} action accept, keep, relabel, unsure, exclude or skip
 * @param {number|null} label class number for relabel
 * @param {string} me
 * @returns {{action: string, label: number|null}|{same: true}|{problem: string}}
 */
export function meaning(tile, action, label, me) {
  const shown = tile.blind ? null : tile.proposed;
  if (action === "accept" && shown === null) {
    return { problem: tile.blind ? "No proposal is shown for this face" : "This face has no proposal" };
  }
  let answer = { action, label: null };
  if (action === "accept" || (action === "relabel" && label === shown)) answer = { action: "accept", label: shown };
  else if (action === "keep" || (action === "relabel" && label === tile.given))
    answer = { action: "keep", label: tile.given };
  else if (action === "relabel") answer = { action, label };
  if (action === "skip") return tile.skip ? { same: true } : answer;
  const mine = tile.by === me && tile.action === answer.action && (tile.label ?? null) === answer.label;
  return mine ? { same: true } : answer;
}

/** What was on the screen when the decision was made, for the log. */
export function shownOf(tile) {
  const { given, kind } = tile;
  if (tile.blind) return { kind, given };
  const { proposed, alpha, margin, bars, doubt, second } = tile;
  return { kind, given, proposed, alpha, margin, bars, doubt, second };
}

/** "2 happy": classes are numbered from 1, as their keys are. */
export function className(classes, label) {
  return label === null || label === undefined ? "" : `${label + 1} ${classes[label] ?? "?"}`;
}

const WORDS = {
  open: "open",
  accept: "accepted",
  keep: "kept",
  unsure: "unsure",
  exclude: "excluded",
  skip: "skipped",
  taken: "taken by someone else",
};

/** The state in words: "relabelled to 4 sad". */
export function stateWords(tile, state, classes) {
  if (state === "relabel") return `relabelled to ${className(classes, tile.label)}`;
  return WORDS[state];
}

/** What people decided in an earlier round: "was 7 fear, 4 sad since round 1"; empty: nothing. */
export function pastWords(tile, classes) {
  if (!tile.since) return "";
  const given = className(classes, tile.given);
  if (tile.original === tile.given) return `${given} confirmed in round ${tile.since}`;
  return `was ${className(classes, tile.original)}, ${given} since round ${tile.since}`;
}

const DOUBTS = { mislabelled: "likely mislabelled", ambiguous: "ambiguous" };
export const DOUBT_MEANS = {
  mislabelled: "likely mislabelled: the network doubts the label, and sees another class clearly",
  ambiguous: "ambiguous: the network sees no class clearly",
};

/** In what way the network doubts the label: "ambiguous"; empty: it does not, or nothing is told. */
export function doubtWords(tile) {
  return DOUBTS[tile.doubt] ?? "";
}

/** Why a face without a proposal is asked about, where that is not its low importance; empty: it is. */
export function reasonWords(tile) {
  return tile.kind === "suspicious" ? "outside the low-importance group, but suspicious" : "";
}

/** The question a tile asks, in words for the screen and the screen reader. */
export function questionWords(tile, classes) {
  const past = pastWords(tile, classes);
  const given = className(classes, tile.given) + (past && ` (${past})`);
  if (tile.blind) return `given ${given}, audit: no proposal shown`;
  const why = [doubtWords(tile), reasonWords(tile)].filter(Boolean).map((words) => `, ${words}`);
  if (tile.proposed === null) return `given ${given}, no proposal${why.join("")}`;
  return `given ${given}, proposed ${className(classes, tile.proposed)}${why.join("")}`;
}
