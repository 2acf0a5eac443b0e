// The three dialogs: a key to the service, keeping somebody, and forgetting them.

import { ProblemError, ask, key, personPath } from "./api.js";
import { byId } from "./dom.js";
import { toast } from "./notices.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./people.js").People} People */

const LONGEST_NAME = 200;

/**
 * A field for the key, shown when the service asks for one. Return what opens it.
 * @param {() => void} given called when there is a key
 */
export function keyDialog(given) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("key-dialog"));
  const field = /** @type {HTMLInputElement} */ (byId("key"));
  const told = byId("key-told");
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!field.value.trim()) return;
    key.set(field.value.trim());
    field.value = "";
    dialog.close();
    given();
  });
  return (/** @type {import("./types.js").Problem} */ problem) => {
    told.textContent = problem.status === 403 ? `${problem.detail} ${problem.remedy}` : key.get() ? "This key is not known. Has it been revoked?" : "It was made with kg-rec keys make, and is kept until you close this tab.";
    told.classList.toggle("wrong", Boolean(key.get()));
    if (!dialog.open) dialog.showModal();
  };
}

/**
 * @param {Store} store
 * @param {People} people
 * @param {{changed: () => void, failed: (error: unknown) => void}} actions
 */
export function keepDialog(store, people, actions) {
  const open = /** @type {HTMLButtonElement} */ (byId("keep"));
  const name = byId("kept-name");
  const dialog = /** @type {HTMLDialogElement} */ (byId("keep-dialog"));
  const field = /** @type {HTMLInputElement} */ (byId("person"));
  const kept = /** @type {HTMLDialogElement} */ (byId("kept-dialog"));
  const told = byId("keep-told");
  /** Who was told to be stored, and is not yet. @type {string | null} */
  let keeping = null;

  open.addEventListener("click", () => (store.state.person ? kept : dialog).showModal());
  for (const close of document.querySelectorAll("dialog .close")) {
    close.addEventListener("click", () => /** @type {HTMLDialogElement} */ (close.closest("dialog")).close());
  }
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const person = field.value.trim();
    const wrong = !person ? "Expected a name." : /[/\p{Cc}]/u.test(person) || [...person].length > LONGEST_NAME ? "Expected a name without / and of at most 200 characters." : "";
    told.textContent = wrong;
    field.setAttribute("aria-invalid", String(Boolean(wrong)));
    if (wrong) return field.focus();
    dialog.close();
    people.known = null;
    keeping = person;
    store.set({ person, takenBack: [], pending: true });
    actions.changed();
    toast(`Storing what you said, as ${person} …`);
  });

  const forget = /** @type {HTMLButtonElement} */ (byId("forget"));
  forget.addEventListener("click", async () => {
    const { person, words } = store.state;
    if (!person) return;
    forget.disabled = true;
    forget.textContent = "Forgetting …";
    toast(`Forgetting ${person} …`);
    try {
      await people.erase(person);
    } catch (error) {
      kept.close();
      if (error instanceof ProblemError && error.problem.kind === "graph-away") {
        store.set({ away: true });
        toast("Neo4j cannot be reached: nothing was erased. Try again when it is back.");
        return;
      }
      toast("Nothing was erased.");
      return actions.failed(error);
    } finally {
      forget.disabled = false;
      forget.textContent = "Forget me";
    }
    kept.close();
    // What was typed while it lasted was said by nobody yet.
    const since = store.state.words === words ? "" : store.state.words;
    store.set({ words: since, read: "", found: [], changes: {}, added: [], reactions: {}, takenBack: [] });
    toast(`Nothing of ${person} is left.`);
    actions.changed();
    byId("words").focus();
  });
  byId("leave").addEventListener("click", () => {
    kept.close();
    people.known = null;
    keeping = null;
    store.set({ person: null, pending: false });
    toast("What you do from now on is not stored.");
    actions.changed();
  });
  byId("show-data").addEventListener("click", async () => {
    const shown = byId("data");
    try {
      shown.textContent = JSON.stringify(await ask("GET", personPath(store.state.person ?? "")), null, 2);
    } catch (error) {
      shown.textContent = error instanceof Error ? error.message : String(error);
    }
    shown.hidden = false;
    shown.focus();
  });
  kept.addEventListener("close", () => {
    byId("data").hidden = true;
    byId("data").textContent = "";
  });

  store.subscribe((state, changed) => {
    if (!changed.has("person") && !changed.has("pending") && !changed.has("away")) return;
    if (keeping !== null && (keeping !== state.person || !state.pending)) {
      if (keeping === state.person && people.known?.exists) toast(`You are kept as ${keeping}.`);
      keeping = null;
    }
    open.classList.toggle("kept", state.person !== null);
    name.textContent = state.person ?? "Keep me";
    open.title = state.person ? (state.pending ? "Not all of it is stored yet" : "You are kept in the graph") : "";
    byId("kept-as").textContent = state.person ?? "";
    if (state.person === null) field.value = "";
  });
}
