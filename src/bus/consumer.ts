/**
 * Events that are pulled: a member of a group that hands them out when it is asked.
 */

import type { NovaEvent } from "../event/event.ts";
import type { ListenerContext } from "../event/listener.ts";
import { RESOLVED } from "../internal/env.ts";
import type { TimeLimit } from "../queue/time_limits.ts";
import { LeasedDelivery } from "./delivery.ts";
import type { Group, Seat } from "./group.ts";
import type { Job } from "./job.ts";
import type { SubscriptionStats } from "./stats_api.ts";
import type { Consumer, Delivery } from "./subscription_api.ts";

interface Reader {
  readonly resolve: (result: IteratorResult<Delivery, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

const DONE: IteratorResult<Delivery, undefined> = { done: true, value: undefined };

/** The consumer behind the handle. */
export class PullConsumer implements Consumer, Seat {
  readonly id: string;
  readonly slots: number;
  readonly #group: Group;
  readonly #limit: TimeLimit<Job> | undefined;
  /** Deliveries that nobody has asked for yet; their leases have not begun. */
  #ahead: LeasedDelivery[] = [];
  readonly #readers: Reader[] = [];
  /** Deliveries that are not settled. */
  #open = 0;
  #newest: LeasedDelivery | undefined;
  #active = true;
  #failure: { readonly reason: unknown } | undefined;
  #aborting: Disposable | undefined;

  constructor(group: Group, id: string, prefetch: number, limit: TimeLimit<Job> | undefined) {
    this.#group = group;
    this.id = id;
    this.slots = prefetch;
    this.#limit = limit;
    group.join(this);
  }

  /** How the group gives it an event. */
  readonly listener = (event: NovaEvent, { attempt }: ListenerContext): Promise<void> => {
    const delivery = new LeasedDelivery(this.id, this.#limit, event, attempt);
    this.#newest = delivery;
    this.#ahead.push(delivery);
    if (this.#readers.length > 0) RESOLVED.then(this.#serve);
    return delivery.outcome;
  };

  get active(): boolean {
    return this.#active;
  }

  get isFull(): boolean {
    return this.#open >= this.slots;
  }

  isFree(): boolean {
    return !this.isFull;
  }

  occupy(_partition: number, job: Job): void {
    this.#open += 1;
    this.#newest!.job = job;
  }

  vacate(): void {
    this.#open -= 1;
  }

  inHand(): number {
    return this.#open;
  }

  next(): Promise<IteratorResult<Delivery, undefined>> {
    if (this.#failure !== undefined) {
      const { reason } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(reason);
    }
    if (!this.#active) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<Delivery, undefined>> {
    this.unsubscribe();
    this.#failure = undefined;
    return Promise.resolve(DONE);
  }

  /** Disposes something together with it. */
  endsWith(disposable: Disposable): void {
    this.#aborting = disposable;
    if (!this.#active) disposable[Symbol.dispose]();
  }

  /** Ends it; with a reason, the one who reads gets that. */
  end(failure?: { readonly reason: unknown }): void {
    if (!this.#active) return;
    this.#active = false;
    this.#aborting?.[Symbol.dispose]();
    this.#group.leave(this);
    // Others may have what nobody has asked for here.
    for (const delivery of this.#ahead.splice(0)) delivery.release();
    const [first, ...others] = this.#readers.splice(0);
    if (failure === undefined || first === undefined) {
      this.#failure = failure;
      first?.resolve(DONE);
    } else first.reject(failure.reason);
    for (const { resolve } of others) resolve(DONE);
  }

  unsubscribe(): void {
    const { failure } = this.#group.subscriber;
    this.end(failure === undefined ? undefined : { reason: failure });
  }

  stats(): SubscriptionStats {
    return this.#group.subscriber.stats();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  readonly #serve = (): void => {
    while (this.#readers.length > 0 && this.#ahead.length > 0) {
      const value = this.#ahead.shift()!;
      value.begin();
      this.#readers.shift()!.resolve({ done: false, value });
    }
  };
}
