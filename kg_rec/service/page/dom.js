// Elements, made without HTML in strings: whatever words and names hold is shown as text.

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {{class?: string, text?: string, on?: Record<string, (event: any) => void>, [attribute: string]: any}} Properties */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an HTML element. Properties are attributes, but for `text`, and `on`: listeners by the name of their event.
 * @param {string} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function el(tag, properties = {}, ...children) {
  return /** @type {HTMLElement} */ (filled(document.createElement(tag), properties, children));
}

/**
 * Make an SVG element.
 * @param {string} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, properties = {}, ...children) {
  return /** @type {SVGElement} */ (filled(document.createElementNS(SVG, tag), properties, children));
}

/**
 * Return a symbol of index.html, which says nothing to a screen reader.
 * @param {string} name
 */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#icon-${name}` }));
}

/**
 * Return the element of index.html with an id.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element '${id}'`);
  return /** @type {T} */ (found);
}

/**
 * Put elements into a parent in an order, and take away what is not among them; one that stays keeps focus and listeners.
 * @param {Element} parent
 * @param {Element[]} wanted
 */
export function arrange(parent, wanted) {
  const staying = new Set(wanted);
  for (const child of [...parent.children]) if (!staying.has(child)) child.remove();
  // From the end, so that one that moves up is moved itself, and not all those it passes: a move takes the focus away.
  let after = /** @type {Element | null} */ (null);
  for (const child of [...wanted].reverse()) {
    if (child.parentElement !== parent || child.nextElementSibling !== after) parent.insertBefore(child, after);
    after = child;
  }
}

/**
 * @param {Element} element
 * @param {Properties} properties
 * @param {Child[]} children
 */
function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, /** @type {EventListener} */ (listener));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(child instanceof Node ? child : String(child));
  }
  return element;
}
