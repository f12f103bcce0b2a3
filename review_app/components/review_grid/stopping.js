/** Says on every page that the server is stopping, then that it is away, until the page is connected to one again; or
 * that one is there which lets it in no more, as after a backup was put back or under another name. */

import { el } from "./dom.js";
import { AWAY, STOPPING, noticeOf } from "./notices.js";

const RESTARTING = 1012; // "Service Restart": what a server that was told to stop closes websockets with

const LOOK_MS = 1000;

const notice = el("div", { role: "status", class: "rv-stopping" });
Object.assign(notice.style, {
  position: "fixed",
  inset: "0 0 auto",
  zIndex: "1000001",
  margin: "0 auto",
  width: "fit-content",
  maxWidth: "100vw",
  boxSizing: "border-box",
  padding: "0.5rem 1rem",
  font: "15px/1.4 sans-serif",
  color: "#1f2937",
  background: "#fef3c7",
  border: "1px solid #d97706",
  borderRadius: "0 0 0.5rem 0.5rem",
  pointerEvents: "none", // it covers no button
});

/** @type {ReturnType<typeof setInterval>|undefined} */
let timer;

/** @param {string} words read out by screen readers, once */
function say(words) {
  if (notice.textContent !== words) notice.textContent = words;
}

function show() {
  say(STOPPING);
  document.body.append(notice);
  clearInterval(timer);
  timer = setInterval(async () => {
    const words = await found();
    if (notice.isConnected) say(words);
  }, LOOK_MS);
}

function hide() {
  notice.remove();
  clearInterval(timer);
}

/** What there is at this address now, in words: a page that the server does not let in would wait for ever. */
async function found() {
  try {
    const answer = await fetch(new URL("../../api/token", import.meta.url), { cache: "no-store", redirect: "manual" });
    return noticeOf(answer.status || 302, await answer.json().catch(() => null));
  } catch {
    return AWAY;
  }
}

/**
 * The websocket of Streamlit's pages is all that a server can speak through without being asked. To be called before
 * Streamlit makes it.
 */
export function watchForStop() {
  window.WebSocket = class extends window.WebSocket {
    /** @param {string|URL} address @param {string|string[]} [protocols] */
    constructor(address, protocols) {
      super(address, protocols);
      this.addEventListener("open", hide);
      this.addEventListener("close", ({ code }) => {
        if (code === RESTARTING) show();
      });
    }
  };
}
