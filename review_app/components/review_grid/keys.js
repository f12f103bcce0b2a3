/** One table of what can be done. The key handler, the buttons and the key sheet are all made from it. */

/**
 * @typedef {object} Deed
 * @property {string} id
 * @property {string[]} keys as `event.key` in lower case; "shift+" in front where Shift is part of it
 * @property {string} cap printed on the button
 * @property {string} label on the button
 * @property {string} help on the key sheet
 * @property {"answer"|"mark"|"history"|"bulk"|"page"|"move"|"view"} group
 * @property {boolean} [button] false: no button in the toolbar
 * @property {boolean} [repeat] holding the key down repeats it
 * @property {boolean} [zoom] works in the zoom too
 */

const WAYS = {
  left: ["arrowleft", "←"],
  right: ["arrowright", "→"],
  up: ["arrowup", "↑"],
  down: ["arrowdown", "↓"],
  home: ["home", "Home"],
  end: ["end", "End"],
};

const row = (group, more) => (id, keys, cap, label, help, extra) => ({
  id,
  keys,
  cap,
  label,
  group,
  help,
  ...more,
  ...extra,
});
const answer = row("answer", { zoom: true });
const mark = row("mark", { zoom: true });
const history = row("history", { zoom: true, repeat: true });
const bulk = row("bulk");
const page = row("page", { zoom: true });
const view = row("view");
const move = row("move", { button: false });

/** @type {Deed[]} */
export const DEEDS = [
  answer("accept", ["a"], "A", "accept", "accept the proposed label"),
  answer("keep", ["x"], "X", "keep given", "keep the given label"),
  answer("unsure", ["u"], "U", "unsure", "unsure: nobody could tell from this picture"),
  answer("exclude", ["e"], "E", "exclude", "exclude: not a face, or unusable"),
  mark("skip", ["s", " "], "S", "skip", "skip: not now, leave it to others"),
  mark("flag", ["f"], "F", "flag", "flag for the lead; once more: take the flag off"),
  mark("note", ["n"], "N", "note", "write a note; Enter saves, Esc leaves"),
  history("undo", ["z", "backspace"], "Z", "undo", "undo, as far back as you like"),
  history("redo", ["shift+z"], "⇧Z", "redo", "redo"),
  bulk(
    "acceptRest",
    ["shift+a"],
    "⇧A",
    "accept rest",
    "accept the selection, or every open face of the page (one undo)",
  ),
  bulk(
    "keepRest",
    ["shift+x"],
    "⇧X",
    "keep rest",
    "keep the given label of the selection, or of every open face (one undo)",
  ),
  page("back", ["pageup"], "PgUp", "back", "earlier page"),
  page("next", ["pagedown"], "PgDn", "next", "next page"),
  view("zoom", ["enter"], "Enter", "zoom", "large face with everything known about it; again or Esc: close", {
    zoom: true,
  }),
  view("sheet", ["h", "?"], "H", "keys", "this list"),
  ...["left", "right", "up", "down"].map((way) =>
    move(way, [WAYS[way][0]], WAYS[way][1], way, "move", { zoom: true, repeat: true }),
  ),
  move("home", ["home"], "Home", "first", "first face of the page"),
  move("end", ["end"], "End", "last", "last face of the page"),
  ...Object.entries(WAYS).map(([way, [key, cap]]) =>
    move(`extend-${way}`, [`shift+${key}`], `⇧${cap}`, `extend ${way}`, "extend the selection", { repeat: true }),
  ),
  move("clear", ["escape"], "Esc", "clear selection", "clear the selection"),
];

/** Keys that Streamlit would take for itself. */
const STREAMLIT = new Set(["r", "c"]);

/** @param {string[]} names of the classes @returns {Deed[]} one for each class; the first nine have keys */
export function classDeeds(names) {
  return names.map((name, label) => ({
    id: "relabel",
    label: name,
    class: label,
    group: "class",
    zoom: true,
    keys: label < 9 ? [String(label + 1)] : [],
    cap: label < 9 ? String(label + 1) : "",
    help: `the label is ${name}`,
  }));
}

/** The key as the table names it: what is printed on it, or, in a layout without Latin letters, where it lies. */
export function keyName(event) {
  let key = event.key.toLowerCase();
  const code = event.code ?? "";
  if (/^[^\x00-\x7f]$/.test(key) && code.startsWith("Key")) key = code.slice(3).toLowerCase();
  if (!/^\d$/.test(key) && code.startsWith("Digit") && !event.shiftKey) key = code.slice(5);
  if (key === "spacebar") key = " ";
  const shifted = event.shiftKey && (/^[a-z]$/.test(key) || key.length > 1);
  return shifted ? `shift+${key}` : key;
}

/**
 * What a key press asks for.
 * @param {KeyboardEvent} event
 * @param {Map<string, Deed>} table of tableOf
 * @returns {Deed|null}
 */
export function deedOf(event, table) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return null;
  const name = keyName(event);
  // Space and Backspace mean the same with Shift held down by accident.
  return table.get(name) ?? (name === "shift+backspace" ? table.get("backspace") : null) ?? null;
}

/** @param {string[]} classes @returns {Map<string, Deed>} by key name */
export function tableOf(classes) {
  const table = new Map();
  for (const deed of [...DEEDS, ...classDeeds(classes)]) for (const key of deed.keys) table.set(key, deed);
  return table;
}

/** Whether Streamlit must not see this key while the grid has the focus. */
export function kept(event) {
  return !event.ctrlKey && !event.altKey && !event.metaKey && STREAMLIT.has(event.key.toLowerCase());
}
