/** Elements of the map, and the address of its page. Text only ever goes in as text. */

export const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes] @param {(Node|string)[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function node(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** @param {string} text @param {string} help @param {() => void} run */
export function button(text, help, run) {
  const made = node("button", { type: "button", title: help }, [text]);
  made.addEventListener("click", run);
  return made;
}

/**
 * What is selected, so that who comes back to the address, by the browser's Back too, finds it selected.
 * @param {number} round @param {string|null} area
 */
export function keepInAddress(round, area) {
  const address = new URL(location.href);
  if (area === null) address.searchParams.delete("area");
  else {
    address.searchParams.set("round", String(round));
    address.searchParams.set("area", area);
  }
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}
