/** From key presses and clicks to deeds. */

import { deedOf, kept, tableOf } from "./keys.js";

const WRITES = new Set(["answer", "class", "mark", "bulk", "history"]);

export class Input {
  /** @param {object} app see main.js */
  constructor(app) {
    this.app = app;
    this.table = tableOf(app.classes);
  }

  /** @param {KeyboardEvent} event that happened somewhere in the grid */
  key(event) {
    const { app } = this;
    app.leases.active();
    const target = event.composedPath()[0];
    if (target.closest?.("input, textarea, select")) return;
    if (kept(event)) event.stopPropagation();
    const deed = deedOf(event, this.table);
    if (!deed) return;
    event.stopPropagation();
    if (target.closest?.("button, a, summary") && [" ", "Enter"].includes(event.key)) return; // they press the button
    if (app.sheet.open) {
      if (deed.id === "sheet") app.sheet.close();
      return;
    }
    if (app.zoom.open && deed.id === "clear") return; // the dialog closes by itself
    event.preventDefault();
    // A key held down must not answer faces that nobody has looked at.
    if ((app.zoom.open && !deed.zoom) || (event.repeat && !deed.repeat)) return;
    this.press(deed);
  }

  /** Do what a key or a button asks for. @param {import("./keys.js").Deed} deed @param {Event} [event] a click */
  press(deed, event) {
    const { app } = this;
    app.leases.active();
    const always = this.#always()[deed.id];
    const closed = WRITES.has(deed.group) ? app.flow.closed() : null;
    if (closed) app.say(closed, "warn");
    else if (always) always();
    else if (app.flow.view === "page") this.#onFace(deed);
    else
      app.say(
        app.flow.view === "loading" ? "still loading: this key was not used" : "there is no face here to answer",
        "warn",
      );
    // A button pressed by keyboard keeps the focus; after a click the keys go on where they were.
    if (event?.detail && !["note", "sheet", "zoom"].includes(deed.id)) app.focus.take();
  }

  #always() {
    const { actions, flow, sheet, tiles, zoom } = this.app;
    return {
      undo: () => actions.step("undo"),
      redo: () => actions.step("redo"),
      next: () => flow.next(),
      back: () => flow.back(),
      sheet: () => sheet.showModal(),
      zoom: () => zoom.toggle(),
      clear: () => tiles.select([]),
    };
  }

  #onFace(deed) {
    const { actions } = this.app;
    if (deed.group === "move") this.#move(deed.id);
    else if (deed.id === "relabel") actions.answer("relabel", deed.class);
    else if (deed.id === "acceptRest") actions.rest("accept");
    else if (deed.id === "keepRest") actions.rest("keep");
    else if (deed.id === "flag") actions.flag();
    else if (deed.id === "note") actions.note();
    else actions.answer(deed.id);
  }

  #move(id) {
    const { app } = this;
    const extend = id.startsWith("extend-");
    const to = app.tiles.toward(extend ? id.slice(7) : id, app.columns);
    if (extend) app.tiles.extend(to);
    else app.tiles.anchor = to;
    app.focus.move(to);
  }
}
