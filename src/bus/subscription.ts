/**
 * A listener on a topic: one cursor in each partition.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import type { Retry } from "../listener/backoff.ts";
import type { DelayQueue } from "../queue/delay_queue.ts";
import { Cursor, type CursorOwner, type Job } from "./cursor.ts";
import type { SubscriptionStats, TopicSubscription } from "./api.ts";
import type { Partition } from "./partition.ts";

/** What a subscription asks of its topic. */
export interface SubscriptionOwner {
  readonly partitions: readonly Partition[];
  readonly keyed: boolean;
  readonly maxHeld: number;
  readonly delays: DelayQueue<Job>;
  readonly closeCalls: number;
  random(): number;
  stopSignal(): AbortSignal;
  bury(subscription: string, event: NovaEvent, error: unknown, attempts: number): boolean;
  removed(subscription: Subscriber): void;
  /** A handler settled after its subscription had ended. */
  settledLate(subscription: Subscriber): void;
}

/** What was asked for, checked and total. */
export interface SubscriberOptions {
  readonly id: string;
  readonly from: "latest" | "earliest";
  readonly maxConcurrency: number;
  readonly retry: Retry;
}

/** The handle that `subscribe` answers. */
export class Subscriber implements TopicSubscription, CursorOwner {
  readonly id: string;
  readonly listener: Listener<NovaEvent>;
  readonly maxConcurrency: number;
  readonly maxHeld: number;
  readonly keyed: boolean;
  readonly retry: Retry;
  readonly delays: DelayQueue<Job>;
  readonly cursors: readonly Cursor[];
  readonly #owner: SubscriptionOwner;
  #active = true;
  #aborting: Disposable | undefined;

  constructor(owner: SubscriptionOwner, listener: Listener<NovaEvent>, options: SubscriberOptions) {
    this.#owner = owner;
    this.listener = listener;
    this.id = options.id;
    this.maxConcurrency = options.maxConcurrency;
    this.retry = options.retry;
    this.maxHeld = owner.maxHeld;
    this.keyed = owner.keyed;
    this.delays = owner.delays;
    this.cursors = owner.partitions.map((partition) => {
      const cursor = new Cursor(
        this,
        partition,
        options.from === "earliest" ? partition.oldest : partition.tail,
      );
      partition.attach(cursor);
      return cursor;
    });
  }

  get active(): boolean {
    return this.#active;
  }

  get closeCalls(): number {
    return this.#owner.closeCalls;
  }

  /** Whether a handler of it has not settled. */
  get running(): boolean {
    return this.cursors.some((cursor) => cursor.inFlight > 0);
  }

  random(): number {
    return this.#owner.random();
  }

  stopSignal(): AbortSignal {
    return this.#owner.stopSignal();
  }

  bury(event: NovaEvent, error: unknown, attempts: number): boolean {
    return this.#owner.bury(this.id, event, error, attempts);
  }

  settledLate(): void {
    this.#owner.settledLate(this);
  }

  /** Disposes something together with the subscription. */
  endsWith(disposable: Disposable): void {
    this.#aborting = disposable;
    if (!this.#active) disposable[Symbol.dispose]();
  }

  unsubscribe(): void {
    if (!this.#active) return;
    this.#active = false;
    for (const cursor of this.cursors) cursor.end();
    this.#aborting?.[Symbol.dispose]();
    this.#owner.removed(this);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  stats(): SubscriptionStats {
    const total = {
      id: this.id,
      offered: 0,
      succeeded: 0,
      deadLettered: 0,
      released: 0,
      queued: 0,
      held: 0,
      inFlight: 0,
      retries: 0,
    };
    for (const cursor of this.cursors) {
      total.offered += cursor.offered;
      total.succeeded += cursor.counts.succeeded;
      total.deadLettered += cursor.counts.deadLettered;
      total.released += cursor.released;
      total.queued += cursor.queued;
      total.held += cursor.held;
      total.inFlight += cursor.inFlight;
      total.retries += cursor.counts.retries;
    }
    return total;
  }
}
