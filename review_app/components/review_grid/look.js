/** How large tiles are, how many fit, and whether they show numbers. The browser remembers what people choose. */

import { INFO, INFO_DETAILS, SMALL_SCREEN, asTileSize, fit } from "./layout.js";
import { showSize, showSwitch } from "./toolbar.js";
import { fillWindow, recall, remember } from "./window.js";

/** @import { App, TileSize } from "./types.js" */

const EDGE = 4;

export class Look {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.tileSize = asTileSize(recall(app.storage, "scn/tile")) ?? (innerWidth < SMALL_SCREEN ? "S" : app.data.tile);
    /** Whether tiles show alpha, margin and the likeliest classes. */
    this.details = recall(app.storage, "scn/details") === "on";
    this.columns = 1;
  }

  /** @param {TileSize} size of the tiles, from now on and next time */
  setSize(size) {
    this.tileSize = size;
    remember(this.app.storage, "scn/tile", size);
    this.show();
  }

  /** @param {boolean} on tiles show alpha, margin and the likeliest classes, from now on and next time */
  setDetails(on) {
    this.details = on;
    remember(this.app.storage, "scn/details", on ? "on" : "off");
    this.show();
  }

  /** The buttons and the tiles follow what was chosen. */
  show() {
    showSize(this.app.bar, this.tileSize);
    showSwitch(this.app.bar, "details", this.details);
    this.layout();
  }

  /** @param {number} [faces] on the page; without: as many as fit */
  room(faces) {
    const { clientWidth: width, clientHeight: height } = this.app.stage;
    return fit(width - 2 * EDGE, height - 2 * EDGE, this.tileSize, this.details ? INFO_DETAILS : INFO, faces);
  }

  /** How many of so many faces fit on a page. @param {number} faces */
  holds(faces) {
    const { columns, rows } = this.room(faces);
    return columns * rows;
  }

  /** Fill the window, and the grid's room with tiles; what does not fit any more goes to the next page. */
  layout() {
    const { flow, grid, node, pages, root, tiles } = this.app;
    fillWindow(node, root.host);
    flow?.refit();
    const { columns, picture, tile } = this.room(pages?.current?.faces.length);
    this.columns = columns;
    grid.style.setProperty("--columns", String(columns));
    grid.style.setProperty("--picture", `${picture}px`);
    grid.style.setProperty("--tile", tile === null ? "1fr" : `${tile}px`);
    node.dataset.tile = this.tileSize;
    node.toggleAttribute("data-details", this.details);
    tiles.measure();
  }
}
