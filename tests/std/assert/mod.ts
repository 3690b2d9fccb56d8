/**
 * A thin stand-in for `@std/assert`: the names, signatures and semantics a test suite needs.
 *
 * JSR cannot be reached from every machine that must build Nova. The tests beside this
 * folder use public names only, so the same file runs against the real package
 * (`deno task test:jsr`) and shows a difference if there is one.
 *
 * @module
 */

export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
export {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertNotEquals,
  assertNotStrictEquals,
  assertStrictEquals,
} from "./values.ts";
export {
  assertInstanceOf,
  assertIsError,
  assertNotInstanceOf,
  assertRejects,
  assertThrows,
} from "./errors.ts";
export {
  assertArrayIncludes,
  assertMatch,
  assertNotMatch,
  assertObjectMatch,
  assertStringIncludes,
} from "./match.ts";
export { assertNever, fail, unimplemented, unreachable } from "./fail.ts";
