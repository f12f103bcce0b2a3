/** How long to wait before what failed is tried again. */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30000;

/**
 * The wait before try number n in milliseconds: doubling, with jitter so that many tabs do not come back in step.
 * @param {number} tries
 * @param {() => number} random
 */
export function waitMs(tries, random = Math.random) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries) * (0.5 + random() / 2);
}
