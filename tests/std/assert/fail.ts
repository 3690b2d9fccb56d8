/** Assertions that always fail. */

import { AssertionError, suffix } from "./assertion_error.ts";

/** Fails. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

/** Marks a place that is not written yet. */
export function unimplemented(msg?: string): never {
  throw new AssertionError(`Unimplemented${suffix(msg)}`);
}

/** Marks a place that is never reached. */
export function unreachable(reason?: string): never {
  throw new AssertionError(`Unreachable${suffix(reason)}`);
}

/** Fails if it is ever called: the type checker has proved that it is not. */
export function assertNever(x: never, msg?: string): never {
  throw new AssertionError(msg ?? `Expect ${JSON.stringify(x)} to be of type never`);
}
