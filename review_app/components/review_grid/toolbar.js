/** Buttons for everything the keys do, made from the table of keys, and the sheet that lists them. */

import { el, icon, inside, keyButton } from "./dom.js";
import { COMMANDS, classCommands } from "./keys.js";

/** @import { App, TileSize } from "./types.js" */
/** @import { Command, CommandGroup } from "./keys.js" */

/** @type {[TileSize, "small"|"medium"|"large"][]} */
const SIZES = [
  ["S", "small"],
  ["M", "medium"],
  ["L", "large"],
];

/**
 * @param {App} app
 * @param {string[]} classes
 * @returns {HTMLElement} two rows with one tab stop each; arrows move inside
 */
export function toolbar(app, classes) {
  const of = (/** @type {CommandGroup} */ group) =>
    COMMANDS.filter((command) => command.group === group && command.button !== false);
  const buttons = (/** @type {Command[]} */ commands) =>
    commands.map((command) => keyButton(command, (asked, event) => app.run(asked, event)));
  /** @param {string} label @param {Node[]} nodes */
  const set = (label, nodes) => el("div", { class: "set", role: "group", "aria-label": label }, nodes);
  /** @param {string} label @param {Node[]} sets */
  const row = (label, sets) => roving(el("div", { class: "row", role: "toolbar", "aria-label": label }, sets));
  return el("div", { class: "toolbar" }, [
    row("answers", [
      set("answer", buttons(of("answer").slice(0, 2))),
      set("relabel to", buttons(classCommands(classes))),
      set("no label", buttons(of("answer").slice(2))),
      set("history", buttons(of("history"))),
    ]),
    row("marks, pages and views", [
      set("marks", buttons(of("mark"))),
      set("many at once", buttons(of("bulk"))),
      set("pages", buttons(of("page"))),
      set("views", buttons(of("view"))),
      set("selecting", [
        switchButton(app, "select", "taps and clicks select", () => app.setSelecting(!app.selecting)),
        switchButton(app, "details", "alpha, margin and the likeliest classes on every tile", () =>
          app.look.setDetails(!app.look.details),
        ),
      ]),
      el(
        "div",
        { class: "set sizes", role: "group", "aria-label": "tile size" },
        SIZES.map(([size, label]) => sizeButton(app, size, label)),
      ),
    ]),
    el("p", { class: "gestures", text: "Swipe a face to the right to accept, to the left to keep. Two taps enlarge it." }),
  ]);
}

/** @param {App} app @param {string} name @param {string} title @param {() => void} toggle */
function switchButton(app, name, title, toggle) {
  return el("button", {
    type: "button",
    class: "key switch",
    "aria-pressed": "false",
    "data-command": name,
    title,
    text: name,
    on: {
      click: (event) => {
        toggle();
        if (event.detail) app.focus.take();
      },
    },
  });
}

/**
 * A picture of a tile: a letter would look like the key for it.
 * @param {App} app
 * @param {TileSize} size
 * @param {"small"|"medium"|"large"} label
 */
function sizeButton(app, size, label) {
  return el(
    "button",
    {
      type: "button",
      class: "key size",
      "aria-pressed": "false",
      "data-size": size,
      "aria-label": `${label} tiles`,
      title: `${label} tiles`,
      on: {
        click: (event) => {
          app.look.setSize(size);
          if (event.detail) app.focus.take();
        },
      },
    },
    [icon(label)],
  );
}

/** How many faces the buttons for many would answer. @param {HTMLElement} bar @param {number} count 0: the rest */
export function showSelected(bar, count) {
  inside(bar, '[data-command="acceptRest"] span').textContent = count ? `accept ${count}` : "accept rest";
  inside(bar, '[data-command="keepRest"] span').textContent = count ? `keep ${count}` : "keep rest";
}

/** @param {HTMLElement} bar @param {"select"|"details"} name @param {boolean} on */
export function showSwitch(bar, name, on) {
  inside(bar, `[data-command="${name}"]`).setAttribute("aria-pressed", String(on));
}

/** @param {HTMLElement} bar @param {TileSize} size */
export function showSize(bar, size) {
  for (const button of bar.querySelectorAll("[data-size]"))
    button.setAttribute("aria-pressed", String(button.getAttribute("data-size") === size));
}

/** One tab stop for a row of buttons. @param {HTMLElement} bar @returns {HTMLElement} the same */
export function roving(bar) {
  const all = () => [...bar.querySelectorAll("button")];
  all().forEach((button, at) => {
    button.tabIndex = at ? -1 : 0;
  });
  bar.addEventListener("focusin", (event) =>
    all().forEach((button) => {
      button.tabIndex = button === event.target ? 0 : -1;
    }),
  );
  bar.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const list = all();
    const at = list.findIndex((button) => button === event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    list[(at + step + list.length) % list.length].focus();
  });
  return bar;
}
