// The same in Neo4j Browser: a link that fills the statement in, and a button that copies it.

import { el, icon } from "./dom.js";

const HERE = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Return the address at which Neo4j Browser opens with a statement in its editor, or null where this browser does not reach it.
 * @param {string} statement
 * @param {string | null} browser address of Neo4j Browser
 */
export function addressOf(statement, browser) {
  if (!browser) return null;
  const address = new URL(browser);
  // What listens to the service's own machine alone is not there for others.
  if (HERE.has(address.hostname) && !HERE.has(location.hostname)) return null;
  address.searchParams.set("cmd", "edit");
  address.searchParams.set("arg", statement);
  return address.href.replaceAll("+", "%20");
}

/**
 * @param {string} statement
 * @param {string | null} browser
 * @param {(text: string) => void} say
 */
export function neo4jBrowser(statement, browser, say) {
  if (!statement) return null;
  const address = addressOf(statement, browser);
  const copied = el("span", { text: "Copy the Cypher" });
  const copy = el("button", { type: "button", class: "quiet copy", on: {
    click: async () => {
      const done = await copyText(statement);
      copied.textContent = done ? "Copied" : "Select and copy it:";
      say(done ? "The statement is copied." : "The statement stands below, to be copied.");
      if (!done && !copy.parentElement?.querySelector("pre")) copy.parentElement?.append(el("pre", { tabindex: 0, text: statement }));
      setTimeout(() => (copied.textContent = "Copy the Cypher"), 3000);
    },
  } }, icon("copy"), copied);
  return el("div", { class: "neo4j" },
    address && el("a", { class: "quiet", href: address, target: "_blank", rel: "noopener noreferrer" }, icon("graph"), "Open in Neo4j Browser", el("span", { class: "unseen", text: " (another tab)" })),
    copy);
}

/** @param {string} text */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;  // not allowed, or no secure context
  }
}
