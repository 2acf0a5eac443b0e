// What the page says by itself: a banner while something is away, a toast after an action, and both to a screen reader.

import { byId, el, icon } from "./dom.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types.js").State} State */

const TOAST_MS = 6000;
const QUIET_MS = 1200;

/**
 * Say something to a screen reader; of several things in a moment, the last.
 * @param {string} text
 */
export function say(text) {
  clearTimeout(saying);
  saying = setTimeout(() => (byId("live").textContent = text), 150);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let saying;

/**
 * @param {Store} store
 * @param {{again: () => void, needKey: (problem: import("./types.js").Problem) => void}} actions
 */
export function notices(store, { again, needKey }) {
  const banner = byId("banner");
  const status = byId("status");
  let said = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let settled;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let counting;

  store.subscribe((state, changed) => {
    if (changed.has("problem") && (state.problem?.status === 401 || state.problem?.status === 403)) needKey(state.problem);
    if (["problem", "away", "person", "pending"].some((name) => changed.has(name))) {
      clearInterval(counting);
      banner.replaceChildren(...bannerOf(state, again));
      banner.hidden = !banner.children.length;
      const wait = banner.querySelector(".wait");
      const until = Date.now() + 1000 * (state.problem?.retry ?? 0);
      if (wait) counting = setInterval(() => (wait.textContent = waiting(until)), 500);
      if (wait) wait.textContent = waiting(until);
    }
    if (changed.has("slow")) {
      document.body.classList.toggle("slow", state.slow);
      byId("results").setAttribute("aria-busy", String(state.slow));
    }
    if (["items", "answered", "asking"].some((name) => changed.has(name))) {
      clearTimeout(settled);
      // Said when all is quiet again, and not while somebody types.
      settled = setTimeout(() => {
        const text = state.answered && !state.asking ? summary(state) : "";
        if (text && text !== said) status.textContent = said = text;
      }, QUIET_MS);
    }
  });
}

/** @param {number} until */
function waiting(until) {
  const seconds = Math.ceil((until - Date.now()) / 1000);
  return seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again …";
}

/** @param {State} state */
function summary(state) {
  const interests = state.found.filter((one) => state.changes[one.key] !== null).length + state.added.length;
  const count = state.items.length;
  return `${interests || "No"} ${interests === 1 ? "interest" : "interests"}, ${count || "no"} ${count === 1 ? "recommendation" : "recommendations"}${count ? `, first ${state.items[0].title}` : ""}.`;
}

/**
 * @param {State} state
 * @param {() => void} again
 */
function bannerOf(state, again) {
  const { problem } = state;
  if (problem && problem.status !== 401 && problem.status !== 403) {
    return [el("div", { class: "notice wrong" }, icon("warning"),
      el("p", {}, el("strong", { text: problem.detail }), " ", problem.remedy && `${problem.remedy} `, problem.retry > 0 && el("span", { class: "wait" })),
      el("button", { type: "button", class: "quiet", text: "Try now", on: { click: again } }))];
  }
  if (state.away) {
    const kept = state.person ? "What you change is kept on this page, and stored when it is back." : "Nothing can be stored until it is back.";
    return [el("div", { class: "notice" }, icon("warning"),
      el("p", {}, el("strong", { text: "Neo4j cannot be reached." }), ` Recommendations go on. ${kept}`))];
  }
  return [];
}

/**
 * Show for a while what was done, with a way back.
 * @param {string} text
 * @param {() => void} [undo]
 */
export function toast(text, undo) {
  const place = byId("toast");
  clearTimeout(toasting);
  const close = () => place.replaceChildren();
  const button = undo && el("button", { type: "button", text: "Undo", on: { click: () => { close(); undo(); } } });
  place.replaceChildren(el("div", { class: "toast" }, el("span", { dir: "auto", text }), button));
  say(text);
  const leave = () => {
    // Somebody who is about to press the button is not robbed of it.
    if (place.matches(":hover, :focus-within")) toasting = setTimeout(leave, TOAST_MS / 2);
    else close();
  };
  toasting = setTimeout(leave, TOAST_MS);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let toasting;
