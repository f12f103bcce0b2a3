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
  flag: "M4 14V2.5h8l-2 3 2 3H4",
  note: "M3 13l.7-3L11 2.8 13.2 5 6 12.3zM9.5 4.3l2.2 2.2",
  mislabelled: "M3 6h10M3 10h10M11 2.5l-6 11",
  ambiguous: "M8 14V9L3.5 3M8 9l4.5-6",
  missing: "M2.5 3.5h11v9h-11zM3 12l10-8",
};

/**
 * @param {string} tag
 * @param {object} [attributes] `text` is the content, `on` are listeners, `style` custom properties; null leaves one out
 * @param {(Node|null)[]} [children]
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, children = []) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same in SVG. @returns {SVGElement} */
export function svg(tag, attributes = {}, children = []) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else if (name === "style") for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** @param {keyof ICONS} name @returns {SVGElement} */
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

/** A part of one as it is printed: 0.23. */
export function part(value) {
  return value === null || value === undefined ? "–" : value.toFixed(2);
}

/** A button with its key printed on it. @returns {HTMLButtonElement} */
export function keyButton(deed, press) {
  const cap = deed.cap ? el("kbd", { text: deed.cap, "aria-hidden": "true" }) : null;
  const shortcut = deed.keys[0] && deed.keys[0] !== " " ? deed.keys[0].replace("shift+", "Shift+") : null;
  return el(
    "button",
    {
      type: "button",
      class: "key",
      "data-deed": deed.id,
      "data-class": deed.class ?? null,
      title: deed.help,
      "aria-keyshortcuts": shortcut,
      on: { click: (event) => press(deed, event) },
    },
    [cap, el("span", { text: deed.label })],
  );
}
