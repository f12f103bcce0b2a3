/** Which letter does what: the standard ones, those for the left hand, or what a person chose in this browser. */

import { COMMANDS, classCommands, commandsByKey } from "./keys.js";
import { recall, remember } from "./window.js";

/** @import { Command, CommandId } from "./keys.js" */

/** @typedef {Partial<Record<CommandId, string>>} Letters by command, in lower case */
/** @typedef {"standard"|"left hand"} Preset */

const LETTER = /^[a-z]$/;

/** @param {Command} command @returns {string|undefined} its letter in the table of keys */
const standardLetter = ({ keys }) => keys.find((key) => LETTER.test(key));

/** @type {Letters} */
const STANDARD = Object.fromEntries(
  COMMANDS.flatMap((command) => {
    const letter = standardLetter(command);
    return letter ? [[command.id, letter]] : [];
  }),
);

/** Under the left hand, with the other one at the mouse. @type {Record<Preset, Letters>} */
export const PRESETS = {
  standard: STANDARD,
  "left hand": { ...STANDARD, accept: "q", keep: "w", unsure: "e", exclude: "r", zoom: "d", note: "v" },
};

/** Commands that are another one's letter with Shift. @type {Partial<Record<CommandId, CommandId>>} */
const WITH_SHIFT = { acceptRest: "accept", keepRest: "keep", redo: "undo", alikePair: "alike" };

/** Commands whose letter can be chosen. */
export const CHANGEABLE = Object.keys(PRESETS["left hand"]).map((id) => /** @type {CommandId} */ (id));

/**
 * The commands with these letters in place of the standard ones; all other keys stay.
 * @param {Letters} letters
 * @returns {Command[]}
 */
export function withLetters(letters) {
  return COMMANDS.map((command) => {
    const { id, keys } = command;
    const shifted = WITH_SHIFT[id];
    const letter = letters[shifted ?? id];
    const help = helpWith(command.help, letters);
    if (!letter) return { ...command, help };
    const key = shifted ? `shift+${letter}` : letter;
    const others = keys.filter((one) => !/^(shift\+)?[a-z]$/.test(one));
    return { ...command, help, keys: [key, ...others], cap: `${shifted ? "⇧" : ""}${letter.toUpperCase()}` };
  });
}

/** Words that name keys, with the letters chosen: "then ⇧Q the rest". @param {string} help @param {Letters} letters */
function helpWith(help, letters) {
  return help.replace(/⇧([A-Z])\b/g, (cap, letter) => {
    const id = CHANGEABLE.find((one) => STANDARD[one] === letter.toLowerCase());
    return id ? `⇧${(letters[id] ?? letter).toUpperCase()}` : cap;
  });
}

/**
 * Letters after a command was given another one; a command that had it gets the letter that is free now.
 * @param {Letters} letters @param {CommandId} id @param {string} letter
 * @returns {Letters|{problem: string}}
 */
export function withLetter(letters, id, letter) {
  if (!LETTER.test(letter)) return { problem: "choose a letter from A to Z" };
  const owner = CHANGEABLE.find((other) => letters[other] === letter);
  if (!owner || owner === id) return { ...letters, [id]: letter };
  const free = letters[id];
  if (!free) return { problem: `${letter.toUpperCase()} is ${COMMANDS.find((one) => one.id === owner)?.label}: give that another letter first` };
  return { ...letters, [owner]: free, [id]: letter };
}

/**
 * What has another letter now: "accept J, keep given A"; empty: nothing.
 * @param {Letters} before @param {Letters} after
 */
export function changedWords(before, after) {
  return COMMANDS.filter(({ id }) => after[id] && after[id] !== before[id])
    .map(({ id, label }) => `${label} ${after[id]?.toUpperCase()}`)
    .join(", ");
}

/** @param {string|null} text as it is kept @returns {Letters} the standard ones where it is not what this module wrote */
export function readLetters(text) {
  try {
    const kept = JSON.parse(text ?? "");
    const letters = Object.fromEntries(CHANGEABLE.filter((id) => LETTER.test(kept[id])).map((id) => [id, kept[id]]));
    const all = { ...STANDARD, ...letters };
    return new Set(Object.values(all)).size === Object.keys(all).length ? all : STANDARD;
  } catch {
    return STANDARD;
  }
}

export class KeyMap {
  /** @param {Storage|null} storage @param {string} place in it @param {string[]} classes */
  constructor(storage, place, classes) {
    this.storage = storage;
    this.place = place;
    this.classes = classCommands(classes);
    this.letters = readLetters(recall(storage, place));
    this.commands = withLetters(this.letters);
    this.table = commandsByKey([...this.commands, ...this.classes]);
  }

  /** @param {Letters} letters from now on and next time */
  use(letters) {
    this.letters = letters;
    this.commands = withLetters(letters);
    this.table = commandsByKey([...this.commands, ...this.classes]);
    remember(this.storage, this.place, JSON.stringify(letters));
  }

  /** @returns {Preset|null} null: letters of one's own */
  get preset() {
    const same = (/** @type {Letters} */ preset) =>
      CHANGEABLE.every((id) => (preset[id] ?? null) === (this.letters[id] ?? null));
    const names = /** @type {Preset[]} */ (Object.keys(PRESETS));
    return names.find((name) => same(PRESETS[name])) ?? null;
  }

  /** What is printed on a command's key. @param {CommandId} id */
  cap(id) {
    return this.commands.find((command) => command.id === id)?.cap ?? "";
  }

  /** Print the keys on the buttons. @param {HTMLElement} node that they are in */
  print(node) {
    for (const { id, cap, keys } of this.commands)
      for (const button of node.querySelectorAll(`button[data-command="${id}"]`)) {
        const printed = button.querySelector("kbd");
        if (printed) printed.textContent = cap;
        button.setAttribute("aria-keyshortcuts", keys[0].replace("shift+", "Shift+"));
      }
  }
}
