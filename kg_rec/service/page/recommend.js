// From words and interests to recommendations: asked when typing stops, the last question's answer alone counts.

import { ProblemError, ask } from "./api.js";
import { limited, touched, wanted, without } from "./interests.js";
import { unknown } from "./known.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./people.js").People} People */
/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Item} Item */

export const MOST_WORDS = 10_000;
const K = 10;
const MOST_ITEMS = 200;
const MOST_EXCLUDED = 200;
const TYPING_MS = 250;
const SLOW_MS = 400;
/** How long an answer waits for what is to be stored first. */
const STORING_MS = 1500;

export class Asker {
  /**
   * @param {Store} store
   * @param {People} people
   */
  constructor(store, people) {
    this.store = store;
    this.people = people;
    /** @type {AbortController | null} */
    this.running = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.failures = 0;
  }

  /** Ask when nothing has been typed for a moment. */
  later() {
    this.running?.abort();
    this.at(TYPING_MS);
  }

  /**
   * @param {number} milliseconds
   * @param {boolean} [again] whether it is the page that tries again, and not a person who asks
   */
  at(milliseconds, again = false) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.now(again), milliseconds);
  }

  /**
   * Ask now; what was asked before is given up.
   * @param {boolean} [again]
   */
  async now(again = false) {
    if (!again) this.failures = 0;
    clearTimeout(this.timer);
    this.running?.abort();
    const own = (this.running = new AbortController());
    const slow = setTimeout(() => this.store.set({ slow: true }), SLOW_MS);
    this.store.set({ asking: true });
    try {
      await this.answer(own.signal).catch(async (error) => {
        // What is remembered may be from another model: what this one does not know is left out, once.
        if (own.signal.aborted || !(error instanceof ProblemError && error.problem.status === 422) || !(await this.drop(own.signal))) throw error;
        await this.answer(own.signal);
      });
      if (own.signal.aborted) return;
      this.failures = 0;
      this.store.set({ problem: null });
    } catch (error) {
      if (own.signal.aborted) return;
      this.failed(error);
    } finally {
      clearTimeout(slow);
      if (this.running === own) this.store.set({ asking: false, slow: false });
    }
  }

  /** @param {AbortSignal} signal */
  async answer(signal) {
    const { state } = this.store;
    const words = state.words.trim() ? state.words : "";
    if ([...words].length > MOST_WORDS) return;
    const fresh = words !== state.read;
    if (fresh && words && (touched(state) || state.person)) {
      const { interests } = await ask("POST", "/v1/understand", { body: { words }, signal });
      if (signal.aborted) return;
      this.store.set({ found: interests, read: words });
    } else if (fresh && !words) {
      this.store.set({ found: [], read: "" });
    }
    if (state.person && (await this.kept(state.person, signal))) return;
    if (!state.person) this.prune();
    if (signal.aborted) return;
    const interests = limited(wanted(state));
    if (!words && !interests.length) {
      this.store.set({ items: [], notes: [], answered: false });
      return;
    }
    // What is an interest is not recommended anyway, and comes first. Of more than can be left out there, the rest is left out here.
    const given = new Set(interests.map(({ key }) => key));
    const reactions = Object.keys(state.reactions);
    const out = [...reactions.filter((key) => given.has(key)), ...reactions.filter((key) => !given.has(key))];
    const exclude = out.slice(-MOST_EXCLUDED);
    /** @type {any} */
    const body = { ...refined(state), k: Math.min(MOST_ITEMS, K + out.length - exclude.length), exclude };
    if (words) body.words = words;
    if (!words || touched(state)) {
      body.interests = interests.map(({ key, score, polarity }) => ({ entity: key, score, polarity }));
    }
    const answer = await ask("POST", "/v1/recommend", { body, signal });
    if (signal.aborted) return;
    if (!body.interests) this.store.set({ found: answer.interests, read: words });
    const items = answer.items.filter((/** @type {Item} */ { key }) => !out.includes(key)).slice(0, K);
    items.forEach((/** @type {Item} */ item, /** @type {number} */ place) => (item.rank = place + 1));
    this.store.set({ items, notes: answer.notes, answered: true });
  }

  /**
   * Leave out what the model does not know of what is remembered, and return whether there was something.
   * @param {AbortSignal} [signal]
   */
  async drop(signal) {
    const { state } = this.store;
    const strange = new Set([
      ...(await unknown("interests", wanted(state).map(({ key }) => key), signal)),
      ...(await unknown("exclude", Object.keys(state.reactions), signal)),
    ]);
    if (!strange.size) return false;
    this.store.set(without(state, strange));
    return true;
  }

  /**
   * Take note of what is served. Where it is another model than what is remembered was made with, words are read anew, and what it
   * does not know is left out; where it is another graph, nobody is kept in that.
   * @param {import("./types.js").About} about
   */
  async serves({ model, item }) {
    const { state } = this.store;
    const before = state.served;
    if (before?.model === model && before.label === item.label) return;
    if (before && before.label !== item.label) this.store.set({ person: null, pending: false, year: null });
    if (before) this.store.set({ found: [], read: "" });
    if (before) await this.drop();
    this.store.set({ served: { model, label: item.label } });
  }

  /**
   * Store what there is to store of a person, and recommend to them as the graph knows them; return whether that went well.
   * Where the graph is away or slow, the page goes on by itself, and stores it later.
   * @param {string} person
   * @param {AbortSignal} signal
   */
  async kept(person, signal) {
    try {
      const stored = this.people.settle(person);
      if (!(await inTime(stored))) {
        this.whenStored(stored);
        return false;
      }
      this.prune();
      if (signal.aborted) return true;
      const { state } = this.store;
      this.store.set({ away: false });
      if (!this.people.known?.size() && !wanted(state).length) {
        this.store.set({ items: [], notes: [], answered: false });
        return true;
      }
      const answer = await ask("POST", "/v1/recommend", { body: { user: person, k: K, ...refined(state) }, signal });
      if (signal.aborted) return true;
      this.store.set({ items: answer.items, notes: answer.notes, answered: true, reactions: named(state.reactions, answer.interests) });
      return true;
    } catch (error) {
      if (error instanceof ProblemError && error.problem.kind === "graph-away") {
        this.store.set({ away: true });
        return false;
      }
      throw error;
    }
  }

  /**
   * Ask once more when a write that lasts is done, unless another one has come after it.
   * @param {Promise<void>} stored
   */
  whenStored(stored) {
    const last = (/** @type {() => void} */ then) => this.people.last === stored && then();
    stored.then(
      () => last(() => void this.now(true)),
      (error) => last(() => {
        if (error instanceof ProblemError && error.problem.kind === "graph-away") this.store.set({ away: true });
        else if (error instanceof ProblemError && error.problem.retry) void this.now(true);
        else this.failed(error);
      }),
    );
  }

  /** Forget what was removed and is not found any more: it may be said again. */
  prune() {
    const { changes, found, added } = this.store.state;
    const there = new Set([...found, ...added].map((one) => one.key));
    const left = Object.entries(changes).filter(([key, change]) => change !== null || there.has(key) || this.people.known?.interests.has(key));
    if (left.length < Object.keys(changes).length) this.store.set({ changes: Object.fromEntries(left) });
  }

  /** @param {unknown} error */
  failed(error) {
    if (!(error instanceof ProblemError)) {
      console.error(error);
      this.store.set({
        problem: { status: 0, kind: "defect", detail: "Something went wrong on this page.", remedy: "Load it again.", retry: 0, places: [] },
      });
      return;
    }
    // Each time a little later: whoever is busy is not helped by many who ask at once.
    this.failures += 1;
    const retry = error.problem.retry && Math.min(60, error.problem.retry * 1.5 ** (this.failures - 1));
    this.store.set({ problem: { ...error.problem, retry } });
    if (retry) this.at(1000 * retry, true);
  }
}

/**
 * Wait for a write for a moment, and return whether it was done. Raises what it raises.
 * @param {Promise<void>} stored
 */
async function inTime(stored) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve(false), STORING_MS)));
  try {
    return await Promise.race([stored.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Return reactions with the names that the service knows of their items.
 * @param {State["reactions"]} reactions
 * @param {import("./types.js").Interest[]} interests
 */
function named(reactions, interests) {
  const better = interests.filter(({ key, name }) => reactions[key] && reactions[key].title !== name);
  return better.length ? { ...reactions, ...Object.fromEntries(better.map(({ key, name }) => [key, { ...reactions[key], title: name }])) } : reactions;
}

/** @param {State} state */
function refined(state) {
  const released = state.about?.item.released;
  return {
    diversity: state.variety,
    where: released && state.year !== null ? [`${released}>=${state.year}`] : [],
  };
}
