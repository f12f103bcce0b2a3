/** The keyboard grid: mount, wiring, shared state. Streamlit calls the default export at mount and when data changes. */

import { Above } from "./above.js";
import { Back } from "./back.js";
import { Actions } from "./actions.js";
import { el } from "./dom.js";
import { Flow } from "./flow.js";
import { Focus } from "./focus.js";
import { Input } from "./input.js";
import { backFromFilters } from "./keepkeys.js";
import { waitingOfOthers } from "./kept.js";
import { KeyMap } from "./keymap.js";
import { keySheet } from "./keysheet.js";
import { Leases, released } from "./leases.js";
import { Look } from "./look.js";
import { Net } from "./net.js";
import { newId } from "./ids.js";
import { Pages } from "./pages.js";
import { Panel } from "./panel.js";
import { pointerSelection } from "./select.js";
import { refusalWords } from "./refusals.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { Tally } from "./tally.js";
import { Tiles } from "./tiles.js";
import { showSelected, showSwitch, toolbar } from "./toolbar.js";
import { swipeTiles, touchBar } from "./touch.js";
import { Stacks } from "./undo.js";
import { busyElsewhere, listen, localStore } from "./window.js";
import { Sync } from "./sync.js";
import { Zoom } from "./zoom.js";

/** @import { Command } from "./keys.js" */
/** @import { Face, GridData, PageHeader } from "./types.js" */

/** @type {WeakMap<ShadowRoot, App>} */
const mounts = new WeakMap();

/**
 * @param {{data: GridData, parentElement: ShadowRoot}} component
 * @returns {() => void} cleanup, at unmount
 */
export default function mount({ data, parentElement }) {
  const before = mounts.get(parentElement);
  if (before && before.same(data)) before.update(data);
  else {
    before?.close();
    mounts.set(parentElement, new App(parentElement, data));
  }
  return () => {
    mounts.get(parentElement)?.close();
    mounts.delete(parentElement);
  };
}

/** What is mounted. Its parts are given it, and find each other through it. */
export class App {
  /** @param {ShadowRoot} root @param {GridData} data */
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.me = data.person.name;
    this.classes = data.classes;
    this.round = data.round;
    this.storage = localStore();
    /** What the keys of this workspace and person begin with in the browser's storage. */
    this.prefix = `scn/${data.workspace}/${data.person.id}/`;
    this.look = new Look(this);
    /** Taps select instead of moving the focus. */
    this.selecting = false;
    /** How many tiles are selected. */
    this.selected = 0;
    /** Names this tab to the server. */
    this.tab = newId();
    this.net = new Net(data.person.id);
    this.net.root = data.root;
    this.net.workspace = data.workspace;
    this.store = new Store(this.me);
    this.tally = new Tally(this.store);
    this.stacks = new Stacks();
    this.sync = new Sync(this);
    this.outbox = this.sync.outbox();
    this.store.record(this.outbox.entries);

    this.grid = el("div", {
      class: "grid",
      role: "listbox",
      "aria-multiselectable": "true",
      "aria-label": "faces",
      hidden: true,
    });
    this.panel = new Panel();
    this.stage = el("div", { class: "stage" }, [this.grid, this.panel.node]);
    this.status = new Status(this.net.url("/login"), {
      dismiss: () => this.outbox.dismiss(),
      resend: () => this.outbox.resend(),
      retry: () => this.outbox.flush(),
      next: () => this.flow.next(),
      hides: (control) => this.focus.leave(control),
      refusal: (refusal) => {
        const { sample } = refusal.entry;
        const [href, picture] = [`/samples?sample=${sample}`, `/thumb/${sample}`].map((path) => this.net.url(path));
        return { ...refusalWords(refusal, this), href, picture };
      },
    });
    this.net.well = () => this.status.well();
    this.tiles = new Tiles(this.grid, this.classes, this.me, {
      focused: (face) => this.zoom.follow(face),
      selected: (count) => this.#selected(count),
    });
    this.keymap = new KeyMap(this.storage, `${this.prefix}letters`, this.classes);
    this.input = new Input(this);
    this.focus = new Focus(this);
    this.bar = toolbar(this, this.classes);
    this.above = new Above(this);
    this.zoom = new Zoom(this);
    this.sheet = keySheet(this);
    this.node = el("section", { class: "app", "aria-label": "review grid", tabindex: "-1" }, [
      this.bar,
      this.above.node,
      this.stage,
      this.status.node,
      this.zoom.dialog,
      this.sheet,
    ]);
    this.node.append(touchBar(this, this.node, { pages: true }));
    this.node.addEventListener("keydown", (event) => this.input.key(event));
    swipeTiles(this);
    pointerSelection(this);
    this.keymap.print(this.node);
    this.style = el("link", { rel: "stylesheet", href: `${data.base}grid.css` });
    this.root.append(this.style, this.node);

    this.pages = this.#newPages();
    this.flow = new Flow(this);
    this.actions = new Actions(this);
    const { net, store, tab } = this;
    const lost = (/** @type {Face[]} */ faces) => this.sync.lost(faces);
    /** @type {import("./leases.js").Heard} */
    const heard = (rounds, today, progress) => this.sync.heard(rounds, today, progress);
    const asked = () => ({ round: this.round, filter: this.data.filter });
    this.leases = new Leases({ net, store, tab, lost, asked, heard });
    this.unlisten = listen(this);
    this.ending = new AbortController();
    this.back = new Back(this, this.ending.signal);
    this.look.show();
    this.status.show(this.outbox);
    this.showOthers();
    this.#begin();
  }

  async #begin() {
    await new Promise((done) => {
      this.style.addEventListener("load", done);
      this.style.addEventListener("error", done);
    });
    this.look.layout();
    if (!this.node.contains(this.root.activeElement) && !busyElsewhere()) this.focus.take();
    if (this.outbox.waiting.size) this.outbox.flush();
    this.sync.loadHistory();
    await released();
    await this.flow.next();
  }

  #newPages() {
    return new Pages({
      net: this.net,
      store: this.store,
      tab: this.tab,
      round: this.round,
      filter: this.data.filter,
      size: () => this.size(),
      on: { header: (header) => this.#header(header), faces: () => this.sync },
    });
  }

  /** @param {PageHeader} header */
  #header(header) {
    this.flow.headed(header);
    this.outbox.well();
    this.progress();
  }

  /** Whether this data needs no other grid: same person, workspace, classes. @param {GridData} data */
  same(data) {
    const kind = (/** @type {GridData} */ { workspace, person, classes }) =>
      JSON.stringify([workspace, person.id, classes]);
    return kind(data) === kind(this.data);
  }

  /** Streamlit ran the page again; another filter or round starts from its first page. @param {GridData} data */
  update(data) {
    const kind = (/** @type {GridData} */ { round, filter, pageSize }) => JSON.stringify([round, filter, pageSize]);
    const other = kind(data) !== kind(this.data);
    this.data = { ...data, base: this.data.base };
    this.look.layout();
    if (other) this.restart();
  }

  /** Start over from the first page: another filter, another round, or a page that came back from the past. */
  restart() {
    this.tally.started = false; // what was counted under another filter
    backFromFilters(this);
    this.pages.close();
    this.leases.release();
    this.store.close();
    this.zoom.details.clear();
    const otherRound = this.data.round !== this.round;
    this.round = this.data.round;
    this.flow.close();
    this.flow = new Flow(this);
    this.pages = this.#newPages();
    if (otherRound) this.sync.loadHistory();
    const { flow } = this;
    released().then(() => {
      if (flow === this.flow) flow.next();
    });
  }

  /** Whether answers of somebody else wait in this browser. */
  showOthers() {
    this.status.showOthers(waitingOfOthers(this.storage, this.prefix));
  }

  /** Say what happened. @param {string} words @param {import("./status.js").MessageKind} [kind] */
  say(words, kind) {
    this.status.say(words, kind);
  }

  /** The line of progress follows what has changed. */
  progress() {
    this.status.page(this);
    this.above.update(this.flow.view === "page" ? this.pages.current : null);
  }

  /** @param {number} count */
  #selected(count) {
    showSelected(this.bar, count);
    if (count) this.say(`${count} selected`);
    else if (this.selected) this.say("");
    this.selected = count;
  }

  /** Do what a key or a button asks for. @param {Command} command @param {MouseEvent} [event] a click */
  run(command, event) {
    this.input.run(command, event);
  }

  /** @param {boolean} on taps select instead of moving the focus */
  setSelecting(on) {
    this.selecting = on;
    showSwitch(this.bar, "select", on);
    this.grid.classList.toggle("selecting", on);
    if (!on) this.tiles.select([]);
  }

  /** @returns {number} faces on a page */
  size() {
    return this.data.pageSize || this.look.room().count;
  }

  close() {
    this.outbox.sendLast();
    this.sync.close();
    this.leases.close();
    this.pages.close();
    this.flow.close();
    this.unlisten();
    this.ending.abort();
    this.store.close();
    this.node.remove();
    this.style.remove();
  }
}
