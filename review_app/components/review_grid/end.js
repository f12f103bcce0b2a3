/** What stands in place of faces where there are no more: why, and what to do next. */

import { counted } from "./faces.js";
import { lateWords } from "./refusals.js";

/** @import { Flow } from "./flow.js" */
/** @import { PanelButton, PanelContent } from "./panel.js" */

/** @param {Flow} flow whose queue has no more @returns {PanelContent} */
export function endWords(flow) {
  const { app } = flow;
  const passed = flow.passed().length;
  const open = app.tally.shown.open ?? 0;
  const skipped = flow.header?.skipped ?? 0;
  const state = flow.header?.round?.state ?? "review";
  const look = { label: "look again", cap: "PgDn", press: () => flow.next() };
  const back = app.pages.current ? [{ label: "earlier page", cap: "PgUp", press: () => flow.back() }] : [];
  if (flow.ended) return roundEnded(flow, back);
  if (state !== "review")
    return {
      title: `Round ${app.round} is ${state}`,
      text: "Answers are taken while a round is in review. Choose another round above, or ask the lead.",
      buttons: back,
    };
  if (passed)
    return {
      title: `${counted(passed, "face")} you passed over`,
      text: "The queue has nothing else for you in this filter.",
      buttons: [{ ...look, label: "show them" }, ...back],
    };
  if (!app.pages.leased)
    return {
      title: app.pages.current ? "That was the last page" : "No face matches this filter",
      text: "Choose another filter above to see others.",
      buttons: back,
    };
  if (open > 0)
    return {
      title: "Nothing to review here right now",
      text: `The faces to review in this filter (${open}) are with other reviewers. Look again in a minute, or choose another filter.`,
      buttons: [look, ...back],
    };
  if (skipped > 0)
    return {
      title: `Nothing to review but ${counted(skipped, "face")} you skipped`,
      text: "To see what you skipped, choose Skipped by me under State, above the faces.",
      buttons: [look, ...back],
    };
  if (app.pages.current)
    return {
      title: "All done",
      text: "Every face of this filter is answered. Choose another filter above, or take a break.",
      buttons: [look, ...back],
    };
  return {
    title: "Nothing to review in this filter",
    text: "Every face of it is answered, or none matches. Choose another filter above.",
    buttons: [look],
  };
}

/** The round ended while somebody was answering. @param {Flow} flow @param {PanelButton[]} back @returns {PanelContent} */
function roundEnded({ app, rounds: [next] }, back) {
  const late = lateWords(app.outbox.refused.values());
  const safe = `All answers saved before that are safe.${late && ` ${late}.`}`;
  if (!next)
    return {
      title: `Round ${app.round} has ended`,
      text: `${safe} No round takes answers now: ask a lead what comes next.`,
      buttons: back,
    };
  return {
    title: `Round ${next} has begun`,
    text: `Round ${app.round} ended while you were here. ${safe}`,
    buttons: [{ label: `go to round ${next}`, href: location.pathname }, ...back],
  };
}
