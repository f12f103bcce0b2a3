/**
 * Keys are never dead: what Streamlit and the controls above the grid do to the keyboard, undone. A key that means nothing
 * where it is pressed goes to the grid.
 */

import { asElement } from "./dom.js";
import { commandOf } from "./keys.js";
import { busyElsewhere } from "./window.js";

/** @import { App } from "./types.js" */

/** Here keys write, choose or close: they are not the grid's. */
const OWN_KEYS =
  "input, textarea, select, [contenteditable], dialog, [role=dialog], [role=combobox], [role=listbox], [role=menu], " +
  "[role=slider], [role=tablist], [role=radiogroup], [data-testid=stPopoverBody]";
const CONTROL = "button, a, summary, [tabindex]";
const PLAIN = /^.$/; // a letter, a digit or a sign, which no button or link wants
const POPOVER = "[data-testid=stPopoverBody]";
const DIALOG = "[data-testid=stDialog]";
/** What of the page opens over the grid: a key pressed then is not about the faces behind it. */
const OVER = `${POPOVER}, ${DIALOG}, [role=dialog], [role=listbox], [role=menu]`;

/** Whether something of the page is open over the grid, whose own dialogs and lists are not meant. */
function covered() {
  return [...document.querySelectorAll(OVER)].some((node) => node.getClientRects().length);
}

/** The box of a drop-down. @param {EventTarget|null} target */
const boxOf = (target) => asElement(target)?.closest("[role=combobox]") ?? null;

/**
 * Whether a key pressed outside of the grid is the grid's.
 * @param {KeyboardEvent} event
 */
function isOurs(event) {
  const target = asElement(event.target);
  if (event.defaultPrevented || !target || target.closest(OWN_KEYS) || covered()) return false;
  if (event.ctrlKey || event.metaKey) return !target.closest(CONTROL);
  return !target.closest(CONTROL) || (PLAIN.test(event.key) && event.key !== " ");
}

/**
 * Close the dialog that says that the server is away. The grid says so itself, and takes answers meanwhile.
 * @returns {boolean} whether there was one
 */
function closeConnectionError() {
  const dialog = document.querySelector(DIALOG);
  if (!(dialog instanceof HTMLElement) || dialog.querySelector("h2")?.textContent !== "Connection error") return false;
  dialog.style.display = "none"; // until it has faded
  const close = dialog.querySelector("button[aria-label=Close]");
  if (close instanceof HTMLElement) close.click();
  return true;
}

/**
 * @param {App} app
 * @param {AbortSignal} signal ends it
 */
export function keepKeys(app, signal) {
  let popover = false;
  let closing = false;
  /** @type {Element|null} the box of a drop-down that was left with Esc, or by a choice, perhaps of what it had */
  let left = null;
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    closing = false;
    const leaves = event.key === "Escape" || (event.key === "Enter" && covered());
    left = leaves ? boxOf(event.target) : null;
    if (left) requestAnimationFrame(leave);
    if (event.composedPath().includes(app.node) || !isOurs(event)) return;
    if (!commandOf(event, app.keymap.table)) return;
    app.focus.take();
    app.input.key(event);
  };
  const onPointer = (/** @type {PointerEvent} */ event) => {
    closing = false;
    left = asElement(event.target)?.closest("[role=option]") ? boxOf(document.activeElement) : null;
  };
  const atFilters = () =>
    document.activeElement === document.body || document.activeElement?.matches("[data-testid=stPopoverButton]");
  const takeBack = () => {
    if (!closing || !atFilters()) return;
    closing = false;
    app.focus.take();
  };
  const leave = () => {
    if (!left || covered()) return;
    if (left.contains(document.activeElement)) app.focus.take();
    left = null;
  };
  const look = () => {
    if (closeConnectionError()) {
      app.say("no connection to the server: go on working, answers are kept in this browser", "trouble");
      if (!busyElsewhere()) app.focus.take();
    }
    const there = document.querySelector(POPOVER) !== null;
    closing ||= popover && !there;
    popover = there;
    takeBack();
    leave();
  };
  const watching = new MutationObserver(look);
  watching.observe(document.body, { childList: true, subtree: true });
  signal.addEventListener("abort", () => watching.disconnect());
  document.addEventListener("keydown", onKey, { capture: true, signal });
  document.addEventListener("pointerdown", onPointer, { capture: true, signal });
  document.addEventListener("focusin", takeBack, { signal });
}

/** Another filter or order is shown: the keyboard comes back from the control that chose it, once that is closed. @param {App} app */
export function backFromFilters(app) {
  if (!document.querySelector(POPOVER)) app.focus.take();
}
