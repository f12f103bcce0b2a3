/** What the grid hears from the window around it: network, visibility, size, other tabs. */

import { keepKeys } from "./keepkeys.js";

/** @import { App } from "./types.js" */

const BELOW = 18; // what Streamlit leaves below the last element

/** @returns {Storage|null} null where the browser has none (private windows of some browsers) */
export function localStore() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** @param {Storage|null} storage @param {string} key @returns {string|null} */
export function recall(storage, key) {
  try {
    return storage?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

/** @param {Storage|null} storage @param {string} key @param {string} value */
export function remember(storage, key, value) {
  try {
    storage?.setItem(key, value);
  } catch {
    // It is only a preference.
  }
}

/** Whether somebody is typing elsewhere on the page, where the grid must not take the keyboard from them. */
export function busyElsewhere() {
  const active = document.activeElement;
  return Boolean(active?.matches("input, textarea, select, [contenteditable], [role=combobox]"));
}

/** As high as the window from here to its lower edge. @param {HTMLElement} node @param {Element} host of its shadow root */
export function fillWindow(node, host) {
  const top = Math.max(0, node.getBoundingClientRect().top + (scrollerOf(host)?.scrollTop ?? 0));
  node.style.setProperty("--height", `${Math.max(0, Math.floor(innerHeight - top - BELOW))}px`);
}

/** The element whose scrolling moves this one. @param {Element} node @returns {Element|null} */
function scrollerOf(node) {
  for (let one = node.parentElement; one; one = one.parentElement) {
    if (one.scrollTop > 0 || /auto|scroll/.test(getComputedStyle(one).overflowY)) return one;
  }
  return null;
}

/**
 * @param {App} app
 * @returns {() => void} stop listening
 */
export function listen(app) {
  const ending = new AbortController();
  const { signal } = ending;
  const wake = () => {
    app.outbox.flush();
    app.flow.retry();
  };
  const onVisibility = () => {
    if (document.visibilityState === "hidden") app.outbox.sendLast();
    else {
      wake();
      app.leases.active();
      app.leases.renew();
    }
  };
  const onHide = () => {
    app.outbox.sendLast();
    app.leases.release();
  };
  const onShow = (/** @type {PageTransitionEvent} */ event) => {
    if (event.persisted) app.restart();
  };
  const onStorage = (/** @type {StorageEvent} */ event) => {
    app.showOthers();
    if (event.key) app.outbox.changedElsewhere(event.key, event.newValue);
  };
  window.addEventListener("online", wake, { signal });
  document.addEventListener("visibilitychange", onVisibility, { signal });
  window.addEventListener("pagehide", onHide, { signal });
  window.addEventListener("pageshow", onShow, { signal });
  window.addEventListener("storage", onStorage, { signal });
  window.addEventListener("resize", () => app.look.layout(), { signal });
  // Of all that it lies in too: a line of text that comes or goes above the grid moves it.
  const sizes = new ResizeObserver(() => app.look.layout());
  for (let node = /** @type {Element|null} */ (app.root.host); node; node = node.parentElement) sizes.observe(node);
  signal.addEventListener("abort", () => sizes.disconnect());
  keepKeys(app, signal);
  return () => ending.abort();
}
