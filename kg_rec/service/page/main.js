// The page: puts its parts together.

import { ProblemError, ask } from "./api.js";
import { cards } from "./cards.js";
import { chips } from "./chips.js";
import { keepDialog, keyDialog } from "./dialogs.js";
import { byId, el } from "./dom.js";
import { notices, say, toast } from "./notices.js";
import { paths } from "./paths.js";
import { People } from "./people.js";
import { Asker } from "./recommend.js";
import { search } from "./search.js";
import { remember, remembered } from "./session.js";
import { Store, nothingYet } from "./store.js";
import { theme } from "./theme.js";
import { words } from "./words.js";

/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("./types.js").State} State */

const LOOK_MS = 5000;
const LOOK_AWAY_MS = 2000;
const DONE = { liked: "You liked", disliked: "Not for you:", seen: "Seen:" };

const store = new Store({ ...nothingYet(), ...remembered() });
const people = new People(store);
const asker = new Asker(store, people);

/** @param {number} [milliseconds] */
const changed = (milliseconds = 0) => (milliseconds ? asker.at(milliseconds) : void asker.now());

/** @param {{key: string, title: string, label: string}} item @param {Kind} kind */
const react = ({ key, title, label }, kind) => {
  const { state } = store;
  const { [key]: _, ...before } = state.reactions;
  store.set({
    reactions: { ...before, [key]: { kind, title, label } },  // at the end: the newest
    takenBack: state.takenBack.filter((one) => one !== key),
    items: state.items.filter((one) => one.key !== key),
    lit: null,
  });
  toast(`${DONE[kind]} ${title}`, () => takeBack(key));
  changed();
};

/** @param {string} key */
const takeBack = (key) => {
  const { [key]: undone, ...reactions } = store.state.reactions;
  store.set({ reactions, takenBack: [...store.state.takenBack, key] });
  if (undone) say(`${undone.title}: taken back.`);
  changed();
};

/** Ask what is served, once; without it there is nothing to begin with, but words are answered. */
const about = async () => {
  try {
    const told = await ask("GET", "/v1/about");
    await asker.serves(told);
    store.set({ about: told });
    // What else went wrong meanwhile stays told.
    if (unserved !== null && store.state.problem === unserved) store.set({ problem: null });
    unserved = null;
  } catch (error) {
    asker.failed(error);
    unserved = store.state.problem;
  }
};

/** Why it is not known what is served. @type {import("./types.js").Problem | null} */
let unserved = null;

const needKey = keyDialog(() => {
  store.set({ problem: null });
  void about().then(() => changed());
});

/** Look from time to time whether Neo4j is there; when it is back, what was not stored is. */
const look = async () => {
  if (document.visibilityState === "visible") {
    try {
      const away = (await ask("GET", "/health/ready")).status !== "ready";
      const back = store.state.away && !away;
      store.set({ away });
      if (!store.state.about && !store.state.problem) await about();
      if (back) {
        await about();
        changed();
      }
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;  // the next question tells it
    }
  }
  setTimeout(() => void look(), store.state.away ? LOOK_AWAY_MS : LOOK_MS);
};

theme();
words(store, () => asker.later());
chips(store, { changed, takeBack, react, say });
search(store, { changed, say });
cards(store, { react, say });
paths(store);
notices(store, { again: () => changed(), needKey });
keepDialog(store, people, { changed, failed: (error) => asker.failed(error) });

const variety = /** @type {HTMLInputElement} */ (byId("variety"));
variety.addEventListener("input", () => {
  store.set({ variety: Number(variety.value) / 100 });
  changed(150);
});
const year = /** @type {HTMLInputElement} */ (byId("year"));
year.addEventListener("input", () => {
  const value = year.valueAsNumber;
  store.set({ year: Number.isInteger(value) ? value : null });
  asker.later();
});
byId("again").addEventListener("click", () => {
  const seen = Object.entries(store.state.reactions).filter(([, { kind }]) => kind === "seen").map(([key]) => key);
  const left = Object.fromEntries(Object.entries(store.state.reactions).filter(([key]) => !seen.includes(key)));
  store.set({ reactions: left, takenBack: [...store.state.takenBack, ...seen] });
  changed();
});
byId("clear").addEventListener("click", () => {
  const before = { ...store.state };
  const { words, changes, added, reactions } = before;
  store.set({
    // What the graph holds of somebody who is kept has to be taken away there.
    words: "", changes: Object.fromEntries([...(people.known?.interests.keys() ?? [])].map((key) => [key, null])),
    added: [], reactions: {}, takenBack: [...before.takenBack, ...Object.keys(reactions)],
  });
  byId("words").focus();
  toast("Begun anew", () => {
    store.set({ words, changes, added, reactions, takenBack: before.takenBack });
    changed();
  });
  changed();
});

store.subscribe((state, what) => {
  if (what.has("about")) showAbout(state);
  const begun = Boolean(state.words.trim() || state.added.length || Object.keys(state.reactions).length || state.items.length);
  document.body.classList.toggle("begun", begun);
  byId("first").hidden = begun || !state.about;
  byId("results").hidden = !begun;
  byId("clear").hidden = !begun;
  const seen = Object.values(state.reactions).filter(({ kind }) => kind === "seen").length;
  byId("again").hidden = !seen;
  byId("again").textContent = seen === 1 ? "Show 1 that you have seen" : `Show ${seen} that you have seen`;
  showNotes(state);
  if (document.activeElement !== variety) variety.value = String(Math.round(100 * state.variety));
  if (document.activeElement !== year) year.value = state.year === null ? "" : String(state.year);
  if (!what.has("lit") || what.size > 1) remember(state);
});

/** @param {State} state */
function showNotes(state) {
  const empty = state.answered && !state.items.length;
  const notes = [...state.notes];
  if (empty && !notes.length) notes.push("Nothing is left to recommend. Take a filter or an interest away.");
  byId("notes").replaceChildren(...notes.map((text) => el("li", { dir: "auto", text })));
  byId("notes").hidden = !notes.length;
  byId("waiting").hidden = state.answered || Boolean(state.items.length) || Boolean(state.problem);
  byId("picture-part").hidden = !state.items.length;
}

/** @param {State} state */
function showAbout({ about: told }) {
  if (!told) return;
  byId("served").textContent = `${told.items.toLocaleString("en")} to recommend · ${told.entities.toLocaleString("en")} entities in the graph`;
  byId("examples").replaceChildren(...told.examples.map((text) => el("li", {}, el("button", { type: "button", class: "example", dir: "auto", text, on: {
    click: () => {
      store.set({ words: text });
      byId("words").focus();
      changed();
    },
  } }))));
  byId("examples-part").hidden = !told.examples.length;
  byId("year-part").hidden = !told.item.released;
  byId("year-name").textContent = told.item.released ? `From ${told.item.released}` : "";
}

store.changed = new Set(Object.keys(store.state));
store.tell();
void about().then(() => store.state.problem === null && changed());
void look();
