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
