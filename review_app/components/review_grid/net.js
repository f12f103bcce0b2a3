/** HTTP as the grid needs it: the token, time limits, and every failure as one Problem in words. */

const SLOW_MS = 20000;

/** A request that did not work. `kind` says what follows from it. */
export class Problem extends Error {
  /**
   * @param {"offline"|"session"|"person"|"server"|"refused"} kind offline: no answer came; session: sign in again;
   *   person: this browser is signed in as somebody else; server: try again later; refused: trying again changes nothing
   * @param {string} message in words
   */
  constructor(kind, message, status = 0, code = "") {
    super(message);
    this.kind = kind;
    this.status = status;
    this.code = code;
  }
}

export class Net {
  /**
   * @param {number} person whose answers these are
   * @param {(url: string, options: object) => Promise<Response>} fetcher
   */
  constructor(person, fetcher = (url, options) => fetch(url, options)) {
    this.person = person;
    this.fetcher = fetcher;
    this.token = null;
  }

  /** @returns {Promise<any>} the JSON of a GET */
  async get(path) {
    return (await this.#request(path, {})).json();
  }

  /**
   * @param {{keepalive?: boolean}} options
   * @returns {Promise<Response>} a good response
   */
  async post(path, body, options = {}) {
    if (!this.token) await this.#renewToken();
    try {
      return await this.#send(path, body, options);
    } catch (problem) {
      if (problem.code !== "token_expired" && problem.code !== "token_wrong") throw problem;
      await this.#renewToken();
      return this.#send(path, body, options);
    }
  }

  /** Forget who is signed in; the next request asks again. */
  forget() {
    this.token = null;
  }

  #send(path, body, { keepalive = false }) {
    const headers = { "Content-Type": "application/json", "X-Review-Token": this.token };
    return this.#request(path, { method: "POST", headers, body: JSON.stringify(body), keepalive });
  }

  async #renewToken() {
    this.token = null;
    const { token, person } = await this.get("/api/token");
    const id = typeof person === "object" && person !== null ? person.id : person;
    if (id !== undefined && id !== this.person) {
      throw new Problem("person", "this browser is now signed in as somebody else");
    }
    this.token = token;
  }

  async #request(path, options) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), SLOW_MS);
    let response;
    try {
      response = await this.fetcher(path, {
        credentials: "same-origin",
        cache: "no-store",
        signal: abort.signal,
        ...options,
      });
      if (response.ok) return await whole(response);
    } catch {
      throw new Problem("offline", "no connection to the server");
    } finally {
      clearTimeout(timer);
    }
    throw await problemOf(response);
  }
}

/** Read the body while the time limit still runs, so that a connection that stalls half-way is noticed. */
async function whole(response) {
  const body = await response.arrayBuffer();
  return new Response(body, { status: 200, headers: response.headers });
}

async function problemOf(response) {
  const { status } = response;
  const { error, code } = await response.json().catch(() => ({}));
  const words = typeof error === "string" ? error : `the server answered ${status}`;
  if (status === 401 && !String(code).startsWith("token"))
    return new Problem("session", "you are signed out", status, code);
  if (status === 401) return new Problem("server", words, status, code);
  const passing = status >= 500 || status === 408 || status === 425 || status === 429;
  return new Problem(passing ? "server" : "refused", words, status, String(code ?? ""));
}
