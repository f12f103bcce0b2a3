/** What the colours of the map mean; a click on a name hides its points, or shows them again. */

import { button, node } from "./map_dom.js";

/**
 * @param {{names: string[], colours: string[], scale: string}} data `MapData`
 * @param {Set<number>} hidden places of the colours that are not shown
 * @param {() => void} changed
 * @returns {HTMLElement[]}
 */
export function legend({ names, colours, scale }, hidden, changed) {
  if (!names.length) {
    const bar = node("i", { class: "bar" });
    bar.style.background = `linear-gradient(to right, ${colours.join(", ")})`;
    return [node("span", { class: "scale" }, [`${scale} 0`, bar, "1"])];
  }
  return names.map((name, number) => {
    const dot = node("i");
    dot.style.background = colours[number];
    const entry = button(name, "Shown, or not", () => {
      if (!hidden.delete(number)) hidden.add(number);
      entry.setAttribute("aria-pressed", String(!hidden.has(number)));
      changed();
    });
    entry.prepend(dot);
    entry.setAttribute("aria-pressed", String(!hidden.has(number)));
    return entry;
  });
}
