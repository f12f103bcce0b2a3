/** Small helpers for the DOM. Text only ever goes in as text. */

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  accept: "M3 8.5l3.2 3.2L13 5",
  keep: "M3 6h10M3 10h10",
  relabel: "M3 8h9M8.5 4.5L12 8l-3.5 3.5",
  unsure: "M5.6 6a2.4 2.4 0 1 1 3.4 2.2c-.7.3-1 .7-1 1.5M8 12.4v.1",
  exclude: "M4 4l8 8M12 4l-8 8",
  skip: "M3 4l4 4-4 4M8.5 4l4 4-4 4",
  taken: "M5.5 7V5a2.5 2.5 0 0 1 5 0v2M4 7h8v6H4z",
  gone: "M2.5 3.5h11v9h-11zM3 12l10-8",
  flag: "M4 14V2.5h8l-2 3 2 3H4",
  note: "M3 13l.7-3L11 2.8 13.2 5 6 12.3zM9.5 4.3l2.2 2.2",
  mislabelled: "M3 6h10M3 10h10M11 2.5l-6 11",
  ambiguous: "M8 14V9L3.5 3M8 9l4.5-6",
  missing: "M2.5 3.5h11v9h-11zM3 12l10-8",
  undo: "M6 3L3 6l3 3M3 6h6.5a3.5 3.5 0 0 1 0 7H6",
  next: "M6 3l5 5-5 5",
  more: "M3.5 8h.1M8 8h.1M12.5 8h.1",
  small: "M5.5 5.5h5v5h-5z",
  medium: "M3.75 3.75h8.5v8.5h-8.5z",
  large: "M2 2h12v12H2z",
};

/**
 * Null, undefined and false leave an attribute out; true gives it no value.
 * @typedef {string|number|boolean|null|undefined} AttributeValue
 * @typedef {"class"|"role"|"tabindex"|"title"|"hidden"|"autofocus"|"type"|"href"|"target"|"rel"|"src"|"alt"|"loading"|"maxlength"|
 *   "rows"|"scope"|`aria-${string}`|`data-${string}`} AttributeName
 * @typedef {{[Type in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Type]) => void}} Listeners
 * @typedef {{text?: string|number, on?: Listeners, style?: Record<`--${string}`, string|number>}} Special
 *   text: the content; on: listeners; style: custom properties
 * @typedef {Special & {[Name in AttributeName]?: AttributeValue}} Attributes
 * @typedef {{text?: string} & Record<string, AttributeValue>} SvgAttributes
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {(Node|null)[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, { text, on = {}, style = {}, ...attributes } = {}, children = []) {
  const node = document.createElement(tag);
  // Object.entries forgets that a listener belongs to the event type beside it.
  const listeners = /** @type {[string, EventListener][]} */ (Object.entries(on));
  for (const [type, listener] of listeners) node.addEventListener(type, listener);
  for (const [name, value] of Object.entries(style)) node.style.setProperty(name, String(value));
  return fill(node, { ...attributes, text }, children);
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {SvgAttributes} [attributes]
 * @param {(Node|null)[]} [children]
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, children = []) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {Element} Kind
 * @param {Kind} node
 * @param {Record<string, AttributeValue>} attributes `text` is the content
 * @param {(Node|null)[]} children
 */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = String(value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  const path = svg("path", {
    d: ICONS[name],
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "1.8",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  });
  return svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, [path]);
}

/**
 * The first element inside that matches. Throws an Error where there is none: it is for what the grid itself has built.
 * @param {Element} node
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function inside(node, selector) {
  const found = node.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`found no ${selector} in <${node.localName}>`);
  return found;
}

/** The target of an event, where it is an element. @param {EventTarget|null} target @returns {Element|null} */
export function asElement(target) {
  return target instanceof Element ? target : null;
}

/** Whether fingers point here: then no words name keys. */
export function byTouch() {
  return globalThis.matchMedia?.("(pointer: coarse)").matches ?? false;
}

/** A share between 0 and 1 as it is printed: 0.23. @param {number|null|undefined} value */
export function formatShare(value) {
  return value === null || value === undefined ? "–" : value.toFixed(2);
}

/**
 * A button with its key printed on it.
 * @param {import("./keys.js").Command} command
 * @param {(command: import("./keys.js").Command, event: MouseEvent) => void} run
 */
export function keyButton(command, run) {
  const cap = command.cap ? el("kbd", { text: command.cap, "aria-hidden": "true" }) : null;
  const shortcut = command.keys[0] && command.keys[0] !== " " ? command.keys[0].replace("shift+", "Shift+") : null;
  return el(
    "button",
    {
      type: "button",
      class: "key",
      "data-command": command.id,
      "data-class": command.class ?? null,
      title: command.help,
      "aria-keyshortcuts": shortcut,
      on: { click: (event) => run(command, event) },
    },
    [cap, el("span", { text: command.label })],
  );
}
