/**
 * A listener on a topic: one cursor in each partition.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Listener, Subscription } from "../event/listener.ts";
import { type Isolation, withClones } from "../event/isolation.ts";
import type { Env } from "../internal/env.ts";
import { placeOf } from "../internal/hash.ts";
import type { Retry } from "../listener/backoff.ts";
import type { Timing } from "../metrics/timing.ts";
import type { DelayQueue } from "../queue/delay_queue.ts";
import type { TimeLimit, TimeLimits } from "../queue/time_limits.ts";
import type {
  DeliveryMode,
  From,
  Key,
  OnFailure,
  OnGap,
  OnLag,
  ParkedKey,
  RedriveOptions,
  RedriveResult,
  SubscriptionStats,
  TopicSubscription,
} from "./api.ts";
import type { TopicListener } from "./context_api.ts";
import { Cursor } from "./cursor.ts";
import { isGap } from "./gap.ts";
import type { Group } from "./group.ts";
import type { CloseCalls, CursorOwner, Due, Failure, Job } from "./job.ts";
import type { Outlets, Staged } from "./staged.ts";
import type { Partition } from "./partition.ts";
import { Ready } from "./ready.ts";
import { addTallies, ageSince, newTally, type Tally } from "./tally.ts";
import { startIn } from "./start.ts";

/** What a subscription asks of its topic. */
export interface SubscriptionOwner {
  readonly isolation: Isolation;
  readonly env: Env;
  /** The name of the topic. */
  readonly topic: string;
  readonly partitions: readonly Partition[];
  /** Makes the timing of a subscription, if there is to be one. */
  newTiming(): Timing | undefined;
  readonly delays: DelayQueue<Due>;
  readonly limits: TimeLimits<Job>;
  readonly calls: CloseCalls;
  random(): number;
  /** Makes what a handler staged happen in a store, if the topic lives in one. */
  readonly commits:
    | ((staged: Staged, event: NovaEvent, partition: Partition) => Promise<void>)
    | undefined;
  /** Whether somebody keeps account of what its cursors have in hand. */
  readonly keepsAccount: boolean;
  /** Resolves when a subscription has its place. */
  readonly ready: Promise<void>;
  stopSignal(): AbortSignal;
  /** Where what handlers stage goes. */
  readonly outlets: Outlets;
  bury(failure: Failure, partition: Partition): boolean | Promise<boolean>;
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
  readonly from: From;
  readonly onLag: OnLag;
  readonly onGap: OnGap;
  readonly maxConcurrency: number;
  readonly delivery: DeliveryMode;
  readonly retry: Retry;
  readonly onFailure: OnFailure;
  readonly deadlineMs: number;
  readonly abandonMs: number;
  /** Whether events are handed out on leases of `deadlineMs`. */
  readonly leases: boolean;
  /** The type of the events it handles, if it is only one. */
  readonly type: string | undefined;
}

/** The handle that `subscribe` answers. */
export class Subscriber implements TopicSubscription, CursorOwner {
  readonly id: string;
  maxConcurrency: number;
  readonly scope: string;
  readonly isAtMostOnce: boolean;
  readonly retry: Retry;
  readonly onFailure: OnFailure;
  readonly deadlineMs: number;
  readonly abandonMs: number;
  readonly onLag: OnLag;
  readonly onGap: OnGap;
  readonly env: Env;
  readonly leases: boolean;
  /** What ended it, if nobody told it to end. */
  failure: Error | undefined;
  /** Its members, if it is shared. */
  readonly group: Group | undefined;
  /** Whose handler is called: its own, or that of a member. */
  seat: Subscription = this;
  readonly delays: DelayQueue<Due>;
  readonly limit: TimeLimit<Job> | undefined;
  readonly #listenerOf: (partition: number) => TopicListener;
  readonly #timing: Timing | undefined;
  readonly #from: From;
  #cursors: readonly Cursor[] = [];
  /** The topic of its name; another one after that was deleted and declared again. */
  #owner: SubscriptionOwner;
  /** What its cursors counted in topics that are deleted. */
  readonly #before: Tally = newTally();
  #ready: Ready | undefined;
  #active = true;
  #aborting: Disposable | undefined;

  constructor(
    owner: SubscriptionOwner,
    listenerOf: (partition: number) => TopicListener,
    options: SubscriberOptions,
    group?: Group,
  ) {
    this.#owner = owner;
    const timing = owner.newTiming();
    this.#timing = timing;
    this.#listenerOf = timing === undefined
      ? listenerOf
      : (partition) => timing.around(listenerOf(partition) as Listener) as TopicListener;
    this.group = group;
    this.id = options.id;
    this.maxConcurrency = options.maxConcurrency;
    // The id of an event comes last in a key, so only what is before it must not run into it.
    this.scope = `${owner.topic}/${this.id.replace(/[%/]/g, encodeURIComponent)}`;
    this.isAtMostOnce = options.delivery === "at-most-once";
    this.retry = options.retry;
    this.onFailure = options.onFailure;
    this.deadlineMs = options.deadlineMs;
    this.abandonMs = options.abandonMs;
    this.onLag = options.onLag;
    this.onGap = options.onGap;
    this.env = owner.env;
    this.delays = owner.delays;
    this.leases = options.leases;
    // A lease begins later: when the event is handed out.
    this.limit = options.leases ? undefined : owner.limits.of(options.deadlineMs);
    this.#from = options.from;
    this.attach(owner);
  }

  /** Reads a topic of its name from now on, beside what is left of one that is being deleted. */
  attach(owner: SubscriptionOwner): void {
    this.#owner = owner;
    const starts = owner.partitions.map((partition) => startIn(partition, this.#from, this.onGap));
    const cursors = owner.partitions.map((partition, index) => {
      const { place, missed } = starts[index]!;
      const cursor = new Cursor(this, partition, place);
      partition.attach(cursor);
      owner.joined(cursor);
      if (missed !== 0) cursor.showGap(missed);
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

  /** Events that failed for good and are held. */
  get stuck(): number {
    return this.#cursors.reduce((sum, { stuck }) => sum + stuck, 0);
  }

  /** Forgets a cursor of a topic that is deleted, and keeps what it counted. */
  detach(cursor: Cursor): void {
    addTallies(this.#before, { ...cursor.tally(), zombies: 0 });
    this.#cursors = this.#cursors.filter((other) => other !== cursor);
  }

  get ready(): Promise<void> {
    this.#ready ??= new Ready();
    this.#settleReady();
    return Promise.all([this.#owner.ready, this.#ready.promise]).then(() => {});
  }

  caughtUp(): void {
    this.#settleReady();
  }

  fail(error: Error): void {
    this.failure = error;
    // Whoever pulls gets it where the events would come.
    const isTold = this.#ready?.reject(error) === true || this.leases;
    if (!isTold) this.env.report(error);
    this.unsubscribe();
  }

  #settleReady(): void {
    if (this.#active && this.#cursors.some((cursor) => cursor.isCatchingUp)) return;
    this.#ready?.resolve();
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

  /** How many partitions its topic has. */
  get partitions(): number {
    return this.#owner.partitions.length;
  }

  get calls(): CloseCalls {
    return this.#owner.calls;
  }

  listenerOf(partition: number): TopicListener {
    const listener = this.#listenerOf(partition);
    return this.#owner.isolation === "clone"
      ? withClones(listener as Listener) as TopicListener
      : listener;
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

  get outlets(): Outlets {
    return this.#owner.outlets;
  }

  get commits(): SubscriptionOwner["commits"] {
    return this.#owner.commits;
  }

  get keepsAccount(): boolean {
    return this.#owner.keepsAccount;
  }

  bury(failure: Failure, partition: Partition): boolean | Promise<boolean> {
    return this.#owner.bury(failure, partition);
  }

  keyOf(event: NovaEvent): Key {
    return isGap(event) ? undefined : this.#owner.keyOf(event);
  }

  hashOf(event: NovaEvent): number {
    return isGap(event) ? 0 : this.#owner.hashOf(event);
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
    return cursors[placeOf(this.hashOf(event), cursors.length)]!.redrive(event, redrives);
  }

  /** Lets what is parked go on, behind an event that is delivered again. */
  goOnBehind(event: NovaEvent): void {
    for (const cursor of this.cursorsIn(this.#owner)) cursor.goOnBehind(event);
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
    this.#settleReady();
    this.#owner.removed(this);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  stats(): SubscriptionStats {
    const tally = { ...this.#before };
    for (const cursor of this.#cursors) addTallies(tally, cursor.tally());
    const slots = this.maxConcurrency * this.#cursors.length;
    const oldestAgeMs = ageSince(this.#cursors, this.env);
    const timing = this.#timing === undefined ? {} : { timing: this.#timing };
    return { id: this.id, ...tally, oldestAgeMs, slots, ...timing };
  }
}
