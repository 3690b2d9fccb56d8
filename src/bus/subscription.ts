/**
 * A listener on a topic: one cursor in each partition.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Listener, Subscription } from "../event/listener.ts";
import type { Retry } from "../listener/backoff.ts";
import type { Timing } from "../metrics/timing.ts";
import type { DelayQueue } from "../queue/delay_queue.ts";
import type { TimeLimit, TimeLimits } from "../queue/time_limits.ts";
import type {
  Key,
  OnFailure,
  ParkedKey,
  RedriveOptions,
  RedriveResult,
  SubscriptionStats,
  TopicSubscription,
} from "./api.ts";
import { Cursor } from "./cursor.ts";
import type { Group } from "./group.ts";
import type { CloseCalls, CursorOwner, Failure, Job } from "./job.ts";
import type { Partition } from "./partition.ts";

/** What a subscription asks of its topic. */
export interface SubscriptionOwner {
  /** The name of the topic. */
  readonly topic: string;
  readonly partitions: readonly Partition[];
  newTiming(): Timing | undefined;
  readonly delays: DelayQueue<Job>;
  readonly limits: TimeLimits<Job>;
  readonly calls: CloseCalls;
  random(): number;
  /** Whether somebody keeps account of what its cursors have in hand. */
  readonly keepsAccount: boolean;
  /** Resolves when a subscription has its place. */
  readonly ready: Promise<void>;
  stopSignal(): AbortSignal;
  bury(failure: Failure): boolean | Promise<boolean>;
  keyOf(event: NovaEvent): Key;
  hashOf(event: NovaEvent): number;
  redrive(subscription: Subscriber, options: RedriveOptions): RedriveResult;
  /** A cursor began to read here. */
  joined(cursor: Cursor): void;
  removed(subscription: Subscriber): void;
  /** A handler settled after its cursor had ended. */
  settledLate(cursor: Cursor): void;
}

/** What was asked for, checked and total. */
export interface SubscriberOptions {
  readonly id: string;
  readonly from: "latest" | "earliest";
  readonly maxConcurrency: number;
  readonly retry: Retry;
  readonly onFailure: OnFailure;
  readonly deadlineMs: number;
  readonly abandonMs: number;
}

/** The handle that `subscribe` answers. */
export class Subscriber implements TopicSubscription, CursorOwner {
  readonly id: string;
  maxConcurrency: number;
  readonly retry: Retry;
  readonly onFailure: OnFailure;
  readonly deadlineMs: number;
  readonly abandonMs: number;
  /** Its members, if it is shared. */
  readonly group: Group | undefined;
  /** Whose handler is called: its own, or that of a member. */
  seat: Subscription = this;
  readonly delays: DelayQueue<Job>;
  readonly limit: TimeLimit<Job> | undefined;
  readonly #listenerOf: (partition: number) => Listener<NovaEvent>;
  readonly #timing: Timing | undefined;
  readonly #from: "latest" | "earliest";
  #cursors: readonly Cursor[] = [];
  /** The topic of its name; another one after that was deleted and declared again. */
  #owner: SubscriptionOwner;
  /** What its cursors counted in topics that are deleted. */
  readonly #before: Tally = newTally();
  #active = true;
  #aborting: Disposable | undefined;

  constructor(
    owner: SubscriptionOwner,
    listenerOf: (partition: number) => Listener<NovaEvent>,
    options: SubscriberOptions,
    group?: Group,
  ) {
    this.#owner = owner;
    const timing = owner.newTiming();
    this.#timing = timing;
    this.#listenerOf = timing === undefined
      ? listenerOf
      : (partition) => timing.around(listenerOf(partition) as Listener) as Listener<NovaEvent>;
    this.group = group;
    this.id = options.id;
    this.maxConcurrency = options.maxConcurrency;
    this.retry = options.retry;
    this.onFailure = options.onFailure;
    this.deadlineMs = options.deadlineMs;
    this.abandonMs = options.abandonMs;
    this.delays = owner.delays;
    this.limit = owner.limits.of(options.deadlineMs);
    this.#from = options.from;
    this.attach(owner);
  }

  /** Reads a topic of its name from now on, beside what is left of one that is being deleted. */
  attach(owner: SubscriptionOwner): void {
    this.#owner = owner;
    const cursors = owner.partitions.map((partition) => {
      const place = this.#from === "earliest" ? partition.oldest : partition.tail;
      const cursor = new Cursor(this, partition, place);
      partition.attach(cursor);
      owner.joined(cursor);
      return cursor;
    });
    this.#cursors = [...this.#cursors, ...cursors];
  }

  /** Its place was lost to another process: what was handed out may finish, and it waits for its turn. */
  rejoin(owner: SubscriptionOwner): void {
    const before = this.#cursors;
    this.attach(owner);
    for (const cursor of before) {
      cursor.end();
      cursor.forgotten();
    }
  }

  /** Forgets a cursor of a topic that is deleted, and keeps what it counted. */
  detach(cursor: Cursor): void {
    addTallies(this.#before, { ...cursor.tally(), zombies: 0 });
    this.#cursors = this.#cursors.filter((other) => other !== cursor);
  }

  /** Its cursors in one topic. */
  cursorsIn(owner: SubscriptionOwner): readonly Cursor[] {
    return this.#cursors.filter((cursor) => owner.partitions.includes(cursor.partition));
  }

  get active(): boolean {
    return this.#active;
  }

  get topic(): string {
    return this.#owner.topic;
  }

  get calls(): CloseCalls {
    return this.#owner.calls;
  }

  listenerOf(partition: number): Listener<NovaEvent> {
    return this.#listenerOf(partition);
  }

  /** Whether one of these handles is its own, or that of a member. */
  isOneOf(handles: ReadonlySet<Subscription>): boolean {
    return this.group === undefined ? handles.has(this) : this.group.hasOneOf(handles);
  }

  /** There are slots again that its cursors did not know of. */
  wake(): void {
    for (const { partition } of this.#cursors) partition.wake();
  }

  random(): number {
    return this.#owner.random();
  }

  stopSignal(): AbortSignal {
    return this.#owner.stopSignal();
  }

  get keepsAccount(): boolean {
    return this.#owner.keepsAccount;
  }

  get ready(): Promise<void> {
    return this.#owner.ready;
  }

  bury(failure: Failure): boolean | Promise<boolean> {
    return this.#owner.bury(failure);
  }

  keyOf(event: NovaEvent): Key {
    return this.#owner.keyOf(event);
  }

  hashOf(event: NovaEvent): number {
    return this.#owner.hashOf(event);
  }

  parked(): ParkedKey[] {
    return this.#cursors.flatMap((cursor) => cursor.parked());
  }

  release(key?: string | number): boolean {
    let released = false;
    for (const cursor of this.#cursors) if (cursor.releaseKey(key)) released = true;
    return released;
  }

  redrive(options: RedriveOptions = {}): RedriveResult {
    return this.#owner.redrive(this, options);
  }

  /** Delivers one event again; false when there is no room for it, or the subscription has ended. */
  deliverAgain(event: NovaEvent, redrives: number): boolean {
    const cursors = this.cursorsIn(this.#owner);
    return cursors[this.hashOf(event) % cursors.length]!.redrive(event, redrives);
  }

  settledLate(cursor: Cursor): void {
    this.#owner.settledLate(cursor);
  }

  /** Disposes something together with the subscription. */
  endsWith(disposable: Disposable): void {
    this.#aborting = disposable;
    if (!this.#active) disposable[Symbol.dispose]();
  }

  unsubscribe(): void {
    if (!this.#active) return;
    this.#active = false;
    for (const cursor of this.#cursors) cursor.end();
    this.#aborting?.[Symbol.dispose]();
    this.#owner.removed(this);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  stats(): SubscriptionStats {
    const tally = { ...this.#before };
    for (const cursor of this.#cursors) addTallies(tally, cursor.tally());
    const slots = this.maxConcurrency * this.#cursors.length;
    const timing = this.#timing === undefined ? {} : { timing: this.#timing };
    return { id: this.id, ...tally, slots, ...timing };
  }
}

/** The figures of cursors, added up. */
export type Tally = {
  -readonly [Name in keyof Omit<SubscriptionStats, "id" | "slots" | "timing">]: number;
};

/** No figures yet. */
export function newTally(): Tally {
  return {
    offered: 0,
    succeeded: 0,
    deadLettered: 0,
    released: 0,
    queued: 0,
    held: 0,
    inFlight: 0,
    retries: 0,
    timedOut: 0,
    zombies: 0,
  };
}

/** Adds figures to others. */
export function addTallies(tally: Tally, more: Readonly<Tally>): void {
  for (const name of Object.keys(tally) as (keyof Tally)[]) tally[name] += more[name];
}
