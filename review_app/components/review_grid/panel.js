/** What stands in place of the tiles while there are none: loading, nothing here, all done, trouble. */

import { el } from "./dom.js";

export class Panel {
  constructor() {
    this.node = el("div", { class: "panel", hidden: true });
    this.timer = null;
  }

  /**
   * @param {{title: string, text?: string, busy?: boolean, buttons?: {label: string, cap?: string, press?: () => void, href?: string}[]}} what
   * @param {number} delay milliseconds before it is seen: a page that comes at once needs no word
   */
  show({ title, text = "", busy = false, buttons = [] }, delay = 0) {
    clearTimeout(this.timer);
    this.node.replaceChildren(
      ...(busy ? [el("span", { class: "spinner", "aria-hidden": "true" })] : []),
      el("h2", { text: title }),
      ...(text ? [el("p", { text })] : []),
      el("div", { class: "set" }, buttons.map(button)),
    );
    this.node.classList.toggle("later", delay > 0);
    if (delay) this.timer = setTimeout(() => this.node.classList.remove("later"), delay);
    this.node.hidden = false;
  }

  hide() {
    clearTimeout(this.timer);
    this.node.hidden = true;
  }
}

function button({ label, cap = null, press, href }) {
  const inside = [cap ? el("kbd", { text: cap, "aria-hidden": "true" }) : null, el("span", { text: label })];
  if (href) return el("a", { class: "key main", href }, inside);
  return el("button", { type: "button", class: "key main", on: { click: press } }, inside);
}
