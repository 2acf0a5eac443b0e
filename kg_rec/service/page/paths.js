// The picture: words, interests, entities, items, and the paths between them, which light up with what is pointed at.

import { byId, svg } from "./dom.js";
import { wanted } from "./interests.js";
import { ROOMY, layout } from "./layout.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./layout.js").Picture} Picture */

const NUMBER = 22;
const PADS = { words: 9, interest: 12, entity: 14, bundle: 0, item: 26 };
const FONTS = { words: "italic 14px", interest: "600 13px", entity: "12.5px", bundle: "1px", item: "13px" };
const HEADS = ["Your words", "Interests", "Through", "Recommended", "Rank"];

/** @param {Store} store */
export function paths(store) {
  const frame = byId("picture");
  /** @type {Picture | null} */
  let picture = null;
  let width = 0;
  let current = "";

  const draw = () => {
    const { state } = store;
    width = Math.floor(frame.clientWidth);
    if (!state.items.length || !width) {
      picture = null;
      frame.replaceChildren();
      return;
    }
    const family = getComputedStyle(document.body);
    picture = layout(state.items, wanted(state), width, (node) => extent(node, family, width));
    const focused = frame.contains(document.activeElement);
    frame.replaceChildren(drawn(picture, store, current));
    light();
    if (focused) /** @type {SVGElement | null} */ (frame.querySelector("[tabindex='0']"))?.focus();
  };

  const light = () => {
    const root = frame.querySelector("svg");
    if (!root || !picture) return;
    const key = store.state.lit?.key;
    const { ways, nodes } = picture;
    const meant = new Set(nodes.filter((one) => one.key === key && one.kind !== "bundle").map(({ id }) => id));
    const lit = ways.filter((way) => way.some((id) => meant.has(id)));
    const ids = new Set(lit.flat());
    const pairs = new Set(lit.flatMap((way) => way.slice(1).map((id, place) => `${way[place]}\n${id}`)));
    root.classList.toggle("one-lit", lit.length > 0);
    for (const one of root.querySelectorAll(".node")) one.classList.toggle("lit", ids.has(/** @type {SVGElement} */ (one).dataset.id ?? ""));
    for (const one of root.querySelectorAll(".edge")) one.classList.toggle("lit", pairs.has(/** @type {SVGElement} */ (one).dataset.id ?? ""));
  };

  frame.addEventListener("keydown", (event) => {
    const here = /** @type {Element} */ (event.target).closest(".node");
    const found = here && picture?.nodes.find(({ id }) => id === /** @type {SVGElement} */ (here).dataset.id);
    if (!found || !picture) return;
    const next = neighbour(picture.nodes, found, event.key);
    if (next) {
      event.preventDefault();
      current = next.id;
      for (const one of frame.querySelectorAll(".node")) one.setAttribute("tabindex", one === nodeOf(frame, next.id) ? "0" : "-1");
      nodeOf(frame, next.id)?.focus();
    } else if ((event.key === "Enter" || event.key === " ") && found.kind === "item") {
      event.preventDefault();
      toCard(found.key ?? "");
    }
  });

  new ResizeObserver(() => {
    if (Math.floor(frame.clientWidth) !== width) draw();
  }).observe(frame);
  store.subscribe((state, changed) => {
    if (["items", "found", "added", "changes", "reactions"].some((name) => changed.has(name))) draw();
    else if (changed.has("lit")) light();
  });
}

/**
 * Return the paths of one item alone, for its card, where the whole picture is out of sight. The card tells them in words as well.
 * @param {import("./types.js").Item} item
 * @param {Store} store
 * @param {number} width
 */
export function ownPicture(item, store, width) {
  const family = getComputedStyle(document.body);
  const reached = new Set(item.paths.map((path) => path[0].key));
  const own = wanted(store.state).filter(({ key }) => reached.has(key));
  const picture = drawn(layout([item], own, width, (node) => extent(node, family, width)), store, "");
  picture.setAttribute("aria-hidden", "true");
  for (const one of picture.querySelectorAll("[tabindex]")) one.removeAttribute("tabindex");
  return picture;
}

/**
 * @param {HTMLElement} frame
 * @param {string} id
 * @returns {SVGElement | undefined}
 */
function nodeOf(frame, id) {
  return /** @type {SVGElement[]} */ ([...frame.querySelectorAll(".node")]).find((one) => one.dataset.id === id);
}

/** @param {string} key */
function toCard(key) {
  const card = [...document.querySelectorAll(".card")].find((one) => /** @type {HTMLElement} */ (one).dataset.key === key);
  card?.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  /** @type {HTMLElement | null} */ (card?.querySelector("button") ?? null)?.focus({ preventScroll: true });
}

/**
 * Return the node that an arrow key leads to.
 * @param {Placed[]} nodes
 * @param {Placed} from
 * @param {string} key
 */
function neighbour(nodes, from, key) {
  const real = nodes.filter((one) => one.kind !== "bundle");
  const nearest = (/** @type {Placed[]} */ some) => some.sort((a, b) => Math.abs(a.y - from.y) - Math.abs(b.y - from.y))[0];
  if (key === "ArrowUp") return nearest(real.filter((one) => one.column === from.column && one.y < from.y));
  if (key === "ArrowDown") return nearest(real.filter((one) => one.column === from.column && one.y > from.y));
  const step = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
  if (!step) return undefined;
  for (let column = from.column + step; column >= 0 && column < 20; column += step) {
    const there = real.filter((one) => one.column === column);
    if (there.length) return nearest(there);
  }
  return undefined;
}

/**
 * @param {Picture} picture
 * @param {Store} store
 * @param {string} current id of the node that the Tab key goes to
 */
function drawn(picture, store, current) {
  const { nodes, edges, width, height, columns } = picture;
  const byId = new Map(nodes.map((one) => [one.id, one]));
  const family = getComputedStyle(document.body);
  const real = nodes.filter((one) => one.kind !== "bundle");
  const tab = real.find((one) => one.id === current) ?? real.find((one) => one.kind === "item");
  const heads = columns.map((x, column) => {
    const ends = column === columns.length - 1;
    const name = ends ? HEADS[width < ROOMY ? 4 : 3] : HEADS[Math.min(column, 2)];
    const there = nodes.some((one) => one.column === column && one.kind !== "bundle");
    const at = !ends ? { x } : width < ROOMY ? { x: width - 1, "text-anchor": "end" } : { x: x + 4 };
    return there && !(column > 2 && column < columns.length - 1) && svg("text", { class: "head", ...at, y: 12, text: name });
  });
  const lines = edges.map((edge) => {
    const from = /** @type {Placed} */ (byId.get(edge.from));
    const to = /** @type {Placed} */ (byId.get(edge.to));
    return svg("path", { class: `edge ${edge.hue}`, "data-id": `${edge.from}\n${edge.to}`, d: curve(from, to, family, width) });
  });
  const shapes = real.map((one) => node(one, store, family, width, one === tab));
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Paths from your words to what is recommended. Arrow keys go from one to the next." },
    ...heads, svg("g", { class: "edges", "aria-hidden": "true" }, ...lines), ...shapes);
}

/**
 * @param {Placed} from
 * @param {Placed} to
 * @param {CSSStyleDeclaration} family
 * @param {number} width of the picture
 */
function curve(from, to, family, width) {
  // Straight past the names of its own column, so that it crosses none of them, and only then to where it leads.
  const begin = from.kind === "bundle" ? from.x : from.x + Math.min(from.width, extent(from, family, width)) + 3;
  const start = Math.max(begin, from.x + from.width);
  const end = to.kind === "bundle" ? to.x : to.x - 3;
  const bend = Math.max(18, 0.5 * (end - start));
  const [a, b] = [from.y.toFixed(1), to.y.toFixed(1)];
  return `M${begin.toFixed(1)},${a}H${start.toFixed(1)}C${(start + bend).toFixed(1)},${a} ${(end - bend).toFixed(1)},${b} ${end.toFixed(1)},${b}`;
}

/**
 * @param {Placed} one
 * @param {Store} store
 * @param {CSSStyleDeclaration} family
 * @param {number} width of the picture
 * @param {boolean} tab
 */
function node(one, store, family, width, tab) {
  const pad = PADS[one.kind];
  const room = one.width - pad - (one.kind === "words" || one.kind === "interest" ? pad : 0);
  const name = shortened(one.name, room, one.kind, family);
  const wide = Math.min(one.width, extent(one, family, width));
  const told = { words: "Your words", interest: one.label, entity: one.label || "Between", bundle: "", item: `Recommended, rank ${one.label}` }[one.kind];
  const y = one.y;
  const back = one.kind === "words" || one.kind === "interest"
    ? svg("rect", { class: "back", x: one.x, y: y - 14, width: wide, height: 28, rx: one.kind === "words" ? 3 : 14 })
    : svg("rect", { class: "hit", x: one.x - 6, y: y - 13, width: one.width + 6, height: 26, rx: 4 });
  return svg("g", {
    class: `node ${one.kind} ${one.hue}`, "data-id": one.id, role: one.kind === "item" ? "button" : "img", tabindex: tab ? 0 : -1,
    "aria-label": `${told}: ${one.name}`,
    on: {
      pointerenter: () => store.set({ lit: one.key ? { key: one.key } : null }),
      pointerleave: () => store.set({ lit: null }),
      focus: () => store.set({ lit: one.key ? { key: one.key } : null }),
      blur: () => store.set({ lit: null }),
      click: () => one.kind === "item" && toCard(one.key ?? ""),
    },
  },
  svg("title", { text: one.label && one.kind !== "item" ? `${one.name} · ${one.label}` : one.name }),
  back,
  one.kind === "entity" && svg("circle", { class: "dot", cx: one.x + 4, cy: y, r: 3.2 }),
  one.kind === "item" && svg("text", { class: "number", x: one.x + 16, y: y + 4.5, "text-anchor": "end", text: one.label }),
  (one.kind !== "item" || width >= ROOMY) && svg("text", { x: one.x + pad, y: y + 4.5, text: name }));
}

const canvas = document.createElement("canvas").getContext("2d");
/** @type {Map<string, number>} */
const measured = new Map();

/**
 * @param {string} text
 * @param {keyof typeof FONTS} kind
 * @param {CSSStyleDeclaration} family
 */
function measure(text, kind, family) {
  const font = `${FONTS[kind]} ${kind === "words" ? family.getPropertyValue("--serif") : family.fontFamily}`;
  const name = `${font}|${text}`;
  let found = measured.get(name);
  if (found === undefined) {
    if (canvas) canvas.font = font;
    found = canvas ? canvas.measureText(text).width : 7 * text.length;
    measured.set(name, found);
  }
  return found;
}

/**
 * @param {{kind: Placed["kind"], name: string}} one
 * @param {CSSStyleDeclaration} family
 * @param {number} width of the picture
 */
function extent(one, family, width) {
  if (one.kind === "item" && width < ROOMY) return NUMBER;
  const pad = PADS[one.kind];
  return pad + measure(one.name, one.kind, family) + (one.kind === "words" || one.kind === "interest" ? pad : 4);
}

/**
 * @param {string} text
 * @param {number} room pixels
 * @param {keyof typeof FONTS} kind
 * @param {CSSStyleDeclaration} family
 */
function shortened(text, room, kind, family) {
  if (measure(text, kind, family) <= room) return text;
  const letters = [...text];
  let low = 0;
  let high = letters.length;
  while (low < high) {
    const half = Math.ceil((low + high) / 2);
    if (measure(`${letters.slice(0, half).join("")}…`, kind, family) <= room) low = half;
    else high = half - 1;
  }
  return `${letters.slice(0, low).join("").trimEnd()}…`;
}
