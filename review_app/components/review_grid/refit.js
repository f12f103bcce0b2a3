/** Pages follow the window and the size of the tiles. Pure. */

/** @import { Page } from "./types.js" */

/**
 * Divide the current page, and what came together with it and follows, anew, so that every page fits: a face outside of
 * the window is on a page of its own, which no key reaches from this one.
 * @param {Page[]} kept changes
 * @param {number} current place of the current page
 * @param {(faces: number) => number} holds how many of so many faces fit on a page
 * @param {number} at place on the current page of the face that stays on screen
 * @returns {{current: number, at: number, more: number}|null} where that face is now, and how many numbered pages more
 *   there are; null: all stay as they were
 */
export function divided(kept, current, holds, at) {
  const page = kept[current];
  let end = current + 1;
  while (kept[end]?.batch === page.batch) end += 1;
  const before = kept.slice(current, end);
  const faces = before.flatMap((one) => one.faces);
  const size = Math.max(1, Math.min(faces.length, holds(faces.length)));
  const parts = Array.from({ length: Math.ceil(faces.length / size) }, (_, part) => faces.slice(part * size, (part + 1) * size));
  if (parts.length === before.length && parts.every((part, place) => part.length === before[place].faces.length)) return null;
  const place = Math.max(0, Math.min(faces.length - 1, at));
  const shown = Math.floor(place / size);
  const numbered = page.kind === "queue";
  const first = before[0].number;
  const after = parts.map((part, n) => {
    const made = { ...page, number: numbered ? first + n : first, focus: 0, faces: part };
    return n === shown ? Object.assign(page, made) : made;
  });
  kept.splice(current, before.length, ...after);
  const more = numbered ? after.length - before.length : 0;
  for (const one of kept.slice(current + after.length)) one.number += more;
  return { current: current + shown, at: place % size, more };
}
