/** Assertions on what is thrown, and on classes. */

import { AssertionError, suffix } from "./assertion_error.ts";

/** Any class, whatever its constructor takes. */
type Class<T> = abstract new (...args: never[]) => T;

/** Fails unless the value is an error, of the class and with the message that are given. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: Class<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(`Expected "error" to be an Error object${suffix(msg)}`);
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor?.name}"${
        suffix(msg)
      }`,
    );
  }
  if (!msgMatches) return;
  const message = plain(error.message);
  const matches = msgMatches instanceof RegExp
    ? msgMatches.test(message)
    : message.includes(plain(msgMatches));
  if (matches) return;
  const wanted = msgMatches instanceof RegExp ? String(msgMatches) : JSON.stringify(msgMatches);
  throw new AssertionError(
    `Expected error message to include ${wanted}, but got ${JSON.stringify(error.message)}${
      suffix(msg)
    }`,
  );
}

/** Fails unless the function throws. Returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless the function throws an error of this class. Returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: Class<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error>(
  fn: () => unknown,
  classOrMsg?: Class<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    check(error, expected, "thrown");
    return thrown;
  }
  throw new AssertionError(`Expected function to throw${suffix(expected.msg)}`);
}

/** Fails unless the function returns a promise that rejects. Resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless the function returns a promise that rejects with an error of this class. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: Class<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: Class<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  let promise: unknown;
  try {
    promise = fn();
  } catch {
    // A synchronous throw is no rejection: a caller's `.catch()` would never see it.
  }
  if (!isPromiseLike(promise)) {
    throw new AssertionError(`Function throws when expected to reject${suffix(expected.msg)}`);
  }
  let reason: unknown;
  try {
    await promise;
  } catch (error) {
    reason = error;
    check(error, expected, "rejected");
    return reason;
  }
  throw new AssertionError(`Expected function to reject${suffix(expected.msg)}`);
}

/** Fails unless the value is an instance of the class. */
export function assertInstanceOf<T extends Class<unknown>>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const expected = `Expected object to be an instance of "${expectedType.name}"`;
  const found = kind(actual);
  let detail = ` but was "${found}"`;
  if (found === expectedType.name) detail = "";
  else if (found === "function") detail = " but was not an instanced object";
  throw new AssertionError(`${expected}${detail}${suffix(msg)}`);
}

/** Fails if the value is an instance of the class. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: Class<T>,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (!(actual instanceof unexpectedType)) return;
  throw new AssertionError(
    `Expected object to not be an instance of "${unexpectedType.name}"${suffix(msg)}`,
  );
}

interface Expectation<E extends Error> {
  readonly ErrorClass: Class<E> | undefined;
  readonly msgIncludes: string | undefined;
  readonly msg: string | undefined;
}

/** The two overloads as one record: a string in second place is the caller's own message. */
function expectation<E extends Error>(
  classOrMsg: Class<E> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): Expectation<E> {
  return typeof classOrMsg === "string"
    ? { ErrorClass: undefined, msgIncludes: undefined, msg: classOrMsg }
    : { ErrorClass: classOrMsg, msgIncludes, msg };
}

function check<E extends Error>(
  error: unknown,
  { ErrorClass, msgIncludes, msg }: Expectation<E>,
  how: "thrown" | "rejected",
): void {
  if (ErrorClass === undefined) return;
  if (!(error instanceof Error)) {
    throw new AssertionError(`A non-Error object was ${how}${suffix(msg)}`);
  }
  assertIsError(error, ErrorClass, msgIncludes, msg);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof Reflect.get(value, "then") === "function";
}

function kind(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "Object";
}

/** Without the colours of a terminal. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- the escape character is what is looked for
  return text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "");
}
