// Light or dark: as the system has it, until somebody chooses.

import { byId } from "./dom.js";

const NAME = "kg-rec.theme";

export function theme() {
  const button = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem(NAME);
    } catch {
      return null;
    }
  };
  const dark = () => (chosen() ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    document.documentElement.dataset.theme = dark() ? "dark" : "light";
    button.setAttribute("aria-pressed", String(dark()));
  };
  button.addEventListener("click", () => {
    const now = dark() ? "light" : "dark";
    try {
      localStorage.setItem(NAME, now);
    } catch {
      document.documentElement.dataset.theme = now;
      return;
    }
    show();
  });
  system.addEventListener("change", show);
  show();
}
