/**
 * A thin stand-in for `@std/testing/bdd`: the same words, carried out by `node:test`, which is
 * what every runtime of the suite has (on workerd: the registrar of the suite).
 *
 * @module
 */

import { after, afterEach, before, beforeEach, describe, it } from "node:test";

export { after, afterEach, before, beforeEach, describe, it };

/** The same as {@linkcode before}. */
export const beforeAll: typeof before = before;

/** The same as {@linkcode after}. */
export const afterAll: typeof after = after;

/** The same as {@linkcode it}. */
export const test: typeof it = it;
