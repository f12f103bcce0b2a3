/** Where the keyboard is: on the tile that keys answer, wherever the grid has the keyboard at all. */

export class Focus {
  /** @param {import("./types.js").App} app */
  constructor(app) {
    this.app = app;
  }

  /** Whether the keyboard is ours now. */
  get here() {
    return this.app.root.activeElement !== null;
  }

  /** To another tile of the page. @param {number} at */
  move(at) {
    const { root, tiles, zoom } = this.app;
    const onControl = zoom.open || root.activeElement?.closest(".toolbar, .thumbs, dialog");
    tiles.focus(at, { grab: !onControl && this.here });
    if (!tiles.selection.size) tiles.anchor = tiles.at;
  }

  /** Before tiles go: a focus on one of them would fall out of the grid. */
  hold() {
    const { node, root, stage } = this.app;
    if (stage.contains(root.activeElement)) node.focus({ preventScroll: true });
  }

  /** Before a control is hidden: a focus in it would fall out of the grid. @param {HTMLElement} control */
  leave(control) {
    if (control.contains(this.app.root.activeElement)) this.take();
  }

  /** Give the keyboard to the grid. */
  take() {
    const { flow, node, tiles, zoom } = this.app;
    if (zoom.open) zoom.title.focus({ preventScroll: true });
    else if (flow.view === "page" && tiles.current) tiles.focus(tiles.at);
    else node.focus({ preventScroll: true });
  }
}
