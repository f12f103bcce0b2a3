/** What a point of the map is, beside the pointer: at once in words, and once it rests as the face too. */

import { node } from "./map_dom.js";

const REST_MS = 120;

export class Tip {
  constructor() {
    this.picture = node("img", { alt: "", hidden: "" });
    this.words = node("span");
    this.node = node("div", { class: "tip", hidden: "" }, [this.picture, this.words]);
    this.source = "";
    this.rest = 0;
  }

  hide() {
    clearTimeout(this.rest);
    this.node.hidden = this.picture.hidden = true;
    this.source = "";
  }

  /** @param {string} words @param {string} source address of the picture; empty: none @param {number} x @param {number} y */
  show(words, source, x, y) {
    this.words.textContent = words;
    if (source !== this.source) {
      clearTimeout(this.rest);
      this.source = source;
      this.picture.hidden = true;
      if (source) this.rest = setTimeout(() => this.portray(), REST_MS);
    }
    this.node.hidden = false;
    const { clientWidth = 0, clientHeight = 0 } = this.node.parentElement ?? {};
    this.node.style.left = `${x}px`;
    this.node.style.top = `${y}px`;
    this.node.style.translate = `${x > clientWidth / 2 ? "calc(-100% - 12px)" : "12px"} ${y > clientHeight / 2 ? "-100%" : "0"}`;
  }

  /** Once it is there: until then the one before would be seen. */
  portray() {
    const { source } = this;
    this.picture.src = source;
    this.picture.decode().then(
      () => (this.picture.hidden = this.source !== source),
      () => {},
    );
  }
}
