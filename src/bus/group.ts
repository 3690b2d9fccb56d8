/**
 * Several members that share one subscription: each event goes to one of them, in order per key.
 */

import { ConfigMismatchError } from "../errors.ts";
import type { Subscription } from "../event/listener.ts";
import type {
  ParkedKey,
  RedriveOptions,
  RedriveResult,
  SubscriptionStats,
  TopicSubscription,
} from "./api.ts";
import type { TopicListener } from "./context_api.ts";
import type { Job, Seats } from "./job.ts";
import { firstDifference } from "./settings.ts";
import { Subscriber, type SubscriberOptions, type SubscriptionOwner } from "./subscription.ts";

/** A member, as its group sees it. */
export interface Seat extends Subscription {
  readonly listener: TopicListener;
  /** How many events it may have at once, in each partition or over all. */
  readonly slots: number;
  /** Whether it can take nothing, from whatever partition. */
  readonly isFull: boolean;
  /** Whether it can take an event of a partition. */
  isFree(partition: number): boolean;
  /** It has an event of a partition that is not done yet. */
  occupy(partition: number, job: Job): void;
  /** It no longer has one. */
  vacate(partition: number): void;
  /** How many events it surely has in each of so many partitions. */
  inHand(partitions: number): number;
}

/** The options on which all members must agree. */
function sharedOf(options: SubscriberOptions): Pick<SubscriberOptions, "retry"> {
  const { id: _id, maxConcurrency: _own, from: _from, ...shared } = options;
  return shared;
}

/** Members behind one subscription. It ends with the last of them. */
export class Group implements Seats {
  /** What it is called; undefined for one that nobody else can join. */
  readonly name: string | undefined;
  readonly subscriber: Subscriber;
  readonly #options: SubscriberOptions;
  #seats: readonly Seat[] = [];
  /** Members that left with events in hand: those take nothing from the slots of the others. */
  readonly #leaving: Set<Seat> = new Set();
  #turn = 0;

  constructor(owner: SubscriptionOwner, name: string | undefined, options: SubscriberOptions) {
    this.name = name;
    this.#options = options;
    this.subscriber = new Subscriber(
      owner,
      (partition) => this.#listenerOf(partition),
      options,
      this,
    );
    this.subscriber.endsWith({
      [Symbol.dispose]: () => {
        for (const seat of this.#seats) seat.unsubscribe();
      },
    });
  }

  /** Refuses a member that would have the subscription otherwise. */
  requireSame(options: SubscriberOptions): void {
    const { leases } = this.#options;
    const option = leases === options.leases
      ? firstDifference(sharedOf(this.#options), sharedOf(options))
      : "consume";
    if (option === undefined) return;
    // What a lease lasts is its deadline.
    const given = leases && option === "deadlineMs" ? "ackWaitMs" : option;
    throw new ConfigMismatchError(`group "${this.name}"`, given);
  }

  /** Takes a member in. */
  join(seat: Seat): void {
    this.#seats = [...this.#seats, seat];
    this.refresh();
  }

  /** Lets a member go. What it has in hand it may finish. */
  leave(seat: Seat): void {
    this.#seats = this.#seats.filter((other) => other !== seat);
    this.#leaving.add(seat);
    if (this.#seats.length === 0) this.subscriber.unsubscribe();
    else this.refresh();
  }

  /** A member has more room than before, or less. */
  refresh(): void {
    const before = this.subscriber.maxConcurrency;
    const { partitions } = this.subscriber;
    let slots = this.#seats.reduce((sum, seat) => sum + seat.slots, 0);
    for (const seat of this.#leaving) {
      const inHand = seat.inHand(partitions);
      if (inHand === 0) this.#leaving.delete(seat);
      slots += inHand;
    }
    const isFull = this.#seats.every((seat) => seat.isFull);
    this.subscriber.maxConcurrency = isFull ? 0 : Math.min(slots, Number.MAX_SAFE_INTEGER);
    if (this.subscriber.maxConcurrency > before) this.subscriber.wake();
  }

  occupy(seat: Seat, partition: number, job: Job): void {
    seat.occupy(partition, job);
    if (seat.isFull) this.refresh();
  }

  vacate(seat: Seat, partition: number): void {
    const { isFull } = seat;
    seat.vacate(partition);
    if (isFull || this.#leaving.has(seat)) this.refresh();
  }

  #listenerOf(partition: number): TopicListener {
    return (event, context) => {
      const seat = this.#pick(partition);
      this.subscriber.seat = seat;
      return seat.listener(event, context);
    };
  }

  /** Whether one of these handles is a member. */
  hasOneOf(handles: ReadonlySet<Subscription>): boolean {
    return this.#seats.some((seat) => handles.has(seat));
  }

  /** The next member in turn that can take an event of the partition. */
  #pick(partition: number): Seat {
    const seats = this.#seats;
    for (let i = 0; i < seats.length; i++) {
      const seat = seats[this.#turn++ % seats.length]!;
      if (seat.isFree(partition)) return seat;
    }
    return seats[0]!;
  }
}

/** The handle of a member that is given its events. */
export class Member implements TopicSubscription, Seat {
  readonly id: string;
  readonly listener: TopicListener;
  readonly slots: number;
  /** Each partition has slots of its own. */
  readonly isFull = false;
  readonly #group: Group;
  readonly #busy: number[] = [];
  #active = true;
  #aborting: Disposable | undefined;

  constructor(group: Group, id: string, listener: TopicListener, slots: number) {
    this.#group = group;
    this.id = id;
    this.listener = listener;
    this.slots = slots;
    group.join(this);
  }

  get active(): boolean {
    return this.#active;
  }

  isFree(partition: number): boolean {
    return (this.#busy[partition] ?? 0) < this.slots;
  }

  occupy(partition: number): void {
    this.#busy[partition] = (this.#busy[partition] ?? 0) + 1;
  }

  vacate(partition: number): void {
    this.#busy[partition]! -= 1;
  }

  inHand(partitions: number): number {
    return Math.min(...Array.from({ length: partitions }, (_, index) => this.#busy[index] ?? 0));
  }

  /** Disposes something together with the membership. */
  endsWith(disposable: Disposable): void {
    this.#aborting = disposable;
    if (!this.#active) disposable[Symbol.dispose]();
  }

  get ready(): Promise<void> {
    return this.#group.subscriber.ready;
  }

  unsubscribe(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#aborting?.[Symbol.dispose]();
    this.#group.leave(this);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  stats(): SubscriptionStats {
    return this.#group.subscriber.stats();
  }

  parked(): ParkedKey[] {
    return this.#group.subscriber.parked();
  }

  release(key?: string | number): boolean {
    return this.#group.subscriber.release(key);
  }

  redrive(options?: RedriveOptions): RedriveResult {
    return this.#group.subscriber.redrive(options);
  }
}
