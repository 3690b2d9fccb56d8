/**
 * What the tests of the emitter share.
 *
 * @module
 */

import type { EmitterStats } from "@nova/events/emitter";
import { assert, assertEquals } from "@std/assert";

/** The events of the tests. */
export type Orders = {
  "order.placed": { readonly id: string; readonly total: number };
  "order.paid": { readonly id: string };
};

/** An order, to be placed. */
export const ORDER: Orders["order.placed"] = { id: "A-17", total: 42 };

/** What an event of an emitter may be called with in tests that do not care. */
export type Any = Record<string, unknown>;

/** Any emitter, whatever its events. */
export type Counting = { stats(): EmitterStats };

/** The counters of an event, without the listeners. */
export type Counts = Pick<
  EmitterStats,
  "emitted" | "succeeded" | "failed" | "queued" | "inFlight" | "dropped"
>;

/** The counters that take part in the conservation law. */
export function counts(emitter: Counting): Counts {
  const { emitted, succeeded, failed, queued, inFlight, dropped } = emitter.stats();
  return { emitted, succeeded, failed, queued, inFlight, dropped };
}

/** Fails unless every event is counted exactly once (I13), and none less than no times. */
export function assertConserved(emitter: Counting): void {
  const all = counts(emitter);
  const { emitted, succeeded, failed, queued, inFlight, dropped } = all;
  assertEquals(emitted, succeeded + failed + queued + inFlight + dropped, JSON.stringify(all));
  for (const [name, value] of Object.entries(all)) assert(value >= 0, `${name} is ${value}`);
}

/** A thenable out of a function: foreign, and not to be trusted. */
export function thenable(
  then: (done: (value?: unknown) => void, failed: (reason: unknown) => void) => void,
): Promise<void> {
  return { then } as unknown as Promise<void>;
}

/** The reason of a rejection; fails if there is none. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (reason) {
    return reason;
  }
  throw new Error(`it resolved to ${String(value)}`);
}

/**
 * What a call answers or throws, as a promise of its own. A rejection is taken over in this turn:
 * workerd reports one that nobody looks at by then.
 */
export async function attempt(call: () => unknown): Promise<unknown> {
  return await call();
}

/** Whether a promise is still open after a few turns. */
export async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol();
  const settled = promise.then(() => undefined, () => undefined);
  // Several turns, so that what hangs together has settled, too.
  for (let i = 0; i < 10; i++) await undefined;
  return await Promise.race([settled, Promise.resolve(open)]) === open;
}
