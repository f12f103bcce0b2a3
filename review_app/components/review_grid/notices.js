/** What pages say while their server is stopping, away, or back in a way that does not let them in. */

import { answerWords, ours } from "./net.js";

const KEPT = "answers are kept here";
const BY_ITSELF = "This page comes back by itself once the server is up again.";

export const STOPPING = `The server is stopping; ${KEPT}. ${BY_ITSELF}`;
export const AWAY = `The server is away; ${KEPT}. ${BY_ITSELF}`;
const BACK = `The server is up again; ${KEPT}. This page comes back by itself in a moment.`;
const SIGNED_OUT = `The server is back, and you are signed out there; ${KEPT}. Reload this page to sign in again.`;

/**
 * By what GET /api/token was answered. A proxy that finds no server answers too, and a server that goes by another name
 * refuses whoever comes under the old one. Pure.
 * @param {number} status of HTTP
 * @param {unknown} json of the body; null: it has none
 */
export function noticeOf(status, json) {
  const refusal = ours(json);
  if (refusal?.code === "no_session") return SIGNED_OUT;
  if (refusal?.code === "stopping") return STOPPING;
  if (status >= 500) return refusal ? BACK : AWAY;
  if (status === 200 && typeof (/** @type {{token?: unknown}|null} */ (json)?.token) === "string") return BACK;
  if (refusal && status !== 400 && status !== 403 && status !== 404) return BACK;
  const what = refusal ? "The server is up again, and refuses this address" : "The server is away, or another one is at this address";
  return `${what}; ${KEPT}: ${answerWords(status, json)}.`;
}
