// The interests as the person has them: found in the words, changed, added, and what they did with items.

import { MOST } from "./known.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Interest} Interest */

export const HUES = 8;

/**
 * Return all interests: those of the words in their order, then those that were added, then items that were liked or disliked.
 * @param {State} state
 * @returns {Interest[]}
 */
export function wanted(state) {
  /** @type {Map<string, Interest>} */
  const all = new Map();
  for (const one of [...state.found, ...state.added]) {
    const change = state.changes[one.key];
    if (change !== null && !all.has(one.key)) all.set(one.key, { ...one, ...change });
  }
  for (const one of reacted(state)) all.set(one.key, { ...all.get(one.key), ...one });
  return [...all.values()];
}

/**
 * Return as many interests as the service takes at once: those that were said and set, then what was done last.
 * @param {Interest[]} all
 */
export function limited(all) {
  const own = all.filter((one) => one.source !== "event").slice(-MOST);
  const events = all.filter((one) => one.source === "event");
  return [...own, ...events.slice(Math.max(0, events.length - (MOST - own.length)))];
}

/**
 * Return the items that were liked or disliked, as interests.
 * @param {State} state
 * @returns {Interest[]}
 */
export function reacted(state) {
  return Object.entries(state.reactions)
    .filter(([, reaction]) => reaction.kind !== "seen")
    .map(([key, { kind, title, label }]) => ({
      key, label, name: title, polarity: kind === "liked" ? 1 : -1, score: 1, source: "event", evidence: "", span: null,
    }));
}

/**
 * Tell whether the interests are others than the words show.
 * @param {State} state
 */
export function touched(state) {
  return state.added.length > 0 || Object.keys(state.changes).length > 0 || reacted(state).length > 0;
}

/**
 * Return what of the state is left without some keys, which are not known.
 * @param {State} state
 * @param {Set<string>} strange
 * @returns {Partial<State>}
 */
export function without(state, strange) {
  /** @template T @param {Record<string, T>} all */
  const kept = (all) => Object.fromEntries(Object.entries(all).filter(([key]) => !strange.has(key)));
  return {
    found: state.found.filter(({ key }) => !strange.has(key)), added: state.added.filter(({ key }) => !strange.has(key)),
    changes: kept(state.changes), reactions: kept(state.reactions), takenBack: state.takenBack.filter((key) => !strange.has(key)),
  };
}

/** @type {Map<string, number>} */
const hues = new Map();

/**
 * Return the class with the colour of an interest: one that it keeps, of those that the fewest others there have.
 * @param {{key: string, polarity: 1 | -1}} interest
 * @param {Interest[]} all
 */
export function hueOf(interest, all) {
  if (interest.polarity < 0) return "avoid";
  if (!hues.has(interest.key)) {
    const counts = Array.from({ length: HUES }, () => 0);
    for (const one of all) {
      const hue = hues.get(one.key);
      if (hue !== undefined) counts[hue] += 1;
    }
    hues.set(interest.key, counts.indexOf(Math.min(...counts)));
  }
  return `hue-${/** @type {number} */ (hues.get(interest.key)) + 1}`;
}
