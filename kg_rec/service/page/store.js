// What the page knows, in one place. Whoever draws something is told when it has changed, once for all changes of a moment.

/** @typedef {import("./types.js").State} State */

export class Store {
  /** @param {State} state */
  constructor(state) {
    /** @readonly */
    this.state = state;
    /** @type {Array<(state: State, changed: Set<string>) => void>} */
    this.listeners = [];
    /** @type {Set<string>} */
    this.changed = new Set();
  }

  /**
   * Change something. What is equal to what is there is no change.
   * @param {Partial<State>} patch
   */
  set(patch) {
    const state = /** @type {any} */ (this.state);
    for (const [name, value] of Object.entries(patch)) {
      if (Object.is(state[name], value)) continue;
      state[name] = value;
      if (this.changed.size === 0) queueMicrotask(() => this.tell());
      this.changed.add(name);
    }
  }

  /** @param {(state: State, changed: Set<string>) => void} listener */
  subscribe(listener) {
    this.listeners.push(listener);
  }

  tell() {
    const changed = this.changed;
    this.changed = new Set();
    for (const listener of this.listeners) listener(this.state, changed);
  }
}

/** @returns {State} */
export function nothingYet() {
  return {
    about: null,
    words: "",
    read: "",
    found: [],
    changes: {},
    added: [],
    reactions: {},
    takenBack: [],
    year: null,
    variety: 0,
    items: [],
    notes: [],
    answered: false,
    asking: false,
    slow: false,
    problem: null,
    away: false,
    person: null,
    pending: false,
    lit: null,
    served: null,
  };
}
