/** From key presses and clicks to commands. */

import { showAlike } from "./alike.js";
import { asElement, byTouch } from "./dom.js";
import { commandOf, keptFromStreamlit, keyName } from "./keys.js";

/** @import { Command, CommandGroup, CommandId, Direction } from "./keys.js" */

/** @type {Set<CommandGroup>} */
const WRITES = new Set(["answer", "class", "mark", "bulk", "history"]);
/**
 * Whether a command is about all faces that are selected, or selects others. Anything else done after an undo says that
 * the selection it brought back is not what somebody has in mind.
 * @param {Command} command
 */
function isForSelection({ group, id, extend }) {
  return ["answer", "class", "bulk", "history"].includes(group) || extend || id === "skip" || id === "all";
}

export class Input {
  /** @param {import("./types.js").App} app */
  constructor(app) {
    this.app = app;
    /** Shift was let go of since a page turned by itself: held down, it would answer the next page too. */
    this.letGo = true;
  }

  /** @param {KeyboardEvent} event that happened somewhere in the grid */
  key(event) {
    const { app } = this;
    app.leases.active();
    if (event.key === "Shift" && !event.repeat) this.letGo = true;
    const target = asElement(event.composedPath()[0]);
    if (target?.closest("input, textarea, select")) return;
    if (keptFromStreamlit(event)) event.stopPropagation();
    const command = this.#onward(event) ?? commandOf(event, app.keymap.table);
    if (!command) {
      this.#noClass(event);
      return;
    }
    event.stopPropagation();
    if (target?.closest("button, a, summary") && [" ", "Enter"].includes(event.key)) return; // they press the button
    if (app.sheet.open) {
      if (command.id === "sheet") app.sheet.close();
      return;
    }
    if (app.zoom.open && command.id === "clear") return; // the dialog closes by itself
    event.preventDefault();
    // A key held down must not answer faces that nobody has looked at.
    if ((app.zoom.open && !command.zoom) || (event.repeat && !command.repeat)) return;
    if (command.group === "bulk" && !this.letGo) {
      app.say("another page: let go of Shift first", "warn");
      return;
    }
    this.run(command);
  }

  /** A number for which there is no class is said to be none. @param {KeyboardEvent} event */
  #noClass(event) {
    const { classes, sheet } = this.app;
    if (/^[1-9]$/.test(keyName(event)) && !event.altKey && !sheet.open)
      this.app.say(`there is no class ${keyName(event)}: the numbers are 1 to ${classes.length}`, "warn");
  }

  /** Space and Enter turn a page on which nothing is left. @param {KeyboardEvent} event @returns {Command|undefined} */
  #onward(event) {
    const { flow, keymap, zoom } = this.app;
    const plain = [" ", "enter"].includes(keyName(event)) && !event.altKey;
    return plain && flow.done && !zoom.open ? keymap.table.get("pagedown") : undefined;
  }

  /** Do what a key or a button asks for. @param {Command} command @param {MouseEvent} [event] a click */
  run(command, event) {
    const { app } = this;
    app.leases.active();
    if (command.group === "bulk" && event && event.detail > 1) return; // it would be about another page by now
    if (app.tiles.restored && !isForSelection(command)) app.tiles.select([]);
    const always = this.#always()[command.id];
    const closed = WRITES.has(command.group) ? app.flow.closed() : null;
    if (closed) app.say(closed, "warn");
    else if (this.#oneTooMany(command)) app.say(doneWords(app.zoom.open), "done");
    else if (always) always();
    else if (app.flow.view === "page") this.#onFace(command);
    else
      app.say(
        app.flow.view === "loading" ? "still loading: this key was not used" : "there is no face here to answer",
        "warn",
      );
    // A button pressed by keyboard keeps the focus; after a click the keys go on where they were.
    if (event?.detail && !["note", "sheet", "zoom"].includes(command.id)) app.focus.take();
  }

  /** Whether an answer is about the face answered last only because nothing is left to move on to. @param {Command} command */
  #oneTooMany({ group, id }) {
    const { flow, tiles } = this.app;
    const answers = group === "answer" || group === "class" || id === "skip";
    return answers && flow.view === "page" && flow.done && !tiles.selection.size;
  }

  /** @returns {Partial<Record<CommandId, () => void>>} what works without a face on screen too */
  #always() {
    const { actions, flow, sheet, tiles, zoom } = this.app;
    return {
      undo: () => actions.step("undo"),
      redo: () => actions.step("redo"),
      next: () => flow.next(),
      back: () => flow.back(),
      group: () => flow.nextGroup(),
      sheet: () => sheet.showModal(),
      zoom: () => zoom.toggle(),
      clear: () => tiles.select([]),
      all: () => actions.selectAll(),
    };
  }

  /** @param {Command} command that needs a face */
  #onFace({ id, class: label, way, extend = false }) {
    const { actions } = this.app;
    if (way) this.#move(way, extend);
    else if (id === "relabel") actions.answer("relabel", label);
    else if (id === "acceptRest") actions.rest("accept");
    else if (id === "keepRest") actions.rest("keep");
    else if (id === "alike" || id === "alikePair") showAlike(this.app, id === "alikePair");
    else if (id === "onward") this.#toOpen();
    else if (id === "flag") actions.flag();
    else if (id === "note") actions.note();
    else if (id === "accept" || id === "keep" || id === "unsure" || id === "exclude" || id === "skip")
      actions.answer(id);
  }

  /** Space answers nothing and skips nothing: it leads to what is left, or on to the next page. */
  #toOpen() {
    const { app } = this;
    const { flow, focus, keymap, tiles, zoom } = app;
    const to = tiles.nextOpen(tiles.at);
    if (to < 0 && zoom.open) app.say(doneWords(true), "done");
    else if (to < 0) flow.next();
    else if (to === tiles.at) app.say(`this is the last face to review on this page: answer it, or press ${keymap.cap("skip")} to skip it`);
    else {
      flow.looking = true;
      tiles.anchor = to;
      focus.move(to);
    }
  }

  /** @param {Direction} way @param {boolean} extend the selection goes along */
  #move(way, extend) {
    const { app } = this;
    app.flow.looking = true;
    const to = app.tiles.toward(way, app.look.columns);
    if (extend) app.tiles.extend(to);
    else app.tiles.anchor = to;
    app.focus.move(to);
  }
}

/** What can be done on a page on which nothing is left. @param {boolean} zoomed one face is shown large */
function doneWords(zoomed) {
  if (byTouch()) return `page done: ${zoomed ? "close this face, then " : ""}Next for the next page; tap a face to change its answer`;
  return `page done: ${zoomed ? "PgDn" : "Space"} for the next page; move to a face to change its answer`;
}
