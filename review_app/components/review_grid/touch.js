/** For touch screens: a bar of buttons within reach of a thumb, what it opens, and swipes that answer. */

import { asElement, el, icon } from "./dom.js";
import { COMMANDS } from "./keys.js";

/** @import { App } from "./types.js" */

/** @typedef {"accept"|"keep"|"relabel"|"unsure"|"exclude"|"undo"|"next"|"more"} BarIcon */
/** @typedef {"class"|"more"} Opened */

const CLAIM_PX = 12;
const LEAST_PX = 48;
/** Share of the width of what is swiped. */
const FAR = 0.35;

/**
 * Buttons at the bottom, where a thumb is. "Class" and "More" open the other buttons of `host`, which the style sheet
 * hides until then; a tap on one of them, or beside them, closes them again.
 * @param {App} app
 * @param {HTMLElement} host whose `data-open` says what is open
 * @param {{pages: boolean}} has pages: a button for the next page
 * @returns {HTMLElement}
 */
export function touchBar(app, host, { pages }) {
  /** @param {Opened|null} what */
  const open = (what) => {
    if (what) host.dataset.open = what;
    else delete host.dataset.open;
    for (const [name, button] of Object.entries(openers)) button.setAttribute("aria-expanded", String(name === what));
  };
  /** @param {Opened} what @param {BarIcon} sign @param {string} word */
  const opener = (what, sign, word) =>
    barButton(sign, word, () => open(host.dataset.open === what ? null : what), { "aria-expanded": "false" });
  /** @type {Record<Opened, HTMLElement>} */
  const openers = { class: opener("class", "relabel", "Class"), more: opener("more", "more", "More") };
  /** @param {import("./keys.js").CommandId & BarIcon} id @param {string} word @param {boolean} [wide] only where there is room */
  const button = (id, word, wide = false) =>
    barButton(id, word, (event) => run(app, id, event), { "data-command": id, "data-wide": wide });
  const bar = el("div", { class: "thumbs", role: "toolbar", "aria-label": "answers within reach" }, [
    button("accept", "Accept"),
    button("keep", "Keep"),
    openers.class,
    button("unsure", "Unsure", true),
    button("exclude", "Exclude", true),
    button("undo", "Undo"),
    pages ? button("next", "Next") : null,
    openers.more,
  ]);
  host.addEventListener("pointerdown", (event) => {
    const { open: opened } = host.dataset;
    if (opened && !asElement(event.composedPath()[0])?.closest(".toolbar, .thumbs, .row")) open(null);
  });
  host.addEventListener("click", (event) => {
    if (asElement(event.composedPath()[0])?.closest(".key, .thumbs [data-command]")) open(null);
  });
  return bar;
}

/**
 * @param {BarIcon} sign
 * @param {string} word
 * @param {(event: MouseEvent) => void} click
 * @param {import("./dom.js").Attributes} more
 */
function barButton(sign, word, click, more) {
  return el("button", { type: "button", class: "thumb", "data-sign": sign, on: { click }, ...more }, [
    icon(sign),
    el("span", { text: word }),
  ]);
}

/** @param {App} app @param {import("./keys.js").CommandId} id @param {MouseEvent} [event] */
function run(app, id, event) {
  const command = COMMANDS.find((one) => one.id === id);
  if (command) app.run(command, event);
}

/**
 * To the right accepts, to the left keeps. Fingers that go up or down scroll as ever.
 * @param {HTMLElement} area
 * @param {object} on
 * @param {(event: PointerEvent) => HTMLElement|null} on.target what a finger there would swipe
 * @param {(node: HTMLElement, answer: "accept"|"keep") => void} on.answer
 */
export function swipes(area, { target, answer }) {
  /** @type {{node: HTMLElement, id: number, x: number, y: number, claimed: boolean}|null} */
  let swipe = null;

  const end = () => {
    if (!swipe) return;
    swipe.node.style.removeProperty("transform");
    delete swipe.node.dataset.swipe;
    swipe = null;
  };

  area.addEventListener("pointerdown", (event) => {
    const node = event.pointerType === "touch" && event.isPrimary ? target(event) : null;
    end(); // two fingers are no swipe
    if (node) swipe = { node, id: event.pointerId, x: event.clientX, y: event.clientY, claimed: false };
  });
  area.addEventListener("pointermove", (event) => {
    if (!swipe || event.pointerId !== swipe.id) return;
    const [x, y] = [event.clientX - swipe.x, event.clientY - swipe.y];
    swipe.claimed ||= Math.abs(x) > CLAIM_PX && Math.abs(x) > Math.abs(y);
    if (!swipe.claimed) return;
    swipe.node.style.transform = `translateX(${x}px)`;
    const meant = answerOf(swipe.node, x);
    if (meant) swipe.node.dataset.swipe = meant;
    else delete swipe.node.dataset.swipe;
  });
  area.addEventListener("pointerup", (event) => {
    if (!swipe || event.pointerId !== swipe.id) return;
    const { node, claimed, x } = swipe;
    const meant = claimed ? answerOf(node, event.clientX - x) : null;
    end();
    if (meant) answer(node, meant);
  });
  area.addEventListener("pointercancel", end);
}

/** What going this far means; null: not far enough. @param {HTMLElement} node @param {number} x */
function answerOf(node, x) {
  if (Math.abs(x) < Math.max(LEAST_PX, node.offsetWidth * FAR)) return null;
  return x > 0 ? "accept" : "keep";
}

/** Swipes on the tiles of the grid. @param {App} app */
export function swipeTiles(app) {
  swipes(app.grid, {
    target: (event) => {
      const tile = asElement(event.target)?.closest(".tile");
      return tile instanceof HTMLElement && !app.selecting ? tile : null;
    },
    answer: (tile, meant) => {
      const at = Number(tile.getAttribute("data-place"));
      if (app.tiles.restored || !app.tiles.selection.has(app.tiles.faces[at])) app.tiles.select([]);
      app.flow.looking = true;
      app.tiles.focus(at);
      run(app, meant);
    },
  });
}

/** Swipes on the picture of the zoom. @param {App} app @param {HTMLElement} picture */
export function swipePicture(app, picture) {
  swipes(picture, { target: () => picture, answer: (_, meant) => run(app, meant) });
}
