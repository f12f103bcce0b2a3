/** Says on every page that the server is stopping, then that it is away, until the page is connected to one again. */

import { el } from "./dom.js";

const RESTARTING = 1012; // "Service Restart": what a server that was told to stop closes websockets with

const LOOK_MS = 1000;
const MEANWHILE = "answers are kept here. This page comes back by itself once the server is up again.";

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

function show() {
  notice.textContent = `The server is stopping; ${MEANWHILE}`;
  document.body.append(notice);
  clearInterval(timer);
  timer = setInterval(async () => {
    if ((await answers()) || !notice.isConnected) return;
    notice.textContent = `The server is away; ${MEANWHILE}`;
    clearInterval(timer);
  }, LOOK_MS);
}

function hide() {
  notice.remove();
  clearInterval(timer);
}

/** Whether there is a server still, or again; a proxy that finds none answers too. */
async function answers() {
  try {
    const answer = await fetch(new URL("../../ready", import.meta.url), { cache: "no-store" });
    return answer.ok || typeof (await answer.json()).code === "string";
  } catch {
    return false;
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
