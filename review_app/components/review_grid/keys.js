/** One table of what can be done. The key handler, the buttons and the key sheet are all made from it. */

/**
 * @typedef {"left"|"right"|"up"|"down"|"home"|"end"} Direction
 * @typedef {"accept"|"keep"|"unsure"|"exclude"|"relabel"|"skip"|"flag"|"note"|"undo"|"redo"|"acceptRest"|"keepRest"|
 *   "back"|"next"|"onward"|"group"|"zoom"|"alike"|"alikePair"|"sheet"|"clear"|"all"|Direction|`extend-${Direction}`} CommandId
 * @typedef {"answer"|"class"|"mark"|"history"|"bulk"|"page"|"move"|"view"} CommandGroup
 * @typedef {Pick<Command, "button"|"repeat"|"zoom"|"way"|"extend">} CommandOptions
 */

/**
 * @typedef {object} Command
 * @property {CommandId} id
 * @property {string[]} keys as `event.key` in lower case; "shift+" in front where Shift is part of it, and "mod+" before
 *   that for Ctrl, or Cmd on a Mac
 * @property {string} cap printed on the button
 * @property {string} label on the button
 * @property {string} help on the key sheet
 * @property {CommandGroup} group
 * @property {number} [class] label that "relabel" is about
 * @property {boolean} [button] false: no button in the toolbar
 * @property {boolean} [repeat] holding the key down repeats it
 * @property {boolean} [zoom] works in the zoom too
 * @property {Direction} [way] where the focus moves
 * @property {boolean} [extend] the selection goes along
 */

/** @type {[way: Direction, key: string, cap: string][]} */
const WAYS = [
  ["left", "arrowleft", "←"],
  ["right", "arrowright", "→"],
  ["up", "arrowup", "↑"],
  ["down", "arrowdown", "↓"],
  ["home", "home", "Home"],
  ["end", "end", "End"],
];

/**
 * A function that makes the commands of one group.
 * @param {CommandGroup} group
 * @param {CommandOptions} [defaults]
 * @returns {(id: CommandId, keys: string[], cap: string, label: string, help: string, options?: CommandOptions) => Command}
 */
const commandsOf = (group, defaults) => (id, keys, cap, label, help, options) => ({
  id,
  keys,
  cap,
  label,
  group,
  help,
  ...defaults,
  ...options,
});
const answer = commandsOf("answer", { zoom: true });
const mark = commandsOf("mark", { zoom: true });
const history = commandsOf("history", { zoom: true, repeat: true });
const bulk = commandsOf("bulk");
const page = commandsOf("page", { zoom: true });
const view = commandsOf("view");
const move = commandsOf("move", { button: false });

/** @type {Command[]} */
export const COMMANDS = [
  answer("accept", ["a"], "A", "accept", "accept the proposed label; without a proposal, the likeliest other class, which has a question mark"),
  answer("keep", ["x"], "X", "keep given", "keep the given label"),
  answer("unsure", ["u"], "U", "unsure", "unsure: nobody could tell from this picture"),
  answer("exclude", ["e"], "E", "exclude", "exclude: not a face, or unusable"),
  mark("skip", ["s"], "S", "skip", "skip: not now, leave it to others"),
  mark("flag", ["f"], "F", "flag", "flag for the lead; once more: take the flag off"),
  mark("note", ["n"], "N", "note", "write a note; Enter saves, Esc leaves"),
  history("undo", ["z", "backspace", "mod+z"], "Z", "undo", "undo, as far back as you like"),
  history("redo", ["shift+z", "mod+shift+z"], "⇧Z", "redo", "redo"),
  bulk(
    "acceptRest",
    ["shift+a"],
    "⇧A",
    "accept rest",
    "accept the selection, or every proposal of the page still to review (one undo)",
  ),
  bulk(
    "keepRest",
    ["shift+x"],
    "⇧X",
    "keep rest",
    "keep the given label of the selection, or of every face still to review but audit faces (one undo)",
  ),
  page("back", ["pageup"], "PgUp", "back", "earlier page"),
  page("next", ["pagedown"], "PgDn", "next", "next page"),
  page("onward", [" "], "Space", "next to review", "next face to review; once nothing is left on this page, the next page", {
    button: false,
  }),
  page("group", ["shift+pagedown"], "⇧PgDn", "next group", "where grouped: leave the rest of this pair for later", {
    button: false,
  }),
  view("zoom", ["enter"], "Enter", "zoom", "large face with everything known about it; again or Esc: close", {
    zoom: true,
  }),
  view("alike", ["g"], "G", "alike", "faces to review that look like this one; again: only those of its pair of labels", {
    zoom: true,
  }),
  view(
    "alikePair",
    ["shift+g"],
    "⇧G",
    "same pair",
    "at once those of its given and proposed label: answer the exceptions, then ⇧A or ⇧X the rest",
    { zoom: true, button: false },
  ),
  view("sheet", ["h", "?"], "H", "keys", "this list"),
  ...WAYS.slice(0, 4).map(([way, key, cap]) => move(way, [key], cap, way, "move", { zoom: true, repeat: true, way })),
  move("home", ["home"], "Home", "first", "first face of the page", { way: "home" }),
  move("end", ["end"], "End", "last", "last face of the page", { way: "end" }),
  ...WAYS.map(([way, key, cap]) =>
    move(`extend-${way}`, [`shift+${key}`], `⇧${cap}`, `extend ${way}`, "extend the selection", {
      repeat: true,
      way,
      extend: true,
    }),
  ),
  move("all", ["mod+a"], "Ctrl-A", "select all", "select every face of the page that is to review"),
  move("clear", ["escape"], "Esc", "clear selection", "clear the selection"),
];

/** Keys that Streamlit would take for itself. */
const STREAMLIT = new Set(["r", "c"]);

/** @param {string[]} names of the classes @returns {Command[]} one for each class; the first nine have keys */
export function classCommands(names) {
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

/** @typedef {Pick<KeyboardEvent, "key"> & Partial<KeyboardEvent>} KeyPress a KeyboardEvent, as far as it is looked at */

/**
 * The key as the table names it: what is printed on it, or, in a layout without Latin letters, where it lies.
 * @param {KeyPress} event
 */
export function keyName(event) {
  let key = event.key.toLowerCase();
  const code = event.code ?? "";
  if (/^[^\x00-\x7f]$/.test(key) && code.startsWith("Key")) key = code.slice(3).toLowerCase();
  if (!/^\d$/.test(key) && code.startsWith("Digit") && !event.shiftKey) key = code.slice(5);
  if (key === "spacebar") key = " ";
  const shifted = event.shiftKey && (/^[a-z]$/.test(key) || key.length > 1);
  return `${event.ctrlKey || event.metaKey ? "mod+" : ""}${shifted ? "shift+" : ""}${key}`;
}

/** What is printed for a key of the table beside the first. @param {string} key */
export function printed(key) {
  if (key === " ") return "Space";
  const [last, ...held] = key.split("+").reverse();
  const names = { mod: "Ctrl", shift: "Shift" };
  const word = last.length > 1 || held.length ? last[0].toUpperCase() + last.slice(1) : last.toUpperCase();
  return [...held.reverse().map((one) => names[/** @type {"mod"|"shift"} */ (one)]), word].join("-");
}

/**
 * What a key press asks for.
 * @param {KeyPress} event
 * @param {Map<string, Command>} table of commandsByKey
 * @returns {Command|null}
 */
export function commandOf(event, table) {
  if (event.altKey || (event.ctrlKey && event.metaKey) || event.isComposing) return null;
  const name = keyName(event);
  // Space and Backspace mean the same with Shift held down by accident.
  return table.get(name) ?? (name === "shift+backspace" ? table.get("backspace") : null) ?? null;
}

/** @param {Command[]} commands @returns {Map<string, Command>} by key name */
export function commandsByKey(commands) {
  return new Map(commands.flatMap((command) => command.keys.map((key) => [key, command])));
}

/** Whether Streamlit must not see this key while the grid has the focus. @param {KeyPress} event */
export function keptFromStreamlit(event) {
  return !event.ctrlKey && !event.altKey && !event.metaKey && STREAMLIT.has(event.key.toLowerCase());
}
