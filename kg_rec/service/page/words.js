// The sentence, with the evidence of each interest marked in it. The marks stand behind the text, in a copy of it.

import { byId, el } from "./dom.js";
import { hueOf, wanted } from "./interests.js";
import { MOST_WORDS } from "./recommend.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Interest} Interest */

const LONG = 240;
const NEARLY = 0.9;

/**
 * @param {Store} store
 * @param {() => void} asked called when something was typed
 */
export function words(store, asked) {
  const area = /** @type {HTMLTextAreaElement} */ (byId("words"));
  const behind = byId("marks");
  const count = byId("count");
  area.value = store.state.words;

  const fit = () => {
    area.classList.toggle("long", area.value.length > LONG);
    behind.classList.toggle("long", area.value.length > LONG);
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  };
  area.addEventListener("input", () => {
    store.set({ words: area.value });
    asked();
  });
  area.addEventListener("scroll", () => (behind.scrollTop = area.scrollTop));
  new ResizeObserver(fit).observe(behind.parentElement ?? behind);

  store.subscribe((state, changed) => {
    if (!["words", "found", "changes", "lit", "reactions", "added"].some((name) => changed.has(name))) return;
    if (area.value !== state.words) area.value = state.words;
    const letters = [...state.words];
    const tooLong = letters.length > MOST_WORDS;
    count.hidden = letters.length < NEARLY * MOST_WORDS;
    count.textContent = `${letters.length.toLocaleString("en")} of ${MOST_WORDS.toLocaleString("en")} characters${tooLong ? "; shorten the text, and it is read" : ""}`;
    count.classList.toggle("wrong", tooLong);
    area.setAttribute("aria-invalid", String(tooLong));
    fit();
    behind.replaceChildren(...marked(letters, state), "\u200b");
    behind.scrollTop = area.scrollTop;
  });
  fit();
}

/**
 * Return the text in pieces, those that are evidence as marks.
 * @param {string[]} letters
 * @param {State} state
 */
function marked(letters, state) {
  const all = wanted(state);
  const spans = all
    .flatMap((one) => {
      const span = one.span && moved(one.span, state.read, letters);
      return span ? [{ one, start: span[0], end: span[1] }] : [];
    })
    .sort((a, b) => a.start - b.start || b.end - a.end);
  /** @type {Array<string | HTMLElement>} */
  const pieces = [];
  let at = 0;
  for (const { one, start, end } of spans) {
    if (start < at) continue;
    pieces.push(letters.slice(at, start).join(""));
    const lit = state.lit?.key === one.key ? " lit" : "";
    pieces.push(el("mark", { class: `${hueOf(one, all)}${lit}`, "data-key": one.key, text: letters.slice(start, end).join("") }));
    at = end;
  }
  pieces.push(letters.slice(at).join(""));
  return pieces;
}

/**
 * Return where a span of the words that were read stands in those of now, or null where it was changed.
 * @param {[number, number]} span
 * @param {string} read
 * @param {string[]} now
 * @returns {[number, number] | null}
 */
export function moved([start, end], read, now) {
  const before = [...read];
  let same = 0;
  while (same < before.length && same < now.length && before[same] === now[same]) same += 1;
  if (end <= same) return [start, end];
  let tail = 0;
  const most = Math.min(before.length, now.length) - same;
  while (tail < most && before[before.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const by = now.length - before.length;
  return start >= before.length - tail ? [start + by, end + by] : null;
}
