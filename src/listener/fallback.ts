/**
 * Something else to do with an event that a listener could not handle.
 */

import { TerminalError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import type { Listener, ListenerContext } from "../event/listener.ts";
import { requireFunction } from "../internal/check.ts";
import { withoutStack } from "../internal/quiet.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import { isTerminal } from "./causes.ts";

/** Handles an event instead, knowing what went wrong. */
export type Fallback<Event extends Emitted = Emitted> = (
  event: Event,
  context: ListenerContext,
  error: unknown,
) => void | Promise<void>;

/**
 * Calls `instead` with each event on which the listener failed. The event counts as handled then.
 *
 * If `instead` fails too, both failures are thrown, as one `AggregateError`; in a `TerminalError` if
 * the first said that trying again is useless.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events";
 * import { fallback } from "@nova/events/listener";
 *
 * const later: number[] = [];
 * const emitter = new Emitter<{ sms: number }>();
 * emitter.on("sms", fallback(() => {
 *   throw new Error("no network");
 * }, ({ data }) => void later.push(data)));
 * await emitter.emit("sms", 7);
 * console.log(later); // [ 7 ]
 * ```
 */
export function fallback<Event extends Emitted = Emitted>(
  listener: Listener<Event>,
  instead: Fallback<Event>,
): Listener<Event> {
  requireFunction("a listener", listener);
  requireFunction("a fallback", instead);
  const fallBack = (
    event: Event,
    context: ListenerContext,
    error: unknown,
  ): void | Promise<void> => {
    try {
      const result: unknown = instead(event, context, error);
      if (!isThenable(result)) return;
      return adopt(result).then(nothing, (thrown) => {
        throw both(error, thrown);
      });
    } catch (thrown) {
      throw both(error, thrown);
    }
  };
  const handle: Listener<Event> = (event, context) => {
    try {
      const result: unknown = listener(event, context);
      if (!isThenable(result)) return;
      return adopt(result).then(nothing, (error) => fallBack(event, context, error));
    } catch (error) {
      return fallBack(event, context, error);
    }
  };
  return Object.defineProperty(handle, "name", { value: listener.name, configurable: true });
}

function nothing(): void {}

function both(error: unknown, thrown: unknown): Error {
  return withoutStack(() => {
    const failures = new AggregateError([error, thrown], "The listener and its fallback failed");
    return isTerminal(error) ? new TerminalError(failures.message, { cause: failures }) : failures;
  });
}
