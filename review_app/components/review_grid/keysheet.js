/** The list of all keys, as a dialog in which letters can be chosen. */

import { el, inside } from "./dom.js";
import { printed } from "./keys.js";
import { CHANGEABLE, PRESETS, changedWords, withLetter } from "./keymap.js";

/** @import { App } from "./types.js" */
/** @import { Command, CommandId } from "./keys.js" */
/** @import { Preset } from "./keymap.js" */

const CHOOSE = "Click a letter to choose another one.";
const LEGEND = [
  ["happy → sad", "given label and the proposed one"],
  ["happy → sad?", "without a proposal: the likeliest other class"],
  ["sure", "the network sees the proposed class clearly; maybe: it sees no class clearly"],
  ["settles 1 copy", "another face has the same pixels: your answer counts for it too"],
  ["asked apart", "a copy that is an audit face, which gets an answer of its own"],
  ["was sad", "people decided about this face in an earlier round"],
  ["very dark", "and the like: why the picture may be hard to judge"],
  ["+2", "more of these signs than have room: the tooltip and the large face name them"],
  ["α", "with details: importance weight, 0 to 1: how much the training trusted the face"],
  ["m", "with details: margin, 0 to 1: probability of the likeliest class minus that of the given one"],
  ["small bars", "with details: the likeliest classes, by the numbers of their keys"],
  [
    "mouse",
    "Ctrl+click: select one more; Shift+click: select up to here; drag: select a rectangle; double click: zoom",
  ],
  ["selection", "answers go to all selected faces at once, and one undo takes them back"],
];

/** @param {App} app @returns {HTMLDialogElement} */
export function keySheet(app) {
  const { keymap } = app;
  /** @type {CommandId|null} waits for its letter */
  let asking = null;
  const words = el("p", { class: "letters", role: "status", text: CHOOSE });
  const list = el("dl", { class: "keys" });
  const presets = el("div", { class: "set", role: "group", "aria-label": "letters" });

  /** @param {Preset} name */
  const presetButton = (name) =>
    el("button", {
      type: "button",
      class: "key switch",
      "aria-pressed": String(keymap.preset === name),
      text: name,
      on: { click: () => use(PRESETS[name], `letters: ${name}`) },
    });
  /** @param {Command} command */
  const caps = (command) => {
    const [first, ...others] = command.keys.map((key, at) => (at ? printed(key) : command.cap));
    return [
      CHANGEABLE.includes(command.id) ? letterButton(command) : el("kbd", { text: first }),
      ...others.map((cap) => el("kbd", { text: cap })),
    ];
  };
  /** @param {Command} command */
  const letterButton = ({ id, cap, label }) =>
    el(
      "button",
      {
        type: "button",
        class: "key",
        "data-letter": id,
        "aria-label": `${cap}: another letter for ${label}`,
        "aria-pressed": String(asking === id),
        on: { click: () => ask(id, label) },
      },
      [el("kbd", { text: asking === id ? "…" : cap })],
    );
  /** @param {string[]} keys @param {string} help */
  const row = (keys, help) => line(keys.map((cap) => el("kbd", { text: cap })), help);

  const draw = () => {
    const shown = keymap.commands.filter(({ group, id }) => group !== "move" || id === "clear" || id === "all");
    const rows = shown.map((command) => line(caps(command), command.help));
    rows.splice(2, 0, row(["1", "…", String(Math.min(9, app.classes.length))], "relabel to the class of that number"));
    rows.push(
      row(["←", "↑", "→", "↓"], "move"),
      row(["Home", "End"], "first and last face of the page"),
      row(["⇧←", "⇧→"], "extend the selection"),
      row(["Enter"], "next page, once nothing is left on this one"),
    );
    list.replaceChildren(...rows);
    presets.replaceChildren(...Object.keys(PRESETS).map((name) => presetButton(/** @type {Preset} */ (name))));
  };
  /** @param {CommandId} id @param {string} label */
  const ask = (id, label) => {
    asking = id;
    words.textContent = `press the letter for “${label}”; Esc leaves it as it is`;
    draw();
    focusOn(id);
  };
  /** @param {typeof keymap.letters} letters @param {string} said */
  const use = (letters, said) => {
    asking = null;
    keymap.use(letters);
    keymap.print(app.node);
    app.above.write();
    words.textContent = said;
    draw();
  };
  /** @param {CommandId} id */
  const focusOn = (id) => inside(list, `[data-letter="${id}"]`).focus();

  const close = el(
    "button",
    { type: "button", class: "key close", autofocus: true, on: { click: () => dialog.close() } },
    [el("kbd", { text: "Esc" }), el("span", { text: "close" })],
  );
  /** @type {HTMLDialogElement} */
  const dialog = el("dialog", { class: "sheet", "aria-label": "keys" }, [
    el("header", {}, [el("h2", { text: "Keys" }), presets, close]),
    words,
    list,
    el("h2", { text: "On the screen" }),
    el("dl", { class: "keys words" }, LEGEND.map(([word, help]) => line([document.createTextNode(word)], help))),
  ]);
  dialog.addEventListener("keydown", (event) => {
    if (!asking) return;
    event.preventDefault();
    event.stopPropagation();
    const id = asking;
    if (event.key === "Escape") use(keymap.letters, "nothing changed");
    else if (event.key.length > 1) return; // Shift and the like
    else {
      const letters = withLetter(keymap.letters, id, event.key.toLowerCase());
      if ("problem" in letters) words.textContent = String(letters.problem);
      else use(letters, changedWords(keymap.letters, letters) || "nothing changed");
    }
    focusOn(id);
  });
  dialog.addEventListener("close", () => {
    asking = null;
    words.textContent = CHOOSE;
    draw();
    app.focus.take();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  draw();
  return dialog;
}

/** @param {Node[]} term @param {string} help */
function line(term, help) {
  return el("div", {}, [el("dt", {}, term), el("dd", { text: help })]);
}
