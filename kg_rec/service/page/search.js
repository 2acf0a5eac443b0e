// A field that finds entities by name and adds one as an interest: the combobox with a list of the ARIA Authoring Practices.

import { ask } from "./api.js";
import { byId, el } from "./dom.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {{key: string, label: string, name: string}} Entity */

const TYPING_MS = 120;

/**
 * @param {Store} store
 * @param {{changed: () => void, say: (text: string) => void}} actions
 */
export function search(store, actions) {
  const field = /** @type {HTMLInputElement} */ (byId("add"));
  const list = byId("found");
  /** @type {Entity[]} */
  let entities = [];
  let active = -1;
  /** @type {AbortController | null} */
  let running = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const close = () => {
    running?.abort();
    clearTimeout(timer);
    list.hidden = true;
    active = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };

  /** @param {number} place */
  const activate = (place) => {
    const options = [...list.querySelectorAll("[role=option]")];
    if (!options.length) return;
    active = (place + options.length) % options.length;
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === active)));
    field.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({ block: "nearest" });
  };

  /** @param {Entity} entity */
  const add = (entity) => {
    const { [entity.key]: _, ...changes } = store.state.changes;
    const found = store.state.found.some(({ key }) => key === entity.key);
    const added = store.state.added.filter(({ key }) => key !== entity.key);
    if (!found) added.push({ ...entity, polarity: 1, score: 1, source: "person", evidence: "", span: null });
    store.set({ changes, added });
    field.value = "";
    close();
    actions.say(`${entity.name} is among your interests now.`);
    actions.changed();
  };

  /** @param {string} [problem] */
  const show = (problem) => {
    active = -1;
    field.removeAttribute("aria-activedescendant");
    const options = entities.map((entity, number) => el("li", {
      role: "option", id: `found-${number}`, "aria-selected": "false",
      on: {
        pointerdown: (/** @type {Event} */ event) => event.preventDefault(),
        click: () => add(entity),
      },
    }, el("span", { class: "name", dir: "auto", text: entity.name }), el("span", { class: "label", text: entity.label })));
    const none = el("li", { class: "none", role: "option", "aria-disabled": "true", text: problem ?? "Nothing in the graph is called so" });
    list.replaceChildren(...(options.length ? options : [none]));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
  };

  const find = async () => {
    const typed = field.value.trim();
    running?.abort();
    if (!typed) return close();
    const own = (running = new AbortController());
    try {
      const answer = await ask("GET", `/v1/entities?limit=8&q=${encodeURIComponent(typed.slice(0, 200))}`, { signal: own.signal });
      if (own.signal.aborted) return;
      entities = answer.entities;
      show();
    } catch (error) {
      if (own.signal.aborted) return;
      entities = [];
      show("The search does not answer just now");
    }
  };

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void find(), TYPING_MS);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) activate(active + (event.key === "ArrowDown" ? 1 : active < 0 ? 0 : -1));
      else if (field.value) void find();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (open && entities.length) add(entities[Math.max(0, active)]);
    } else if (event.key === "Escape") {
      if (open) close();
      else field.value = "";
    }
  });
  field.addEventListener("blur", close);
}
