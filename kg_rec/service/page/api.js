// The routes of the service, and what goes wrong on the way to them.

/** @typedef {import("./types.js").Problem} Problem */

const KEY = "kg-rec.key";

/** Raised for all that a request can end in, but for one that was given up. */
export class ProblemError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The key to the service, kept until the tab is closed. */
export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  /** @param {string} value */
  set: (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};

/**
 * Ask the service, and return its answer. Raises ProblemError.
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, signal?: AbortSignal, once?: string}} [options] once: the Idempotency-Key of a write
 * @returns {Promise<any>}
 */
export async function ask(method, path, { body, signal, once } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key.get()) headers["Authorization"] = `Bearer ${key.get()}`;
  if (once) headers["Idempotency-Key"] = once;
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ProblemError({
      status: 0, kind: "network", detail: "The service does not answer.", remedy: "It is tried again by itself.", retry: 3, places: [],
    });
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch((error) => {
    if (signal?.aborted) throw error;
    return {};
  });
  if (!response.ok) throw new ProblemError(problemOf(response, answer));
  return answer;
}

/** @param {string} person */
export const personPath = (person) => `/v1/people/${encodeURIComponent(person)}`;

/** Return a new Idempotency-Key. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * What is said of a problem. The service's own words are for those who write requests; here nobody wrote one.
 * @type {Record<string, [string, string]>}
 */
const TOLD = {
  429: ["Too many requests.", "It is tried again by itself."],
  busy: ["The service has much to do just now.", "It is tried again by itself."],
  "too-slow": ["The service took too long to answer.", "It is tried again by itself."],
  "graph-away": ["Neo4j cannot be reached.", "It is tried again by itself."],
  "graph-refused": ["Neo4j does not take what is to be stored.", "It is tried again by itself."],
  "no-model": ["The service has no model just now.", "It is tried again by itself."],
  401: ["This service asks for a key.", ""],
  403: ["This key may read, and nothing else.", "A key with the scope 'write' is needed to keep you."],
  413: ["This is more than the service reads at once.", "Shorten the text."],
  422: ["The service does not know something that this page asks for.", "Take the last interest or filter away, or begin anew."],
  503: ["The service cannot answer just now.", "It is tried again by itself."],
};

/**
 * @param {Response} response
 * @param {any} answer
 * @returns {Problem}
 */
function problemOf(response, answer) {
  const wait = Number.parseFloat(response.headers.get("Retry-After") ?? "");
  const later = response.status === 429 || response.status === 503;
  const kind = String(answer.type ?? "").split(":").at(-1) ?? "";
  const [detail, remedy] = TOLD[kind] ?? TOLD[response.status] ?? [`The service answered ${response.status}.`, "Try again, or load this page again."];
  return {
    status: response.status, kind, detail, remedy,
    retry: later ? Math.min(60, Math.max(1, Number.isFinite(wait) ? wait : 2)) : 0,
    places: (Array.isArray(answer.errors) ? answer.errors : []).map((/** @type {any} */ one) => String(one.where)),
  };
}
