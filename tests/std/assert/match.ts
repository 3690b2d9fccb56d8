/** Assertions on a part of a value. */

import { AssertionError, suffix } from "./assertion_error.ts";
import { describeDifference } from "./diff.ts";
import { equal } from "./equal.ts";
import { format } from "./format.ts";

/** Fails unless the text matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`,
  );
}

/** Fails if the text matches. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not match: "${expected}"${suffix(msg)}`,
  );
}

/** Fails unless the text contains the other. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`,
  );
}

/** Fails unless every expected item is deeply equal to one of the actual ones. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
): void {
  const items = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !items.some((one) => equal(item, one)));
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected actual: "${format(actual)}" to include "${format(expected)}"${
      suffix(msg)
    }\nmissing: ${format(missing)}`,
  );
}

/** Fails unless the actual object has, deeply, all that the expected one has. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- the real signature: it accepts interfaces, unlike unknown
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  for (const operand of [actual, expected]) {
    if (!isObject(operand)) {
      throw new TypeError(
        `Cannot assertObjectMatch ${operand === null ? null : `type ${typeof operand}`}`,
      );
    }
  }
  if (contains(actual, expected, new Map())) return;
  throw new AssertionError(
    `Values are not equal${suffix(msg)}${describeDifference(actual, expected)}`,
  );
}

/** Containers may have more than is asked for; everything else is compared whole. */
function contains(actual: unknown, expected: unknown, seen: Map<object, object>): boolean {
  if (!isObject(actual) || !isObject(expected) || isWhole(expected)) return equal(actual, expected);
  if (seen.get(actual) === expected) return true;
  seen.set(actual, expected);
  if (expected instanceof Map) {
    if (!(actual instanceof Map)) return false;
    return [...expected].every(([key, value]) =>
      actual.has(key) && contains(actual.get(key), value, seen)
    );
  }
  if (expected instanceof Set) {
    return actual instanceof Set && [...expected].every((value) => actual.has(value));
  }
  if (Array.isArray(expected)) {
    return Array.isArray(actual) && actual.length >= expected.length &&
      expected.every((value, index) => contains(actual[index], value, seen));
  }
  return Reflect.ownKeys(expected).every((key) =>
    Object.hasOwn(actual, key) &&
    contains(Reflect.get(actual, key), Reflect.get(expected, key), seen)
  );
}

function isWhole(value: object): boolean {
  return value instanceof RegExp || value instanceof Date || value instanceof URL ||
    ArrayBuffer.isView(value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
