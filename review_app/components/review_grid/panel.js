/** What stands in place of the tiles while there are none: loading, nothing here, all done, trouble. */

import { el } from "./dom.js";

/** @typedef {{label: string, cap?: string, press?: () => void, href?: string}} PanelButton href: a link instead */
/** @typedef {{title: string, text?: string, busy?: boolean, buttons?: PanelButton[]}} PanelContent */

export class Panel {
  constructor() {
    this.node = el("div", { class: "panel", hidden: true });
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
  }

  /**
   * @param {PanelContent} content
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

/** @param {PanelButton} button */
function button({ label, cap, press, href }) {
  const inside = [cap ? el("kbd", { text: cap, "aria-hidden": "true" }) : null, el("span", { text: label })];
  if (href) return el("a", { class: "key main", href }, inside);
  return el("button", { type: "button", class: "key main", on: { click: press } }, inside);
}
