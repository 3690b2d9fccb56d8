/**
 * What the cases of the store contract share: a store made for one case, a clock that can be moved,
 * and checks without a test framework.
 */

import type { NovaError } from "../../errors.ts";
import { type Env, systemEnv } from "../../internal/env.ts";
import type { StoreOptions } from "../../store/api.ts";
import type { Capabilities } from "../../store/driver.ts";
import type { Store } from "../../store/store.ts";

/** The events of the contract. */
export type ContractEvents = Record<string, unknown>;

/** A store over any driver; what effects get differs from one to the other. */
export type AnyStore = Store<ContractEvents, never>;

/** Makes an empty store. The suite closes it. */
export type MakeStore = (options: StoreOptions) => AnyStore | Promise<AnyStore>;

/** A case of the contract. */
export interface ContractCase {
  /** What must hold. */
  readonly name: string;
  /** Rejects if it does not. */
  readonly run: () => Promise<void>;
}

/** Makes stores for one case, and knows what the driver says it can do. */
export interface World {
  readonly capabilities: Capabilities;
  readonly env: MovedEnv;
  store(options?: StoreOptions): Promise<AnyStore>;
  /** One that its first call opens. */
  unopened(options?: StoreOptions): Promise<AnyStore>;
}

/** The real world with a wall clock that the case moves. */
export class MovedEnv implements Env {
  /** Milliseconds added to the wall clock. */
  shift = 0;
  readonly reported: unknown[] = [];

  now(): number {
    return systemEnv.now() + this.shift;
  }

  coarse(): number {
    return this.now();
  }

  monotonic(): number {
    return systemEnv.monotonic();
  }

  setTimer(fn: () => void, ms: number, options?: { readonly ref?: boolean }): Disposable {
    return systemEnv.setTimer(fn, ms, options);
  }

  defer(fn: () => void): Disposable {
    return systemEnv.defer(fn);
  }

  onAbort(signal: AbortSignal, fn: () => void): Disposable {
    return systemEnv.onAbort(signal, fn);
  }

  random(): number {
    return systemEnv.random();
  }

  id(): string {
    return systemEnv.id();
  }

  report(error: unknown): void {
    this.reported.push(error);
  }
}

/** An event with a number. */
export function counted(data: unknown, id?: string): {
  readonly type: "counted";
  readonly data: unknown;
  readonly id?: string;
} {
  return id === undefined ? { type: "counted", data } : { type: "counted", data, id };
}

/** Fails unless two values print the same JSON. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== wanted) throw new Error(`${what}: ${is} instead of ${wanted}`);
}

/** Fails unless it rejects with an error of Nova of this code. */
export async function rejects(
  promise: Promise<unknown>,
  code: string,
  what: string,
): Promise<NovaError> {
  try {
    await promise;
  } catch (error) {
    const { code: actual } = Object(error) as { code?: unknown };
    if (actual === code) return error as NovaError;
    throw new Error(`${what}: it rejected with ${String(error)} instead of "${code}"`, {
      cause: error,
    });
  }
  throw new Error(`${what}: it did not reject with "${code}"`);
}

/** The data of events. */
export function dataOf(events: readonly { readonly data: unknown }[]): unknown[] {
  return events.map(({ data }) => data);
}
