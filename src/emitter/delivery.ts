/**
 * One event on its way to the listeners of its channel.
 *
 * The way where nothing went wrong and nothing was asynchronous allocates nothing. A `Delivery` is
 * made when the first listener fails or returns a promise.
 */

import { ListenerError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import { keep } from "../event/pool.ts";
import type { Roster } from "../internal/roster.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import type { Cell, Channel } from "./listener_table.ts";

/** What a delivery tells its emitter. */
export interface DeliveryOwner {
  /** Who is at work, if somebody wants to know. */
  readonly roster: Roster | undefined;
  /** A listener failed; true when `onError` took care of it. */
  failed(error: ListenerError): boolean;
  /** Nobody listened to an event. */
  unheard(): void;
  /** All listeners are done; `failures` counts those that failed, also the handled ones. */
  finished(delivery: Delivery): void;
}

/** What became of an event when that was not plain success at once. */
export class Delivery {
  readonly event: Emitted;
  readonly channel: Channel;
  /** How many listeners failed. */
  failures = 0;
  /** Whether listeners are still running after the turn that started them. */
  running = false;
  /** Whether one of its listeners called `close`, which then does not wait for it. */
  exempt = false;
  readonly #owner: DeliveryOwner;
  #unhandled: ListenerError[] | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  /** One for each listener that has not settled, and one for the turn that starts them. */
  #open = 1;

  constructor(owner: DeliveryOwner, event: Emitted, channel: Channel) {
    this.#owner = owner;
    this.event = event;
    this.channel = channel;
  }

  /** A listener threw or rejected. */
  fail(cell: Cell, cause: unknown): void {
    this.failures += 1;
    (cell.group ?? cell).failures += 1;
    const error = new ListenerError(cell.id, keep(this.event), cause);
    if (!this.#owner.failed(error)) (this.#unhandled ??= []).push(error);
  }

  /** A listener returned a promise. */
  wait(cell: Cell, promise: PromiseLike<unknown>): void {
    const adopted = adopt(promise);
    const handle = cell.group ?? cell;
    const { roster } = this.#owner;
    const duty = roster?.begin(handle, 1);
    this.#open += 1;
    handle.inFlight += 1;
    adopted.then(() => {
      handle.inFlight -= 1;
      roster?.end(duty);
      this.#settled();
    }, (cause) => {
      handle.inFlight -= 1;
      roster?.end(duty);
      this.fail(cell, cause);
      this.#settled();
    });
  }

  /** Every listener has been started. */
  started(): void {
    this.running = this.#open > 1;
    this.#settled();
  }

  /** The failure that nobody handled, once all are done. */
  get error(): ListenerError | AggregateError | undefined {
    const unhandled = this.#unhandled;
    if (unhandled === undefined || unhandled.length === 1) return unhandled?.[0];
    return new AggregateError(
      unhandled,
      `${unhandled.length} listeners failed on "${this.event.type}"`,
    );
  }

  /** Settles when all are done. Only for a delivery that is running. */
  promise(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  readonly #settled = (): void => {
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#owner.finished(this);
    const { error } = this;
    if (error === undefined) this.#resolve?.();
    else this.#reject?.(error);
  };
}

/** A listener answered with something: a promise is waited for, anything else means nothing. */
export function answered(
  owner: DeliveryOwner,
  delivery: Delivery | undefined,
  event: Emitted,
  cell: Cell,
  result: unknown,
): Delivery | undefined {
  if (!isThenable(result)) return delivery;
  delivery ??= new Delivery(owner, event, cell.channel);
  delivery.wait(cell, result);
  return delivery;
}

/** A listener threw. */
export function failed(
  owner: DeliveryOwner,
  delivery: Delivery | undefined,
  event: Emitted,
  cell: Cell,
  cause: unknown,
): Delivery {
  delivery ??= new Delivery(owner, event, cell.channel);
  delivery.fail(cell, cause);
  return delivery;
}

/** Calls the listeners from `next` to `end`, and ends what was begun before them. */
export function dispatchRest(
  owner: DeliveryOwner,
  event: Emitted,
  cells: readonly Cell[],
  next: number,
  end: number,
  delivery: Delivery | undefined,
): Delivery | undefined {
  while (next < end) {
    try {
      // One `try` for all: a failure leaves the loop and comes back behind the listener that failed.
      for (; next < end; next++) {
        const cell = cells[next]!;
        const { fn } = cell;
        const result: unknown = fn(event, cell);
        if (result !== undefined) delivery = answered(owner, delivery, event, cell, result);
      }
    } catch (cause) {
      delivery = failed(owner, delivery, event, cells[next]!, cause);
      next += 1;
    }
  }
  delivery?.started();
  return delivery;
}
