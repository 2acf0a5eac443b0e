// The shapes that modules hand each other. Those of the service stand in /openapi.json.

/**
 * An interest. span: start and end of the evidence in the words, in code points.
 * @typedef {{key: string, label: string, name: string, polarity: 1 | -1, score: number, source: string, evidence: string,
 *   span: [number, number] | null}} Interest
 */

/**
 * An entity along a path; key and label are null for people who liked both ends.
 * @typedef {{key: string | null, label: string | null, name: string, relation: string | null, forward: boolean | null}} PathNode
 */

/**
 * A recommended item.
 * @typedef {{key: string, id: string, title: string, rank: number, score: number, probability: number | null,
 *   parts: Record<string, number>, properties: Record<string, any>, why: string, paths: PathNode[][], statement: string}} Item
 */

/**
 * What the service says of itself.
 * @typedef {{model: string, item: {label: string, id: string, title: string, released: string | null}, items: number,
 *   entities: number, labels: string[], examples: string[], browser: string | null}} About
 */

/** @typedef {"liked" | "disliked" | "seen"} Kind */
/** @typedef {{kind: Kind, title: string, label: string}} Reaction */

/**
 * What went wrong: what it is, what to do, in how many seconds it is tried again (0: not by itself), the places of the
 * request that are not in order.
 * @typedef {{status: number, kind: string, detail: string, remedy: string, retry: number, places: string[]}} Problem
 */

/** What is lit: an item, an interest or an entity between, by key. @typedef {{key: string} | null} Lit */

/**
 * What the page knows. read: the words that `found` was found in; changes: what the person made of interests, by key, null for
 * one that was removed; added: interests they searched for; reactions: what they did with items, by key; takenBack: items
 * with which they did something no more; person: whom it is kept for; pending: whether something of it is not stored yet; served: the model and the label of the items that
 * what is remembered was made with.
 * @typedef {{about: About | null, words: string, read: string, found: Interest[],
 *   changes: Record<string, {score: number, polarity: 1 | -1} | null>, added: Interest[], reactions: Record<string, Reaction>,
 *   takenBack: string[], year: number | null, variety: number, items: Item[], notes: string[], answered: boolean,
 *   asking: boolean, slow: boolean, problem: Problem | null, away: boolean, person: string | null, pending: boolean,
 *   lit: Lit, served: {model: string, label: string} | null}} State
 */

export {};
