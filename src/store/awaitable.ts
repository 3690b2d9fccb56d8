/** Going on with what may be there at once, without a promise where there is none. */

import type { Awaitable } from "./driver.ts";

/** Goes on with a value now, or when it comes. */
export function andThen<From, To>(
  value: Awaitable<From>,
  next: (value: From) => Awaitable<To>,
): Awaitable<To> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Runs something that may throw or answer at once, as a promise. */
export function promised<To>(run: () => Awaitable<To>): Promise<To> {
  try {
    return Promise.resolve(run());
  } catch (error) {
    return Promise.reject(error);
  }
}

/** All of them, now if they are there. */
export function allOf<Value>(values: readonly Awaitable<Value>[]): Awaitable<readonly Value[]> {
  return values.some((value) => value instanceof Promise)
    ? Promise.all(values)
    : values as readonly Value[];
}
