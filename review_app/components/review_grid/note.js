/** The text box of a note, at its tile. */

import { asElement, el } from "./dom.js";

export const LONGEST = 2000;

/**
 * @param {object} options
 * @param {HTMLElement} options.host positioned element to open in
 * @param {HTMLElement|null} options.tile to open at; null: in the middle
 * @param {string} options.text to begin with
 * @param {string} options.label
 * @param {(text: string) => void} options.save
 * @param {() => void} options.closed
 */
export function openNote({ host, tile, text, label, save, closed }) {
  const area = el("textarea", { maxlength: LONGEST, rows: 3, "aria-label": label });
  area.value = text;
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    box.remove();
    closed();
  };
  const keep = () => {
    const words = area.value.trim();
    if (words && words !== text) save(words);
    close();
  };
  const box = el("div", { class: "notebox", role: "dialog", "aria-label": label }, [
    area,
    el("div", { class: "set" }, [
      el("button", { type: "button", class: "key main", on: { click: keep } }, [
        el("kbd", { text: "Enter" }),
        el("span", { text: "save" }),
      ]),
      el("button", { type: "button", class: "key", on: { click: close } }, [
        el("kbd", { text: "Esc" }),
        el("span", { text: "leave" }),
      ]),
    ]),
  ]);
  box.addEventListener("keydown", (event) => {
    event.stopPropagation(); // neither the grid's keys nor Streamlit's R and C are meant while writing
    if (event.key === "Escape") {
      event.preventDefault();
      close();
    } else if (event.target === area && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      keep();
    }
  });
  box.addEventListener("focusout", (event) => {
    const to = asElement(event.relatedTarget);
    if (to && !box.contains(to)) keep();
  });
  host.append(box);
  place(box, host, tile);
  area.focus({ preventScroll: true });
}

/** @param {HTMLElement} box @param {HTMLElement} host @param {HTMLElement|null} tile */
function place(box, host, tile) {
  if (!tile) return;
  const [inside, at] = [host.getBoundingClientRect(), tile.getBoundingClientRect()];
  const left = Math.max(4, Math.min(at.left - inside.left, inside.width - box.offsetWidth - 4));
  const below = at.bottom - inside.top + 4;
  const top = below + box.offsetHeight > inside.height ? at.bottom - inside.top - box.offsetHeight - 4 : below;
  Object.assign(box.style, { left: `${left}px`, top: `${Math.max(4, top)}px` });
}
