/** Faces that an undo is about, wherever they are. */

import { asProblem } from "./net.js";

/** @import { App } from "./types.js" */

/** Bring faces on screen and put the focus on the first. @param {App} app @param {number[]} samples */
export async function bringIntoView(app, samples) {
  const { flow } = app;
  const wanted = (flow.wanted += 1);
  const here = app.pages.current?.faces.find((face) => samples.includes(face.sample));
  if (here && flow.view === "page") {
    app.focus.move(app.tiles.faces.indexOf(here));
    return;
  }
  const at = app.pages.pageOf(samples[0]);
  if (at >= 0) {
    flow.rememberFocus();
    app.pages.at = at;
    const page = app.pages.kept[at];
    const place = page.faces.findIndex((face) => face.sample === samples[0]);
    flow.show(page, place);
    return;
  }
  try {
    const faces = await app.pages.tiles([...new Set(samples)]);
    if (wanted !== flow.wanted || app.pages.closed || !faces.length) return;
    flow.rememberFocus();
    for (const face of faces) if (face.state === "open" && !face.held) face.held = "maybe";
    // Before the page it interrupts, so that PgDn leads back to that one.
    flow.show(app.pages.insert("recall", faces, Math.max(0, app.pages.at) + (flow.view === "page" ? 0 : 1)), 0);
  } catch (error) {
    const problem = asProblem(error);
    app.sync.showProblem(problem);
    app.say(`${app.status.message.textContent}; the face is not on screen: ${problem.message}`, "trouble");
  }
}
