// Where everything stands in the picture of the paths: columns from the words to the items, few crossings, no overlaps. No DOM here.

import { nodeId } from "./cards.js";
import { hueOf } from "./interests.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Interest} Interest */

/**
 * A node. kind: of its column, or "bundle", which holds together what leads straight from an interest to items; y: of its middle.
 * @typedef {{id: string, kind: "words" | "interest" | "entity" | "bundle" | "item", key: string | null, name: string, label: string,
 *   hue: string, x: number, y: number, width: number, column: number}} Placed
 */
/** @typedef {{from: string, to: string, hue: string}} Edge */
/** A path, as ids of nodes. @typedef {string[]} Way */
/** @typedef {{nodes: Placed[], edges: Edge[], ways: Way[], width: number, height: number, columns: number[]}} Picture */

const MOST_PATHS = 4;
const HEAD = 34;
const FOOT = 10;
const ROWS = { words: 36, interest: 36, entity: 26, bundle: 14, item: 42 };
const WIDE = { shares: { words: 0.2, interest: 0.23, entity: 0.25 }, gaps: { words: 28, between: 44, items: 76 } };
const NARROW = { shares: { words: 0, interest: 0.42, entity: 0.46 }, gaps: { words: 0, between: 20, items: 32 } };
/** Pixels from which there is room for the words and for titles; below, items are numbers, which stand on their cards. */
export const ROOMY = 600;
const SWEEPS = 6;
const MANY = 8;

/**
 * @param {Item[]} items
 * @param {Interest[]} interests
 * @param {number} width pixels
 * @param {(node: {kind: Placed["kind"], name: string}) => number} extent the pixels that a node takes where it has room
 * @returns {Picture}
 */
export function layout(items, interests, width, extent) {
  /** @type {Map<string, Placed>} */
  const nodes = new Map();
  /** @type {Map<string, Edge>} */
  const edges = new Map();
  /** @type {Way[]} */
  const ways = [];
  const between = Math.max(1, ...items.flatMap(({ paths }) => paths.map((path) => path.length - 2)));
  const last = 2 + between;

  /** @param {Omit<Placed, "x" | "y" | "width">} node */
  const add = (node) => {
    if (!nodes.has(node.id)) nodes.set(node.id, { ...node, x: 0, y: 0, width: 0 });
    return node.id;
  };
  /** @param {Interest} one */
  const start = (one) => {
    const hue = hueOf(one, interests);
    const way = [];
    if (one.evidence && width >= ROOMY) {
      const id = one.span ? `words ${one.span.join("-")}` : `words ${one.evidence}`;
      way.push(add({ id, kind: "words", key: one.key, name: one.evidence, label: "", hue, column: 0 }));
    }
    way.push(add({ id: `interest ${one.key}`, kind: "interest", key: one.key, name: one.name, label: one.label, hue, column: 1 }));
    return way;
  };
  const starts = new Map(interests.map((one) => [one.key, { way: start(one), one }]));

  for (const item of items) {
    const end = add({ id: `item ${item.key}`, kind: "item", key: item.key, name: item.title, label: String(item.rank), hue: "", column: last });
    for (const path of item.paths.slice(0, MOST_PATHS)) {
      const begin = starts.get(path[0].key ?? "");
      const way = begin ? [...begin.way] : [];
      if (!begin) {
        // What is near to the words in meaning, though no interest: the way begins there.
        const { key, name, label } = path[0];
        way.push(add({ id: `entity ${key}`, kind: "entity", key, name, label: label ?? "", hue: "", column: path.length === 2 ? 2 : 1 }));
      }
      path.slice(1, -1).forEach((node, place) => way.push(add({
        id: `entity ${nodeId(path, place + 1)}`, kind: "entity", key: nodeId(path, place + 1), column: 2 + place,
        name: node.key === null ? "liked together" : node.name, label: node.label ?? "", hue: "",
      })));
      if (begin && path.length === 2) {
        way.push(add({ id: `bundle ${path[0].key}`, kind: "bundle", key: null, name: "", label: "", hue: "", column: 2 }));
      }
      way.push(end);
      ways.push(way);
    }
  }
  // Of many interests only those are drawn that lead somewhere.
  for (const { way } of starts.values()) {
    if (ways.some((other) => other.includes(/** @type {string} */ (way.at(-1))))) continue;
    if (interests.length <= MANY) ways.push(way);
    else nodes.delete(/** @type {string} */ (way.at(-1)));
  }
  const used = new Set(ways.flat());
  for (const { id, kind } of [...nodes.values()]) if (kind === "words" && !used.has(id)) nodes.delete(id);
  for (const way of ways) {
    const interest = starts.get(nodes.get(/** @type {string} */ (way.find((id) => id.startsWith("interest "))))?.key ?? "")?.one;
    for (let place = 1; place < way.length; place += 1) {
      const id = `${way[place - 1]}\n${way[place]}`;
      if (!edges.has(id)) edges.set(id, { from: way[place - 1], to: way[place], hue: interest ? hueOf(interest, interests) : "" });
    }
  }
  const columns = place([...nodes.values()], last, width, extent);
  const height = Math.max(...columns.map((_, column) => needed([...nodes.values()].filter((one) => one.column === column)))) + HEAD + FOOT;
  spread([...nodes.values()], [...edges.values()], last, height);
  return { nodes: [...nodes.values()], edges: [...edges.values()], ways, width, height, columns };
}

/**
 * Give each node its column's place and width, no wider than its names need; the items have the rest. Return where columns begin.
 * @param {Placed[]} nodes
 * @param {number} last
 * @param {number} width
 * @param {(node: {kind: Placed["kind"], name: string}) => number} extent
 */
function place(nodes, last, width, extent) {
  const { shares, gaps: between } = width < ROOMY ? NARROW : WIDE;
  const gaps = Array.from({ length: last }, (_, column) => (column === 0 ? between.words : column === last - 1 ? between.items : between.between));
  const room = width - gaps.reduce((sum, one) => sum + one, 0);
  const widths = Array.from({ length: last }, (_, column) => {
    const there = nodes.filter((one) => one.column === column && one.kind !== "bundle");
    const share = column === 0 ? shares.words : column === 1 ? shares.interest : shares.entity / (last - 2);
    return Math.min(share * room, Math.max(column < 2 ? 0 : 60 / (last - 2), ...there.map(extent)));
  });
  widths.push(room - widths.reduce((sum, one) => sum + one, 0));
  const most = Math.max(...nodes.filter((one) => one.column === last).map(extent));
  // What the items leave goes to the gaps: curves that have room are easier to follow.
  const more = Math.max(0, widths[last] - most) / last;
  widths[last] -= more * last;
  /** @type {number[]} */
  const starts = [];
  widths.reduce((x, one, column) => {
    starts.push(x);
    return x + one + (one ? gaps[column] + more : 0);
  }, 0);
  for (const node of nodes) {
    node.x = starts[node.column];
    node.width = widths[node.column];
  }
  return starts;
}

/** @param {Placed[]} nodes */
function needed(nodes) {
  return nodes.reduce((sum, one) => sum + ROWS[one.kind], 0);
}

/**
 * Order the nodes of each column by where their neighbours stand, and spread them over the height. The items keep their ranks.
 * @param {Placed[]} nodes
 * @param {Edge[]} edges
 * @param {number} last
 * @param {number} height
 */
function spread(nodes, edges, last, height) {
  const byId = new Map(nodes.map((one) => [one.id, one]));
  const columns = Array.from({ length: last + 1 }, (_, column) => nodes.filter((one) => one.column === column));
  for (const column of columns) even(column, height);
  /**
   * @param {Placed} node
   * @param {"from" | "to"} side
   */
  const middle = (node, side) => {
    const other = side === "from" ? "to" : "from";
    const near = edges.filter((edge) => edge[side] === node.id).map((edge) => /** @type {Placed} */ (byId.get(edge[other])).y);
    return near.length ? near.reduce((sum, y) => sum + y, 0) / near.length : null;
  };
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (let column = last - 1; column >= 0; column -= 1) {
      const wish = new Map(columns[column].map((one) => {
        const after = middle(one, "from");
        const before = middle(one, "to");
        // What leads nowhere stands last, as dislikes do.
        return [one, after === null ? (before ?? height) : before === null || column < 2 ? after : 0.7 * after + 0.3 * before];
      }));
      columns[column].sort((a, b) => /** @type {number} */ (wish.get(a)) - /** @type {number} */ (wish.get(b)));
      even(columns[column], height, wish);
    }
  }
}

/**
 * Place nodes one below the other, each near where it wishes to be.
 * @param {Placed[]} nodes
 * @param {number} height
 * @param {Map<Placed, number>} [wishes]
 */
function even(nodes, height, wishes) {
  const total = needed(nodes);
  const free = height - HEAD - FOOT - total;
  if (!wishes) {
    let y = HEAD;
    const more = nodes.length ? free / nodes.length : 0;
    for (const node of nodes) {
      const row = ROWS[node.kind] + more;
      node.y = y + row / 2;
      y += row;
    }
    return;
  }
  // Down: nobody above the end of the one before. Then up: nobody below the bottom.
  let end = HEAD;
  for (const node of nodes) {
    const half = ROWS[node.kind] / 2;
    node.y = Math.max(/** @type {number} */ (wishes.get(node)), end + half);
    end = node.y + half;
  }
  end = height - FOOT;
  for (const node of [...nodes].reverse()) {
    const half = ROWS[node.kind] / 2;
    node.y = Math.min(node.y, end - half);
    end = node.y - half;
  }
}
