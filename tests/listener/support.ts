/**
 * What the cases of this folder share: a context as an emitter hands it over, and handlers to steer.
 *
 * @module
 */

import type { Emitted, ListenerContext } from "@nova/events/listener";
import type { SupervisedStats } from "@nova/events/listener";
import { assertEquals } from "@std/assert";

export const EVENT: Emitted<"order.placed", number> = { type: "order.placed", data: 1 };

/** The context of a delivery, with a signal of its own. */
export function contextOf(signal: AbortSignal = new AbortController().signal): ListenerContext {
  return {
    signal,
    attempt: 1,
    subscription: { id: "test", active: true, unsubscribe() {}, [Symbol.dispose]() {} },
  };
}

/** A promise and the means to settle it. */
export interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function deferred(): Deferred {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** How a call of a listener came out, whichever way it answers. */
export interface Outcome {
  state: "pending" | "ok" | "failed";
  error?: unknown;
}

/** Calls, and keeps the outcome: a listener may throw at once, return, or answer a promise. */
export function outcomeOf(call: () => void | Promise<void>): Outcome {
  const outcome: Outcome = { state: "pending" };
  try {
    const result = call();
    if (result === undefined) outcome.state = "ok";
    else {
      result.then(() => {
        outcome.state = "ok";
      }, (error) => {
        outcome.state = "failed";
        outcome.error = error;
      });
    }
  } catch (error) {
    outcome.state = "failed";
    outcome.error = error;
  }
  return outcome;
}

/** I13: every event offered is in exactly one place. */
export function assertConserved(stats: SupervisedStats): void {
  const { succeeded, failed, deadLettered, rejected, released } = stats;
  const { queued, delayed, inFlight, burying, offered } = stats;
  assertEquals(
    succeeded + failed + deadLettered + rejected + released + queued + delayed + inFlight + burying,
    offered,
    `I13: ${JSON.stringify(stats)}`,
  );
}
