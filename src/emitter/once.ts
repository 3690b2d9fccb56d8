/**
 * A promise of the next event, made of a subscription.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import { requireFunction, requireOptions, requireSignal } from "../internal/check.ts";
import type { Cell } from "./listener_table.ts";
import type { OnceOptions } from "./options.ts";

/**
 * Resolves with the first event that passes `where`. Rejects with the reason of the signal, with
 * what `where` threw, or with `closedError()` when the subscription ends before.
 */
export function nextEvent<Event extends Emitted>(
  options: OnceOptions<Event>,
  subscribe: (listener: Listener<Event>, signal: AbortSignal | undefined) => Cell,
  closedError: () => Error,
): Promise<Event> {
  return new Promise((resolve, reject) => {
    requireOptions("once", options);
    const { where, signal } = options;
    if (where !== undefined) requireFunction("where", where);
    requireSignal(signal);
    if (signal?.aborted === true) return reject(signal.reason);
    const cell = subscribe((event) => {
      try {
        if (where !== undefined && !where(event)) return;
        resolve(event);
      } catch (error) {
        reject(error);
      }
      cell.unsubscribe();
    }, signal);
    // Whatever else ends it finds the promise settled, or settles it.
    cell.endsWith({
      [Symbol.dispose]: () => reject(signal?.aborted === true ? signal.reason : closedError()),
    });
  });
}
