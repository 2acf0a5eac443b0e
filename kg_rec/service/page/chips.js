// The interests as chips: each is a slider for its strength, with buttons to turn it and to take it away.

import { arrange, byId, el, icon } from "./dom.js";
import { hueOf, wanted } from "./interests.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./types.js").Interest} Interest */

const STEP = 5;
const DRAG_MS = 120;

/** @typedef {{root: HTMLElement, slider: HTMLInputElement, flip: HTMLElement, remove: HTMLElement, label: HTMLElement}} Chip */

/**
 * @param {Store} store
 * @param {{changed: (milliseconds?: number) => void, takeBack: (item: string) => void, react: (item: {key: string, title: string,
 *   label: string}, kind: "liked" | "disliked") => void, say: (text: string) => void}} actions
 */
export function chips(store, actions) {
  const list = byId("chips");
  /** @type {Map<string, Chip>} */
  const made = new Map();
  /** @type {Map<string, Interest>} */
  const now = new Map();

  /**
   * @param {string} key
   * @param {{score?: number, polarity?: 1 | -1}} patch
   * @param {number} [milliseconds]
   */
  const change = (key, patch, milliseconds) => {
    const one = now.get(key);
    if (!one) return;
    if (one.source === "event") {
      // What was done with an item is of full strength; it can be turned, and taken back.
      if (patch.polarity) actions.react({ key, title: one.name, label: one.label }, patch.polarity > 0 ? "liked" : "disliked");
      return;
    }
    const { score, polarity } = { score: one.score, polarity: one.polarity, ...patch };
    store.set({ changes: { ...store.state.changes, [key]: { score, polarity } } });
    actions.changed(milliseconds);
  };

  /** @param {string} key */
  const remove = (key) => {
    const one = now.get(key);
    if (!one) return;
    const place = [...made.keys()].indexOf(key);
    if (one.source === "event") {
      actions.takeBack(key);
    } else {
      store.set({
        changes: { ...store.state.changes, [key]: null },
        added: store.state.added.filter((other) => other.key !== key),
      });
      actions.say(`${one.name} is no longer among your interests.`);
      actions.changed();
    }
    // The focus goes to the next chip, or else to where one is added.
    queueMicrotask(() => {
      const left = [...list.querySelectorAll(".chip .remove")];
      /** @type {HTMLElement} */ (left[Math.min(place, left.length - 1)] ?? byId("add")).focus({ preventScroll: true });
    });
  };

  /** @param {Interest} one @returns {Chip} */
  const make = ({ key, name }) => {
    const slider = /** @type {HTMLInputElement} */ (el("input", {
      type: "range", min: STEP, max: 100, step: STEP, "aria-label": `Strength of ${name}`, dir: "ltr",
      on: {
        input: () => change(key, { score: Number(slider.value) / 100 }, DRAG_MS),
        keydown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key === "Delete" || event.key === "Backspace") {
            event.preventDefault();
            remove(key);
          }
        },
      },
    }));
    const flip = el("button", { type: "button", class: "flip", on: {
      click: () => {
        const one = now.get(key);
        if (!one) return;
        actions.say(`${name}: now ${one.polarity > 0 ? "avoided" : "wanted"}.`);
        change(key, { polarity: one.polarity > 0 ? -1 : 1 });
      },
    } }, icon("want"));
    const away = el("button", { type: "button", class: "remove", "aria-label": `Remove ${name}`, title: "Remove", on: { click: () => remove(key) } }, icon("close"));
    const label = el("span", { class: "label" });
    const body = el("div", { class: "body" },
      el("span", { class: "fill" }),
      el("span", { class: "name", dir: "auto", title: name, text: name }), label, slider);
    const root = el("li", { class: "chip", "data-key": key, on: {
      pointerenter: () => store.set({ lit: { key } }),
      pointerleave: () => store.set({ lit: null }),
      focusin: () => store.set({ lit: { key } }),
      focusout: () => store.set({ lit: null }),
    } }, body, flip, away);
    return { root, slider, flip, remove: away, label };
  };

  store.subscribe((state, changed) => {
    if (!["found", "added", "changes", "reactions", "lit"].some((name) => changed.has(name))) return;
    if (changed.size === 1 && changed.has("lit")) {
      for (const [key, chip] of made) chip.root.classList.toggle("lit", state.lit?.key === key);
      return;
    }
    const all = wanted(state);
    now.clear();
    for (const one of all) now.set(one.key, one);
    for (const key of made.keys()) if (!now.has(key)) made.delete(key);
    const order = all.map((one) => {
      let chip = made.get(one.key);
      if (!chip) made.set(one.key, (chip = make(one)));
      const avoided = one.polarity < 0;
      const percent = Math.round(100 * one.score);
      chip.root.className = `chip ${hueOf(one, all)}`;
      chip.root.classList.toggle("lit", state.lit?.key === one.key);
      chip.root.classList.toggle("fixed", one.source === "event");
      chip.root.style.setProperty("--strength", String(one.score));
      chip.label.textContent = toldOf(one);
      chip.slider.disabled = one.source === "event";
      if (document.activeElement !== chip.slider || Number(chip.slider.value) !== percent) chip.slider.value = String(percent);
      chip.slider.setAttribute("aria-valuetext", `${percent} %, ${avoided ? "avoided" : "wanted"}`);
      const turn = avoided ? "Want it" : "Avoid it";
      chip.flip.setAttribute("aria-label", `Avoid ${one.name}`);
      chip.flip.setAttribute("aria-pressed", String(avoided));
      chip.flip.title = turn;
      // Never another element: a click whose button changed between down and up is lost.
      chip.flip.querySelector("use")?.setAttribute("href", `#icon-${avoided ? "avoid" : "want"}`);
      return chip.root;
    });
    arrange(list, order);
    list.hidden = !order.length;
  });
}

/** @param {Interest} one */
function toldOf(one) {
  if (one.source === "event") return one.polarity < 0 ? "not for you" : "you liked it";
  const percent = Math.round(100 * one.score);
  return [one.label, one.polarity < 0 && "avoided", percent < 100 && `${percent} %`].filter(Boolean).join(" · ");
}
