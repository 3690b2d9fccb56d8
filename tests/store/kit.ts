/**
 * What the tests of the store share.
 *
 * @module
 */

/** Events that are a number. */
export type Numbers = { n: number };

/** An event that is a number. */
export function n(data: number): { readonly type: "n"; readonly data: number } {
  return { type: "n", data };
}

/** The figures of a store that nothing happened to. */
export const NO_STATS = {
  name: "store",
  events: 0,
  streams: 0,
  followers: 0,
  head: 0,
  oldest: 1,
  bytes: 0,
  retained: false,
  skipped: 0,
  queued: 0,
};
