// The recommendations as cards: what it is, why, and what the person makes of it.

import { neo4jBrowser } from "./browser.js";
import { arrange, byId, el, icon } from "./dom.js";
import { hueOf, wanted } from "./interests.js";
import { ownPicture } from "./paths.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Interest} Interest */
/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("./types.js").PathNode} PathNode */

const MOST_PROPERTIES = 4;
const LONGEST_VALUE = 24;
const MOVE_MS = 280;
const LEAST_PART = 0.005;
/** Whether the picture of all paths stands below the cards, as page.css has it. */
const BELOW = matchMedia("(max-width: 1020px)");

/** @type {Array<{kind: Kind, name: string, icon: string}>} */
const REACTIONS = [
  { kind: "liked", name: "Like", icon: "like" },
  { kind: "disliked", name: "Not for me", icon: "dislike" },
  { kind: "seen", name: "Seen", icon: "seen" },
];

/** @typedef {{root: HTMLElement, item: Item, fill: (item: Item, state: State) => void}} Card */

/**
 * @param {Store} store
 * @param {{react: (item: {key: string, title: string, label: string}, kind: Kind) => void, say: (text: string) => void}} actions
 */
export function cards(store, actions) {
  const list = byId("cards");
  /** @type {Map<string, Card>} */
  const made = new Map();

  store.subscribe((state, changed) => {
    if (changed.has("lit")) for (const [key, card] of made) card.root.classList.toggle("lit", isLit(card.item, state, key));
    if (!changed.has("items") && !changed.has("about")) return;
    const focused = focusIn(list);
    const before = places(made);
    const order = state.items.map((item) => {
      let card = made.get(item.key);
      if (!card) made.set(item.key, (card = make(store, actions, item)));
      card.fill(item, state);
      return card.root;
    });
    const keys = new Set(state.items.map(({ key }) => key));
    for (const key of made.keys()) if (!keys.has(key)) made.delete(key);
    arrange(list, order);
    glide(made, before);
    focused?.(order);
  });
}

/**
 * @param {Item} item
 * @param {State} state
 * @param {string} key
 */
function isLit(item, state, key) {
  const lit = state.lit?.key;
  return lit !== undefined && (lit === key || item.paths.some((path) => path.some((node, place) => nodeId(path, place) === lit)));
}

/**
 * Return what names a node of a path, in the whole picture: people who liked both ends are others for each interest.
 * @param {PathNode[]} path
 * @param {number} place
 */
export function nodeId(path, place) {
  return path[place].key ?? `people of ${path[place - 1]?.key ?? ""}`;
}

/**
 * @param {Store} store
 * @param {{react: (item: {key: string, title: string, label: string}, kind: Kind) => void, say: (text: string) => void}} actions
 * @param {Item} first the item as it is now; it has other ranks and reasons later
 * @returns {Card}
 */
function make(store, actions, first) {
  const { key, title } = first;
  const heading = `card-${cardNumber++}`;
  const rank = el("span", { class: "rank", "aria-hidden": "true" });
  const threads = el("span", { class: "threads", "aria-hidden": "true" });
  const facts = el("dl", { class: "facts" });
  const why = el("p", { class: "why", dir: "auto" });
  const more = el("div", { class: "more" });
  const details = el("details", { on: { toggle: () => { if (details.hasAttribute("open")) open(); } } },
    el("summary", {}, el("span", { text: "Paths and score" }), el("span", { class: "unseen", text: ` of ${title}` }), icon("down")), more);
  const buttons = REACTIONS.map(({ kind, name, icon: symbol }) => el("button", {
    type: "button", class: `react ${kind}`, "data-kind": kind, "aria-label": `${name}: ${title}`, title: name,
    on: { click: () => actions.react({ key, title, label: card.item.paths[0]?.at(-1)?.label ?? store.state.about?.item.label ?? "" }, kind) },
  }, icon(symbol), el("span", { text: name })));
  const root = el("li", { class: "card", "data-key": key, "aria-labelledby": heading, on: {
    pointerenter: () => store.set({ lit: { key } }),
    pointerleave: () => store.set({ lit: null }),
    focusin: () => store.set({ lit: { key } }),
    focusout: () => store.set({ lit: null }),
  } },
  threads, rank,
  el("div", { class: "what" }, el("h3", { id: heading, dir: "auto", text: title }), facts),
  why,
  el("div", { class: "reactions", role: "group", "aria-label": `What you make of ${title}` }, ...buttons), details);

  const open = () => {
    more.replaceChildren(...inside(card.item, store.state, actions.say));
    if (BELOW.matches && card.item.paths.length) more.prepend(el("div", { class: "picture own" }));
    const own = more.querySelector(".own");
    own?.append(ownPicture(card.item, store, Math.floor(own.clientWidth)));
  };
  /** @type {Card} */
  const card = {
    root,
    item: first,
    fill: (item, state) => {
      card.item = item;
      const all = wanted(state);
      rank.textContent = String(item.rank);
      facts.replaceChildren(...properties(item, state).map(({ name, value, plain }) =>
        el("div", {}, el("dt", { class: plain ? "unseen" : "", text: name }), el("dd", { dir: "auto", text: value }))));
      facts.hidden = !facts.children.length;
      why.textContent = item.why || "near in meaning to your words";
      const reached = new Set(item.paths.map((path) => path[0].key));
      threads.replaceChildren(...all.filter((one) => reached.has(one.key)).map((one) => el("span", { class: hueOf(one, all) })));
      if (details.hasAttribute("open")) open();
    },
  };
  return card;
}

let cardNumber = 0;

/**
 * Return the properties that are short: numbers, and words of a few letters; no ids, which are for machines. The year says by
 * itself what it is.
 * @param {Item} item
 * @param {State} state
 */
function properties(item, state) {
  const told = state.about?.item;
  return Object.entries(item.properties)
    .filter(([name, value]) => name !== told?.id && name !== told?.title && value !== item.id && value !== item.title)
    .filter(([name]) => !/(?:^|[a-z_])id$|Id$|ID$/.test(name))
    .filter(([, value]) => typeof value === "number" || (typeof value === "string" && value.length > 0 && value.length <= LONGEST_VALUE))
    .map(([name, value]) => ({
      name: spaced(name), plain: name === told?.released,
      value: typeof value === "number" && name !== told?.released ? value.toLocaleString("en") : String(value),
    }))
    .sort((a, b) => Number(b.plain) - Number(a.plain))
    .slice(0, MOST_PROPERTIES);
}

/**
 * Return a name of code as words: `runningTime` and HAS_KEYWORD as "running time" and "has keyword".
 * @param {string} name
 */
export function spaced(name) {
  return name.replace(/_/g, " ").replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").toLowerCase();
}

/**
 * What a card holds when it is opened: the paths in words, the parts of the score, and the way to Neo4j.
 * @param {Item} item
 * @param {State} state
 * @param {(text: string) => void} say
 */
function inside(item, state, say) {
  const all = wanted(state);
  /** @param {string | null} key */
  const hue = (key) => {
    const one = all.find((interest) => interest.key === key);
    return one ? hueOf(one, all) : "";
  };
  const paths = item.paths.map((path) => el("li", { class: hue(path[0].key) },
    ...path.map((node, place) => el("span", { class: "step" },
      place > 0 && el("span", { class: "relation", text: ` ${arrow(node, true)}${spaced(node.relation ?? "")}${arrow(node, false)} ` }),
      el("span", { class: "entity", dir: "auto", text: node.key === null ? "people who liked both" : node.name })))));
  const parts = Object.entries(item.parts).filter(([, value]) => Math.abs(value) >= LEAST_PART).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const most = Math.max(...parts.map(([, value]) => Math.abs(value)), LEAST_PART);
  const score = el("table", { class: "score" },
    el("caption", { text: `The score, ${item.score.toFixed(2)}, is the sum of` }),
    el("tbody", {}, ...parts.map(([name, value]) => {
      const bar = el("span", { class: value < 0 ? "bar less" : "bar" });
      bar.style.setProperty("--share", String(Math.abs(value) / most));
      return el("tr", {}, el("th", { scope: "row", text: spaced(name) }), el("td", { class: "drawn", "aria-hidden": "true" }, bar), el("td", { text: value.toFixed(2).replace("-", "\u2212") }));
    })));
  return [
    paths.length > 0 && el("ol", { class: "chain", "aria-label": "Paths" }, ...paths),
    score,
    neo4jBrowser(item.statement, state.about?.browser ?? null, say),
  ].filter((one) => one instanceof Node);
}

/**
 * @param {PathNode} node
 * @param {boolean} before
 */
function arrow(node, before) {
  return before ? (node.forward === false ? "← " : "") : node.forward ? " →" : "";
}

/**
 * Where the cards are now.
 * @param {Map<string, Card>} made
 */
function places(made) {
  return new Map([...made].map(([key, { root }]) => [key, root.getBoundingClientRect().top]));
}

/**
 * Have cards that were there glide to their new places.
 * @param {Map<string, Card>} made
 * @param {Map<string, number>} before
 */
function glide(made, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const [key, { root }] of made) {
    const from = before.get(key);
    const by = from === undefined ? 0 : from - root.getBoundingClientRect().top;
    const start = from === undefined ? { opacity: 0, transform: "translateY(6px)" } : { transform: `translateY(${by}px)` };
    if (from === undefined || Math.abs(by) > 1) root.animate([start, { opacity: 1, transform: "none" }], { duration: MOVE_MS, easing: "cubic-bezier(.2,.7,.2,1)" });
  }
}

/**
 * Return what puts the focus back where it was: on the same button of the same card, or, where that went, of the one in its place.
 * @param {HTMLElement} list
 */
function focusIn(list) {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || !list.contains(focused)) return null;
  const card = /** @type {HTMLElement} */ (focused.closest(".card"));
  const place = [...list.children].indexOf(card);
  const kind = focused.dataset.kind;
  return (/** @type {HTMLElement[]} */ order) => {
    if (focused.isConnected) return focused.focus({ preventScroll: true });
    const next = order[Math.min(place, order.length - 1)];
    const target = next?.querySelector(kind ? `[data-kind=${kind}]` : "summary");
    if (target instanceof HTMLElement) target.focus({ preventScroll: true });
  };
}
