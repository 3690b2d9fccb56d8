/** Assertions on recorded calls. `any` is that of the real signatures. */
// deno-lint-ignore-file no-explicit-any

import { assertEquals, AssertionError, assertIsError, assertRejects } from "../assert/mod.ts";
import type { SpyCall, SpyLike } from "./spy.ts";

/** What a call is expected to look like; what is left out is not looked at. */
export interface ExpectedSpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  /** What the function was called with. */
  args?: [...Args, ...unknown[]];
  /** The object it was called on. */
  self?: Self;
  /** What it returned, or what its promise resolved to. */
  returned?: Return;
  /** What it threw, or what its promise rejected with. */
  error?: {
    /** The class of the error. */
    Class?: new (...args: any[]) => Error;
    /** A part of its message. */
    msgIncludes?: string;
  };
}

/** Fails unless the spy was called exactly so many times. */
export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: SpyLike<Self, Args, Return>,
  expectedCalls: number,
): void {
  const headline = spy.calls.length < expectedCalls
    ? "spy not called as much as expected"
    : "spy called more than expected";
  expectEqual(spy.calls.length, expectedCalls, headline);
}

/** Fails unless there was such a call, and it was as expected. */
export function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: SpyLike<Self, Args, Return>,
  callIndex: number,
  expected?: ExpectedSpyCall<Self, Args, Return>,
): void {
  const call = callOf(spy, callIndex);
  if (expected === undefined) return;
  checkArgsAndSelf(call, expected);
  if ("returned" in expected) {
    refuseBoth(expected);
    if (call.error !== undefined) {
      throw new AssertionError("spy call did not return expected value, an error was thrown.");
    }
    expectEqual(call.returned, expected.returned, "spy call did not return expected value");
  }
  if ("error" in expected) {
    if ("returned" in call) {
      throw new AssertionError("spy call did not throw an error, a value was returned.");
    }
    assertIsError(call.error, expected.error?.Class, expected.error?.msgIncludes);
  }
}

/** Fails unless there was such a call, it returned a promise, and that settled as expected. */
export async function assertSpyCallAsync<Self, Args extends unknown[], Return>(
  spy: SpyLike<Self, Args, Promise<Return>>,
  callIndex: number,
  expected?: ExpectedSpyCall<Self, Args, Promise<Return> | Return>,
): Promise<void> {
  const call = callOf(spy, callIndex);
  if (expected !== undefined) checkArgsAndSelf(call, expected);
  if (call.error !== undefined) {
    throw new AssertionError("spy call did not return a promise, an error was thrown.");
  }
  if (!(call.returned instanceof Promise)) {
    throw new AssertionError("spy call did not return a promise, a value was returned.");
  }
  if (expected === undefined) return;
  if ("returned" in expected) {
    refuseBoth(expected);
    const wanted = await settled(expected.returned, () => {
      return new TypeError("do not expect rejected promise, expect error instead");
    });
    const actual = await settled(call.returned, () => {
      return new AssertionError("spy call returned promise was rejected");
    });
    expectEqual(actual, wanted, "spy call did not resolve to expected value");
  }
  if ("error" in expected) {
    const { Class = Error, msgIncludes = "" } = expected.error ?? {};
    await assertRejects(() => Promise.resolve(call.returned), Class, msgIncludes);
  }
}

/** Fails unless one argument of a call is as expected. Returns the argument. */
export function assertSpyCallArg<Self, Args extends unknown[], Return, ExpectedArg>(
  spy: SpyLike<Self, Args, Return>,
  callIndex: number,
  argIndex: number,
  expected: ExpectedArg,
): ExpectedArg {
  const arg = callOf(spy, callIndex).args[argIndex];
  assertEquals(arg, expected);
  return arg;
}

/** Fails unless the arguments of a call are as expected. Returns the arguments. */
export function assertSpyCallArgs<Self, Args extends unknown[], Return, Expected extends unknown[]>(
  spy: SpyLike<Self, Args, Return>,
  callIndex: number,
  expected: Expected,
): Expected;
/** Fails unless the arguments from `argsStart` on are as expected. */
export function assertSpyCallArgs<Self, Args extends unknown[], Return, Expected extends unknown[]>(
  spy: SpyLike<Self, Args, Return>,
  callIndex: number,
  argsStart: number,
  expected: Expected,
): Expected;
/** Fails unless the arguments from `argsStart` up to `argsEnd` are as expected. */
export function assertSpyCallArgs<Self, Args extends unknown[], Return, Expected extends unknown[]>(
  spy: SpyLike<Self, Args, Return>,
  callIndex: number,
  argsStart: number,
  argsEnd: number,
  expected: Expected,
): Expected;
export function assertSpyCallArgs(
  spy: SpyLike,
  callIndex: number,
  ...rest: readonly (number | unknown[])[]
): unknown[] {
  const [start, end] = rest.filter((value) => typeof value === "number");
  const args = callOf(spy, callIndex).args.slice(start ?? 0, end);
  assertEquals(args, rest.at(-1));
  return args;
}

function callOf(spy: SpyLike<any, any, any>, callIndex: number): SpyCall {
  const call = spy.calls[callIndex];
  if (call === undefined) throw new AssertionError("spy not called as much as expected");
  return call;
}

function checkArgsAndSelf(call: SpyCall, expected: ExpectedSpyCall): void {
  if (expected.args !== undefined) {
    expectEqual(call.args, expected.args, "spy not called with expected args");
  }
  if ("self" in expected) {
    const headline = expected.self
      ? "spy not called as method on expected self"
      : "spy not expected to be called as method on object";
    expectEqual(call.self, expected.self, headline);
  }
}

function refuseBoth(expected: ExpectedSpyCall): void {
  if ("error" in expected) {
    throw new TypeError("do not expect error and return, only one should be expected");
  }
}

/** `assertEquals` under another headline. */
function expectEqual(actual: unknown, expected: unknown, headline: string): void {
  try {
    assertEquals(actual, expected);
  } catch (error) {
    assertIsError(error);
    throw new AssertionError(`${headline}:\n${error.message.split("\n").slice(1).join("\n")}`);
  }
}

async function settled(value: unknown, ifRejected: () => Error): Promise<unknown> {
  try {
    return await value;
  } catch {
    throw ifRejected();
  }
}
