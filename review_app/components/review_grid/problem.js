/** What stands in place of faces where a page could not be fetched. */

import { counted } from "./faces.js";

/** @import { Problem } from "./net.js" */
/** @import { PanelContent } from "./panel.js" */

/** @type {Record<Problem["kind"], string>} */
const TITLES = {
  offline: "No connection to the server",
  session: "You are signed out",
  person: "Signed in as somebody else",
  server: "The server could not give a page",
};

/**
 * @param {Problem} problem
 * @param {{kept: number, login: string, retry: () => void}} at kept: answers that wait in this browser; login: address
 * @returns {PanelContent}
 */
export function problemWords(problem, { kept, login, retry }) {
  const again = { label: "try again", press: retry };
  const session = problem.kind === "session" || problem.kind === "person";
  return {
    title: TITLES[problem.kind],
    text: `${problem.kind === "offline" || session ? "" : `${problem.message}. `}${kept ? `${counted(kept, "answer")} ${kept === 1 ? "is" : "are"} kept in this browser. ` : ""}${session ? "Sign in again to go on." : "It tries again by itself."}`,
    buttons: session ? [{ label: "sign in", href: login }, again] : [again],
  };
}
