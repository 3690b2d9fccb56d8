/** Ready-made fakes for stubs. The `any` defaults are those of the real signatures. */
// deno-lint-ignore-file no-explicit-any

import { MockError } from "./spy.ts";

/** A function that returns the object it is called on. */
export function returnsThis<Self = any, Args extends unknown[] = any[]>(): (
  this: Self,
  ...args: Args
) => Self {
  return function (this: Self): Self {
    return this;
  };
}

/** A function that returns one of its arguments. */
export function returnsArg<Arg, Self = any>(
  idx: number,
): (this: Self, ...args: Arg[]) => Arg | undefined {
  return (...args: Arg[]): Arg | undefined => args[idx];
}

/** A function that returns its arguments, or those from `start` up to `end`. */
export function returnsArgs<Args extends unknown[], Self = any>(
  start = 0,
  end?: number,
): (this: Self, ...args: Args) => Args {
  return (...args: Args): Args => args.slice(start, end) as Args;
}

/** A function that returns one value after the other, and throws those that are errors. */
export function returnsNext<Return, Self = any, Args extends unknown[] = any[]>(
  values: Iterable<Return | Error>,
): (this: Self, ...args: Args) => Return {
  const iterator = values[Symbol.iterator]();
  let calls = 0;
  return (): Return => {
    const next = iterator.next();
    if (next.done) throw tooManyCalls(calls);
    calls++;
    if (next.value instanceof Error) throw next.value;
    return next.value;
  };
}

/** A function that resolves to one value after the other, and rejects with those that are errors. */
export function resolvesNext<Return, Self = any, Args extends unknown[] = any[]>(
  iterable:
    | Iterable<Return | Error | Promise<Return | Error>>
    | AsyncIterable<Return | Error | Promise<Return | Error>>,
): (this: Self, ...args: Args) => Promise<Return> {
  const values = (async function* (): AsyncGenerator<Return | Error> {
    yield* iterable;
  })();
  let calls = 0;
  return async (): Promise<Return> => {
    const next = await values.next();
    if (next.done) throw tooManyCalls(calls);
    calls++;
    if (next.value instanceof Error) throw next.value;
    return next.value;
  };
}

function tooManyCalls(calls: number): MockError {
  return new MockError(`Not expected to be called more than ${calls} time(s)`);
}
