// A person who is kept in the graph: what the page knows of them is made what the graph knows, and nothing else is written.

import { ProblemError, ask, newKey, personPath } from "./api.js";
import { wanted, without } from "./interests.js";
import { inPieces } from "./known.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types.js").Interest} Interest */
/** @typedef {import("./types.js").Kind} Kind */

/** What the graph holds of a person, as far as it was told. */
class Known {
  constructor() {
    this.exists = false;
    /** @type {string | null} */
    this.words = null;
    /** @type {Map<string, {score: number, polarity: number}>} */
    this.interests = new Map();
    /** @type {Map<string, string>} */
    this.events = new Map();
  }

  size() {
    return this.interests.size + this.events.size;
  }
}

export class People {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {Known | null} */
    this.known = null;
    /** @type {Promise<void>} */
    this.last = Promise.resolve();
    /** Idempotency-Keys of writes whose answer has not come yet: sent again, they are the same writes. @type {Map<string, string>} */
    this.unsure = new Map();
  }

  /**
   * Write what differs between the page and the graph. One after the other: a write is not given up half way.
   * @param {string} person
   */
  settle(person) {
    const next = this.last.catch(() => undefined).then(() => this.write(person));
    this.last = next;
    return next;
  }

  /** @param {string} person */
  async write(person) {
    const { state } = this.store;
    if (state.person !== person) return;
    this.store.set({ pending: true });
    this.known ??= await this.read(person);
    const words = state.read;
    // Words that another device said stay until there are others.
    if (!this.known.exists || (words !== this.known.words && (words || this.known.words !== null))) {
      const answer = await this.once("PUT", personPath(person), { words });
      this.known.exists = true;
      this.known.words = words;
      this.remember(answer.interests);
    }
    await this.writeInterests(person, this.known);
    await this.writeReactions(person, this.known);
    this.store.set({ pending: false });
  }

  /**
   * @param {string} person
   * @param {Known} known
   */
  async writeInterests(person, known) {
    const { state } = this.store;
    const own = wanted(state).filter((one) => one.source !== "event");
    const set = own
      .filter((one) => state.changes[one.key] || state.added.some(({ key }) => key === one.key))
      .filter((one) => {
        const there = known.interests.get(one.key);
        return !there || there.polarity !== one.polarity || Math.abs(there.score - one.score) > 0.001;
      })
      .map(({ key, score, polarity }) => ({ entity: key, score, polarity }));
    const remove = Object.keys(state.changes).filter((key) => state.changes[key] === null && known.interests.has(key));
    if (!set.length && !remove.length) return;
    const path = `${personPath(person)}/interests`;
    await inPieces(remove, async (piece) => this.remember((await this.once("PATCH", path, { set: [], remove: piece })).interests), (key) => this.leave(key));
    await inPieces(set, async (piece) => this.remember((await this.once("PATCH", path, { set: piece, remove: [] })).interests), (one) => this.leave(one.entity));
  }

  /**
   * @param {string} person
   * @param {Known} known
   */
  async writeReactions(person, known) {
    const { state } = this.store;
    const wrong = [...known.events].filter(([item, kind]) => {
      const now = state.reactions[item];
      return now ? now.kind !== kind : state.takenBack.includes(item);
    });
    for (const [item] of wrong) {
      await this.once("DELETE", `${personPath(person)}/events/${encodeURIComponent(item)}`).catch((error) => {
        // An item that the model does not know any more counts for nobody.
        if (!(error instanceof ProblemError && error.problem.kind === "unknown")) throw error;
      });
      known.events.delete(item);
    }
    const events = Object.entries(this.store.state.reactions)
      .filter(([item, { kind }]) => known.events.get(item) !== kind)
      .map(([item, { kind }]) => ({ item, kind }));
    await inPieces(events, async (piece) => {
      await this.once("POST", `${personPath(person)}/events`, { events: piece });
      for (const { item, kind } of piece) known.events.set(item, kind);
    }, ({ item }) => this.leave(item));
  }

  /**
   * Leave out what the graph does not know: it may have come from another one.
   * @param {string} key
   */
  leave(key) {
    this.store.set(without(this.store.state, new Set([key])));
  }

  /**
   * Read what the graph holds of a person, and show what the page does not know yet.
   * @param {string} person
   */
  async read(person) {
    const known = new Known();
    let data;
    try {
      data = await ask("GET", personPath(person));
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 404) return known;
      throw error;
    }
    known.exists = true;
    const stored = (await ask("GET", `${personPath(person)}/interests`)).interests;
    for (const one of stored) known.interests.set(one.key, one);
    for (const { item, kind } of data.events) {
      if (["liked", "disliked", "seen"].includes(kind)) known.events.set(item, kind);
    }
    this.show(stored, known);
    return known;
  }

  /**
   * @param {Interest[]} stored
   * @param {Known} known
   */
  show(stored, known) {
    const { state } = this.store;
    const here = new Set([...state.found, ...state.added].map((one) => one.key));
    const strange = stored.filter((one) => !here.has(one.key) && state.changes[one.key] !== null);
    // What came from words goes when there are others, as it does in the graph; what the person set stays.
    const fromWords = state.read ? [] : strange.filter((one) => one.source !== "person");
    const set = strange.filter((one) => one.source === "person");
    if (fromWords.length) this.store.set({ found: [...state.found, ...fromWords] });
    if (set.length) this.store.set({ added: [...state.added, ...set] });
    /** @type {typeof state.reactions} */
    const reactions = {};
    for (const [item, kind] of known.events) {
      if (state.takenBack.includes(item)) continue;
      const [label, ...rest] = item.split("/");
      reactions[item] = { kind: /** @type {Kind} */ (kind), label, title: rest.join("/") };
    }
    this.store.set({ reactions: { ...reactions, ...state.reactions } });
  }

  /**
   * Leave nothing of a person in the graph, after what is being written; nothing is written of them afterwards.
   * @param {string} person
   */
  erase(person) {
    const next = this.last.catch(() => undefined).then(async () => {
      try {
        await this.once("DELETE", personPath(person));
      } catch (error) {
        if (!(error instanceof ProblemError && error.problem.status === 404)) throw error;
      }
      this.known = null;
      this.store.set({ person: null, pending: false });
    });
    this.last = next;
    return next;
  }

  /** @param {Interest[]} interests */
  remember(interests) {
    if (this.known) this.known.interests = new Map(interests.map((one) => [one.key, one]));
  }

  /**
   * Write something once, however often it has to be sent.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async once(method, path, body) {
    const what = JSON.stringify([method, path, body]);
    const once = this.unsure.get(what) ?? newKey();
    this.unsure.set(what, once);
    try {
      const answer = await ask(method, path, { body, once });
      this.unsure.delete(what);
      return answer;
    } catch (error) {
      // Refused for what it is, it was not done, and is another write when it comes again.
      if (error instanceof ProblemError && error.problem.status >= 400 && error.problem.status < 500) this.unsure.delete(what);
      throw error;
    }
  }
}
