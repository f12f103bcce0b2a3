/** More like this, in grid and zoom: faces to review that look like one, as a page before the one that is left for them. */

import { byTouch, el } from "./dom.js";
import { counted, pairWords } from "./faces.js";
import { asProblem } from "./net.js";

/** @import { App, Face, Page, Tile } from "./types.js" */

/**
 * Show the faces that look like the one with the focus, which stands before them.
 * @param {App} app
 * @param {boolean} ofPair only those of its given and proposed label; so too where the others are shown already
 */
export async function showAlike(app, ofPair) {
  const { flow, pages, tiles } = app;
  const face = tiles.current;
  const page = pages.current;
  if (!face || !page || flow.busy) return;
  const pair = ofPair || (face === page.like?.face);
  if (face.tile.blind) {
    app.say("an audit face: answer it before you look at faces that are like it", "warn");
    return;
  }
  const wanted = (flow.wanted += 1);
  app.say("looking for faces like this one");
  try {
    const faces = await pages.alike(face.sample, pair, app.above.alikeSize() - 1);
    if (wanted !== flow.wanted || pages.closed || pages.current !== page || flow.view !== "page") return;
    if (!faces.length) app.say(`no other face${pair ? ` of ${pairWords(face.tile, app.classes)}` : ""} is to review`, "warn");
    else show(app, face, faces, pair);
  } catch (error) {
    const problem = asProblem(error);
    app.sync.showProblem(problem);
    app.say(`no faces like this one: ${problem.message}`, problem.code === "no_features" ? "warn" : "trouble");
  }
}

/** Where the frame begins: what is answered already needs nothing. @param {Pick<Face, "state">[]} faces */
export function firstOpen(faces) {
  return Math.max(
    0,
    faces.findIndex(({ state }) => state === "open"),
  );
}

/** @param {App} app @param {Face} face @param {Face[]} faces like it @param {boolean} pair */
function show(app, face, faces, pair) {
  const { flow, pages, tiles, zoom } = app;
  if (zoom.open) {
    app.back.handOver();
    zoom.close();
  }
  if (pages.current) pages.current.focus = tiles.at;
  // Before the page it interrupts, so that PgDn leads back to that one.
  const shown = [face, ...faces];
  const page = pages.insert("alike", shown, pages.at);
  page.like = { face, pair };
  flow.show(page, firstOpen(shown));
  const pairOf = pairWords(face.tile, app.classes);
  const many = `${counted(faces.length, "face")} like it, most alike first`;
  const cap = (/** @type {import("./keys.js").CommandId} */ id) => app.keymap.cap(id);
  app.say(
    pair
      ? `${pairOf}: ${many}; answer the exceptions, then ${restWords(face.tile, cap, byTouch())} the rest`
      : `${many}; ${byTouch() ? "alike" : cap("alike")} again: only ${pairOf}; ${byTouch() ? "Next" : "PgDn, or Back of the browser,"} leads back`,
  );
}

/**
 * How the rest of a pair is answered at once: without a proposal there is nothing to accept.
 * @param {Pick<Tile, "proposed">} tile
 * @param {(id: "acceptRest"|"keepRest") => string} cap printed on the key of a command
 * @param {boolean} touch
 */
export function restWords({ proposed }, cap, touch) {
  if (touch) return proposed === null ? "keep" : "accept or keep";
  return proposed === null ? cap("keepRest") : `${cap("acceptRest")} or ${cap("keepRest")}`;
}

/** What stands above such a page. @param {Page} page @param {string[]} classes */
export function alikeWords({ like, faces }, classes) {
  const which = like && faces.includes(like.face) ? "the first one" : "the first one of the page before";
  return `${like?.pair ? `${pairWords(like.face.tile, classes)}, like` : "Like"} ${which}, most alike first`;
}

/**
 * Confident faces of a class near the one in the zoom; each opens its own page beside this one, where it can be answered.
 * @param {string} title @param {number[]} samples @param {App} app
 */
export function neighbours(title, samples, { net }) {
  const pictures = samples.map((sample) =>
    el("a", { href: net.url(`/samples?sample=${sample}`), target: "_blank", rel: "noopener", title: `open face ${sample}` }, [
      el("img", { src: net.url(`/thumb/${sample}`), alt: `face ${sample}`, loading: "lazy" }),
    ]),
  );
  return el("figure", {}, [
    el("figcaption", { text: title }),
    el("div", { class: "near" }, pictures.length ? pictures : [el("span", { class: "none", text: "none" })]),
  ]);
}
