/** HTTP as the grid needs it: the token, time limits, and every failure as one Problem in words. */

/** @import { ErrorResponse, TokenResponse } from "./types.js" */

const SLOW_MS = 20000;

/**
 * What follows from a failure. offline: no answer came; session: sign in again; person: this browser is signed in as
 * somebody else; server: try again later, whatever was answered and by whom.
 * @typedef {"offline"|"session"|"person"|"server"} ProblemKind
 */

/** A request that did not work. */
export class Problem extends Error {
  /**
   * @param {ProblemKind} kind
   * @param {string} message in words
   * @param {number} status of HTTP; 0: no answer came
   * @param {string} code of the answer's JSON; empty: it was not in the form of this server
   * @param {string} at what of the request's body was wrong, such as decisions[3].label; empty: not said
   */
  constructor(kind, message, status = 0, code = "", at = "") {
    super(message);
    this.kind = kind;
    this.status = status;
    this.code = code;
    this.at = at;
  }
}

/** Whatever was thrown, as a Problem: an answer that cannot be read is the server's. @param {unknown} error */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  return new Problem("server", error instanceof Error ? error.message : String(error));
}

export class Net {
  /**
   * @param {number} person whose answers these are
   * @param {(url: string, options: RequestInit) => Promise<Response>} fetcher
   * @param {number} limit milliseconds that an answer may take, to its last byte
   */
  constructor(person, fetcher = (url, options) => fetch(url, options), limit = SLOW_MS) {
    this.person = person;
    this.limit = limit;
    this.fetcher = fetcher;
    /** Path that the server's addresses begin with, such as /review; empty: none. */
    this.root = "";
    /** Id of the workspace that all of it is about; empty: whichever there is. */
    this.workspace = "";
    /** @type {string|null} */
    this.token = null;
    /** Called whenever the server has answered as it should. */
    this.well = () => {};
  }

  /** @param {string} path of the server's own, such as /face/7 @returns {string} where a browser finds it */
  url(path) {
    return this.root + path;
  }

  /** @param {string} path @returns {Promise<unknown>} the JSON of a GET */
  async get(path) {
    return jsonOf(await this.#request(path, {}));
  }

  /**
   * @param {string} path
   * @param {object} body that becomes JSON
   * @param {{keepalive?: boolean}} options
   * @returns {Promise<Response>} a good response
   */
  async post(path, body, options = {}) {
    const token = this.token ?? (await this.#newToken());
    try {
      return await this.#send(path, body, options, token);
    } catch (error) {
      const { code } = asProblem(error);
      if (code !== "token_expired" && code !== "token_wrong") throw error;
      return this.#send(path, body, options, await this.#newToken());
    }
  }

  /**
   * @param {string} path
   * @param {object} body
   * @param {{keepalive?: boolean}} options
   * @param {string} token
   */
  #send(path, body, { keepalive = false }, token) {
    const headers = { "Content-Type": "application/json", "X-Review-Token": token };
    return this.#request(path, { method: "POST", headers, body: JSON.stringify(body), keepalive });
  }

  async #newToken() {
    this.token = null;
    const { token, person, workspace } = /** @type {TokenResponse} */ (await this.get("/api/token"));
    if (person !== undefined && person !== this.person) {
      throw new Problem("person", "this browser is now signed in as somebody else");
    }
    if (this.workspace && workspace !== this.workspace) {
      throw new Problem("server", "another workspace is at this address now: reload this page");
    }
    this.token = token;
    return token;
  }

  /** @param {string} path @param {RequestInit} options */
  async #request(path, options) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.limit);
    let response;
    try {
      const { signal } = abort;
      // No address of ours leads elsewhere: a redirect is a proxy's, most often to a page for signing in.
      const rest = /** @type {RequestInit} */ ({ credentials: "same-origin", cache: "no-store", redirect: "manual" });
      const answer = await this.fetcher(this.url(path), { ...rest, signal, ...options });
      // Read the body while the time limit still runs, so that a connection that stalls half-way is noticed.
      const body = await answer.arrayBuffer();
      // One that leads elsewhere tells no status, and a Response must have one.
      response = new Response(body, { status: answer.ok ? 200 : answer.status || 302, headers: answer.headers });
    } catch {
      throw new Problem("offline", "no connection to the server");
    } finally {
      clearTimeout(timer);
    }
    if (response.ok && !response.headers.get("Content-Type")?.startsWith("text/html")) {
      this.well();
      return response;
    }
    throw await problemOf(response);
  }
}

/** @param {Response} response not a good one */
async function problemOf(response) {
  const { status } = response;
  const json = await response.json().catch(() => null);
  const { code, at } = ours(json) ?? { code: "" };
  if (status === 401 && !code.startsWith("token")) return new Problem("session", "you are signed out", status, code);
  return new Problem("server", answerWords(status, json), status, code, at);
}

/** The JSON object of a good response. @param {Response} response @returns {Promise<unknown>} */
export async function jsonOf(response) {
  const json = await response.json().catch(() => null);
  if (typeof json === "object" && json !== null) return json;
  throw new Problem("server", answerWords(response.status, null), response.status);
}

/**
 * An error as this server tells it. A proxy before it, or another server, may answer with anything, JSON's null among it.
 * @param {unknown} json @returns {ErrorResponse|null} null: it is none of ours
 */
export function ours(json) {
  const { error, code, at } = /** @type {Partial<ErrorResponse>} */ (json ?? {});
  return typeof error === "string" && typeof code === "string" ? { error, code, at: typeof at === "string" ? at : "" } : null;
}

/** What was answered in place of what was asked for, in words. @param {number} status @param {unknown} json of its body */
export function answerWords(status, json) {
  const redirect = status >= 300 && status < 400;
  const what = redirect ? "a redirect to another page, perhaps to sign in: reload this page" : `status ${status}`;
  return ours(json)?.error ?? `a proxy or another program answered in place of this server, with ${what}`;
}
