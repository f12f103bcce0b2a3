/** Says on every page that the server is stopping, then that it is away, until the page is connected to one again; or
 * that one is there which has signed the page out, as after a backup was put back. */

import { el } from "./dom.js";

const RESTARTING = 1012; // "Service Restart": what a server that was told to stop closes websockets with

const LOOK_MS = 1000;
const SIGNED_OUT =
  "The server is back, and you are signed out there; answers are kept here. Reload this page to sign in again.";
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

/** @param {string} words read out by screen readers, once */
function say(words) {
  if (notice.textContent !== words) notice.textContent = words;
}

function show() {
  say(`The server is stopping; ${MEANWHILE}`);
  document.body.append(notice);
  clearInterval(timer);
  timer = setInterval(async () => {
    const found = await answer();
    if (!notice.isConnected) return;
    if (found === "none") say(`The server is away; ${MEANWHILE}`);
    if (found === "signed out") say(SIGNED_OUT);
  }, LOOK_MS);
}

function hide() {
  notice.remove();
  clearInterval(timer);
}

/**
 * Whether there is a server still, or again, and whether this browser is signed in there: it lets no websocket of others
 * in, so the page would wait for ever. A proxy that finds none answers too.
 * @returns {Promise<"none"|"some"|"signed out">}
 */
async function answer() {
  try {
    const found = await fetch(new URL("../../api/token", import.meta.url), { cache: "no-store" });
    if (found.ok) return "some";
    const { code } = await found.json();
    if (code === "no_session") return "signed out";
    return typeof code === "string" ? "some" : "none";
  } catch {
    return "none";
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
