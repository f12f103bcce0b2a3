/** What the grid hears from the window around it: network, visibility, size, other tabs, lost focus. */

const FOCUS_CHECK_MS = 500;
const BELOW = 18; // what Streamlit leaves below the last element

/** @returns {Storage|null} null where the browser has none (private windows of some browsers) */
export function localStore() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** @returns {string|null} */
export function recall(storage, key) {
  try {
    return storage?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

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

/** The element whose scrolling moves this one. @param {Element} node */
function scrollerOf(node) {
  for (let one = node.parentElement; one; one = one.parentElement) {
    if (one.scrollTop > 0 || /auto|scroll/.test(getComputedStyle(one).overflowY)) return one;
  }
  return null;
}

/**
 * @param {object} app see main.js
 * @returns {() => void} stop listening
 */
export function listen(app) {
  const ends = [];
  const on = (target, type, listener, options) => {
    target.addEventListener(type, listener, options);
    ends.push(() => target.removeEventListener(type, listener, options));
  };
  const wake = () => {
    app.outbox.flush();
    app.flow.retry();
  };
  on(window, "online", wake);
  on(document, "visibilitychange", () => {
    if (document.visibilityState === "hidden") app.outbox.sendLast();
    else {
      wake();
      app.leases.active();
      app.leases.renew();
    }
  });
  on(window, "pagehide", () => {
    app.outbox.sendLast();
    app.leases.release();
  });
  on(window, "pageshow", (event) => {
    if (event.persisted) app.restart();
  });
  on(window, "storage", (event) => {
    if (event.key) app.outbox.changedElsewhere(event.key, event.newValue);
  });
  on(window, "resize", () => app.layout());
  const sizes = new ResizeObserver(() => app.layout());
  sizes.observe(app.root.host);
  ends.push(() => sizes.disconnect(), keepFocus(app, on));
  return () => ends.forEach((end) => end());
}

/** Streamlit's "connection error" takes the keyboard and drops it; the grid takes it back if it had it before. */
function keepFocus(app, on) {
  let ours = false;
  on(app.node, "focusin", () => {
    ours = true;
  });
  on(document, "focusin", (event) => {
    const elsewhere = !event.composedPath().includes(app.node);
    if (elsewhere && !event.target.closest?.("[role=dialog]")) ours = false;
  });
  on(
    document,
    "pointerdown",
    (event) => {
      if (!event.composedPath().includes(app.node)) ours = false;
    },
    true,
  );
  const timer = setInterval(() => {
    const nobody = document.activeElement === document.body || document.activeElement === null;
    if (ours && nobody && document.hasFocus()) app.focus.take();
  }, FOCUS_CHECK_MS);
  return () => clearInterval(timer);
}
