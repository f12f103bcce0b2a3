/**
 * In Streamlit's first page, before its own scripts: says what is wrong where a proxy lets no websocket through, as that page
 * would stay grey; and that the server is stopping.
 */

import { el } from "./dom.js";
import { watchForStop } from "./stopping.js";

watchForStop();

const WAIT_MS = 5000;
const LOOK_MS = 1000;
const NGINX = `proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";`;

/** Whether there is nothing to read on the page. */
function isWordless() {
  return !document.querySelector("main")?.innerText.trim();
}

/** @returns {Promise<boolean>} whether a websocket to the pages can be had */
function connects() {
  const address = new URL("../../_stcore/stream", import.meta.url);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return new Promise((done) => {
    const socket = new WebSocket(address);
    socket.addEventListener("open", () => {
      socket.close();
      done(true);
    });
    socket.addEventListener("error", () => done(false));
  });
}

function notice() {
  return el("div", { role: "alert", class: "rv-no-connection" }, [
    el("h2", { text: "This page cannot connect" }),
    el("p", {
      text: "The server answers, but a websocket to it does not open. Most often a proxy in between does not pass on the upgrade. In nginx, the location that leads to the server needs these lines:",
    }),
    el("pre", { text: NGINX }),
    el("p", {
      text: "The reverse_proxy of Caddy passes websockets on by itself; a handler before it may not. The file docs/administration.md has whole configurations. Answers that are not saved yet are kept in this browser.",
    }),
  ]);
}

setTimeout(async () => {
  if (!isWordless() || (await connects())) return;
  const box = notice();
  Object.assign(box.style, {
    position: "fixed",
    inset: "10vh 0 auto",
    margin: "0 auto",
    maxWidth: "40rem",
    padding: "1rem 2rem",
    font: "16px/1.5 sans-serif",
    color: "#1f2937",
    background: "#ffffff",
    border: "1px solid #9ca3af",
    borderRadius: "0.5rem",
  });
  document.body.append(box);
  const timer = setInterval(() => {
    if (isWordless()) return;
    box.remove();
    clearInterval(timer);
  }, LOOK_MS);
}, WAIT_MS);
