/**
 * One event on its way to the listeners of its channel.
 *
 * The way where nothing went wrong and nothing was asynchronous allocates nothing. A `Delivery` is
 * made when the first listener fails or returns a promise.
 */

import { ListenerError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import type { Cell, Channel } from "./listener_table.ts";

/** What a delivery tells its emitter. */
export interface DeliveryOwner {
  /** A listener failed; true when `onError` took care of it. */
  failed(error: ListenerError): boolean;
  /** All listeners are done; `failures` counts those that failed, also the handled ones. */
  finished(delivery: Delivery): void;
}

/** What became of an event when that was not plain success at once. */
export class Delivery {
  readonly event: Emitted;
  /** How many listeners failed. */
  failures = 0;
  /** Whether listeners are still running after the turn that started them. */
  running = false;
  /** Whether one of its listeners called `close`, which then does not wait for it. */
  exempt = false;
  /** Called once when all are done, with the failure that nobody handled, if any. */
  onDone: ((error: unknown, failed: boolean) => void) | undefined;
  readonly #owner: DeliveryOwner;
  #unhandled: ListenerError[] | undefined;
  /** One for each listener that has not settled, and one for the turn that starts them. */
  #open = 1;

  constructor(owner: DeliveryOwner, event: Emitted) {
    this.#owner = owner;
    this.event = event;
  }

  /** A listener threw or rejected. */
  fail(cell: Cell, cause: unknown): void {
    this.failures += 1;
    cell.failures += 1;
    const error = new ListenerError(cell.id, this.event, cause);
    if (!this.#owner.failed(error)) (this.#unhandled ??= []).push(error);
  }

  /** A listener returned a promise. */
  wait(cell: Cell, promise: PromiseLike<unknown>): void {
    const adopted = adopt(promise);
    this.#open += 1;
    adopted.then(this.#settled, (cause) => {
      this.fail(cell, cause);
      this.#settled();
    });
  }

  /** Every listener has been started. */
  started(): void {
    this.running = this.#open > 1;
    this.#settled();
  }

  /** What `emit` answers. */
  promise(): Promise<void> {
    if (!this.running) {
      const error = this.#error();
      return error === undefined ? Promise.resolve() : Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.onDone = (error, failed) => failed ? reject(error) : resolve();
    });
  }

  readonly #settled = (): void => {
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#owner.finished(this);
    const error = this.#error();
    this.onDone?.(error, error !== undefined);
  };

  #error(): unknown {
    const unhandled = this.#unhandled;
    if (unhandled === undefined) return undefined;
    if (unhandled.length === 1) return unhandled[0];
    return new AggregateError(
      unhandled,
      `${unhandled.length} listeners failed on "${this.event.type}"`,
    );
  }
}

/**
 * Calls every listener of the channel in the order they subscribed, also after one failed. Answers
 * undefined when all were synchronous and succeeded.
 */
export function dispatch(
  owner: DeliveryOwner,
  channel: Channel,
  event: Emitted,
): Delivery | undefined {
  const { cells } = channel;
  // Listeners that subscribe meanwhile are appended behind this end.
  const end = cells.length;
  let delivery: Delivery | undefined;
  let next = 0;
  channel.hits += 1;
  while (next < end) {
    try {
      // One `try` for all: a failure leaves the loop and comes back behind the listener that failed.
      for (; next < end; next++) {
        const cell = cells[next]!;
        const { fn } = cell;
        const result: unknown = fn(event, cell.context);
        if (result !== undefined && isThenable(result)) {
          (delivery ??= new Delivery(owner, event)).wait(cell, result);
        }
      }
    } catch (cause) {
      (delivery ??= new Delivery(owner, event)).fail(cells[next]!, cause);
      next += 1;
    }
  }
  delivery?.started();
  return delivery;
}
