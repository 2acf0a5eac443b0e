// What the service takes at once, and what it does not know.

import { ProblemError, ask } from "./api.js";

/** Of one request: interests, events, items to leave out. */
export const MOST = 100;

/**
 * Return those of some keys that the model does not know.
 * @param {"interests" | "exclude"} field
 * @param {string[]} keys
 * @param {AbortSignal} [signal]
 * @returns {Promise<string[]>}
 */
export async function unknown(field, keys, signal) {
  /** @type {string[]} */
  const found = [];
  for (const piece of pieces(keys)) {
    const interests = field === "interests" ? piece.map((entity) => ({ entity })) : [];
    try {
      await ask("POST", "/v1/recommend", { body: { k: 1, interests, exclude: field === "exclude" ? piece : [] }, signal });
    } catch (error) {
      if (!(error instanceof ProblemError && error.problem.status === 422)) throw error;
      const places = error.problem.places.map((where) => Number(new RegExp(`^body\\.${field}\\.(\\d+)`).exec(where)?.[1] ?? NaN));
      found.push(...places.map((place) => piece[place]).filter((key) => key !== undefined));
    }
  }
  return found;
}

/**
 * Do something with pieces of a list that are small enough; one that is refused is halved until what is wrong in it stands alone.
 * @template T
 * @param {T[]} all
 * @param {(piece: T[]) => Promise<void>} send
 * @param {(one: T) => void} refused
 */
export async function inPieces(all, send, refused) {
  for (const piece of pieces(all)) await halved(piece, send, refused);
}

/**
 * @template T
 * @param {T[]} piece
 * @param {(piece: T[]) => Promise<void>} send
 * @param {(one: T) => void} refused
 */
async function halved(piece, send, refused) {
  try {
    await send(piece);
  } catch (error) {
    if (!(error instanceof ProblemError && error.problem.status === 422)) throw error;
    if (piece.length === 1) return refused(piece[0]);
    const half = Math.ceil(piece.length / 2);
    await halved(piece.slice(0, half), send, refused);
    await halved(piece.slice(half), send, refused);
  }
}

/**
 * @template T
 * @param {T[]} all
 */
function pieces(all) {
  return Array.from({ length: Math.ceil(all.length / MOST) }, (_, number) => all.slice(number * MOST, (number + 1) * MOST));
}
