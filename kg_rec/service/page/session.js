// What outlives a reload: in the tab alone, or, for somebody who is kept, in this browser, until they say to forget it.

/** @typedef {import("./types.js").State} State */

const NAME = "kg-rec.page";
const KEPT = /** @type {const} */ (["words", "read", "found", "changes", "added", "reactions", "takenBack", "year", "variety", "person", "served"]);

/**
 * Return what was there before the reload.
 * @returns {Partial<State>}
 */
export function remembered() {
  try {
    const found = JSON.parse(sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME) ?? "{}");
    return Object.fromEntries(KEPT.filter((name) => found[name] !== undefined).map((name) => [name, found[name]]));
  } catch {
    return {};  // no storage here, or something else in it
  }
}

/** @param {State} state */
export function remember(state) {
  const told = JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, state[name]])));
  try {
    sessionStorage.setItem(NAME, told);
    if (state.person) localStorage.setItem(NAME, told);
    else localStorage.removeItem(NAME);
  } catch {
    // full, or not allowed: then it ends with the page
  }
}
