/** Buttons for everything the keys do, made from the table of keys, and the sheet that lists them. */

import { el, keyButton } from "./dom.js";
import { DEEDS, classDeeds } from "./keys.js";

const SIZES = [
  ["S", "small"],
  ["M", "medium"],
  ["L", "large"],
];

/**
 * @param {object} app press(deed, event), setSize(size), setSelecting(on)
 * @param {string[]} classes
 * @returns {HTMLElement} two rows with one tab stop each; arrows move inside
 */
export function toolbar(app, classes) {
  const of = (group) => DEEDS.filter((deed) => deed.group === group && deed.button !== false);
  const buttons = (deeds) => deeds.map((deed) => keyButton(deed, app.press));
  const set = (label, nodes) => el("div", { class: "set", role: "group", "aria-label": label }, nodes);
  const row = (label, sets) => roving(el("div", { class: "row", role: "toolbar", "aria-label": label }, sets));
  return el("div", { class: "toolbar" }, [
    row("answers", [
      set("answer", buttons(of("answer").slice(0, 2))),
      set("relabel to", buttons(classDeeds(classes))),
      set("no label", buttons(of("answer").slice(2))),
      set("history", buttons(of("history"))),
    ]),
    row("marks, pages and views", [
      set("marks", buttons(of("mark"))),
      set("many at once", buttons(of("bulk"))),
      set("pages", buttons(of("page"))),
      set("views", buttons(of("view"))),
      set("selecting", [selectSwitch(app)]),
      set(
        "tile size",
        SIZES.map(([size, label]) => sizeButton(app, size, label)),
      ),
    ]),
  ]);
}

function selectSwitch(app) {
  return el("button", {
    type: "button",
    class: "key switch",
    "aria-pressed": "false",
    "data-deed": "select",
    title: "taps and clicks select",
    text: "select",
    on: {
      click: (event) => {
        app.setSelecting(event.currentTarget.getAttribute("aria-pressed") !== "true");
        if (event.detail) app.focus.take();
      },
    },
  });
}

function sizeButton(app, size, label) {
  return el("button", {
    type: "button",
    class: "key size",
    "aria-pressed": "false",
    "data-size": size,
    "aria-label": `${label} tiles`,
    title: `${label} tiles`,
    text: size,
    on: {
      click: (event) => {
        app.setSize(size);
        if (event.detail) app.focus.take();
      },
    },
  });
}

/** How many faces the buttons for many would answer. @param {HTMLElement} bar @param {number} count 0: the rest */
export function showSelected(bar, count) {
  bar.querySelector('[data-deed="acceptRest"] span').textContent = count ? `accept ${count}` : "accept rest";
  bar.querySelector('[data-deed="keepRest"] span').textContent = count ? `keep ${count}` : "keep rest";
}

export function showSelecting(bar, on) {
  bar.querySelector('[data-deed="select"]').setAttribute("aria-pressed", String(on));
}

export function showSize(bar, size) {
  for (const one of bar.querySelectorAll("[data-size]"))
    one.setAttribute("aria-pressed", String(one.dataset.size === size));
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
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const list = all();
    const at = list.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    list[(at + step + list.length) % list.length].focus();
  });
  return bar;
}

const LEGEND = [
  ["2 happy → 4 sad", "given label and the proposed one, with the numbers of their keys"],
  ["α", "importance weight, 0 to 1: how much the training trusted the face"],
  ["m", "margin, 0 to 1: probability of the likeliest class minus that of the given one"],
  ["small bars", "the likeliest classes"],
  [
    "mouse",
    "Ctrl+click: select one more; Shift+click: select up to here; drag: select a rectangle; double click: zoom",
  ],
  ["selection", "answers go to all selected faces at once, and one undo takes them back"],
];

/** The list of all keys, as a dialog. @param {string[]} classes @param {() => void} closed */
export function keySheet(classes, closed) {
  const rows = DEEDS.filter((deed) => deed.group !== "move" || deed.id === "clear").map((deed) => [
    capsOf(deed),
    deed.help,
  ]);
  rows.splice(2, 0, [["1", "…", String(Math.min(9, classes.length))], "relabel to the class of that number"]);
  rows.push(
    [["←", "↑", "→", "↓"], "move"],
    [["Home", "End"], "first and last face of the page"],
    [["⇧←", "⇧→"], "extend the selection"],
  );
  const close = el(
    "button",
    { type: "button", class: "key close", autofocus: true, on: { click: () => dialog.close() } },
    [el("kbd", { text: "Esc" }), el("span", { text: "close" })],
  );
  const dialog = el("dialog", { class: "sheet", "aria-label": "keys" }, [
    el("header", {}, [el("h2", { text: "Keys" }), close]),
    el(
      "dl",
      { class: "keys" },
      rows.map(([caps, help]) =>
        el("div", {}, [
          el(
            "dt",
            {},
            caps.map((cap) => el("kbd", { text: cap })),
          ),
          el("dd", { text: help }),
        ]),
      ),
    ),
    el("h2", { text: "On the screen" }),
    el(
      "dl",
      { class: "keys words" },
      LEGEND.map(([word, help]) => el("div", {}, [el("dt", { text: word }), el("dd", { text: help })])),
    ),
  ]);
  dialog.addEventListener("close", closed);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return dialog;
}

function capsOf(deed) {
  return [deed.cap, ...({ skip: ["Space"], undo: ["Backspace"], sheet: ["?"] }[deed.id] ?? [])];
}
