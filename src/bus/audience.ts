/**
 * Who reads a topic: its subscriptions, and the cursors of those that were.
 */

import type { NovaEvent } from "../event/event.ts";
import { nameOf, requireFunction, requireOptions } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import type { TimeLimits } from "../queue/time_limits.ts";
import type { ConsumeOptions, Consumer, SubscribeOptions, TopicSubscription } from "./api.ts";
import { PullConsumer } from "./consumer.ts";
import type { TopicListener } from "./context_api.ts";
import type { Cursor } from "./cursor.ts";
import { Group, Member } from "./group.ts";
import type { CloseCalls, Job } from "./job.ts";
import {
  checkConsumeOptions,
  checkSubscribeOptions,
  type Reading,
  type TopicSettings,
} from "./settings.ts";
import { Subscriber, type SubscriberOptions, type SubscriptionOwner } from "./subscription.ts";

/** What an audience asks of its topic. */
export interface AudienceHost {
  readonly topic: string;
  readonly settings: TopicSettings;
  readonly env: Env;
  readonly limits: TimeLimits<Job>;
  readonly calls: CloseCalls;
  /** Whether the place of each subscription is kept under its id. */
  readonly isDurable: boolean;
  /** Refuses who comes too late. */
  requireOpen(): void;
  /** Refuses to read in a way that the topic cannot serve. */
  requireStart(reading: Reading): void;
  /** What a new subscription may ask. */
  partsFor(subscriber: () => Subscriber, options: SubscriberOptions): SubscriptionOwner;
}

/** The readers' side of a topic. */
export class Audience {
  /** The subscriptions that are active. */
  readonly subscribers: Set<Subscriber> = new Set();
  readonly #host: AudienceHost;
  /** All of their cursors here, also of subscriptions that ended while a handler ran. */
  readonly #cursors: Set<Cursor> = new Set();
  /** What cursors that are gone had finished. */
  #finishedGone = 0;
  #unnamed = 0;

  constructor(host: AudienceHost) {
    this.#host = host;
  }

  subscribe(
    listener: TopicListener,
    options: SubscribeOptions,
    type?: string,
  ): TopicSubscription {
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    this.#requireIdOf(options);
    const { settings: topic, env } = this.#host;
    const { signal, group } = options;
    const id = options.id ?? (nameOf(listener) || this.#newName(type));
    const settings = { ...checkSubscribeOptions(options, topic), leases: false, type };
    this.#host.requireStart(settings);
    const heard = type === undefined ? listener : only(type, listener);
    const handle = group === undefined
      ? this.#subscriber(heard, { ...settings, id })
      : new Member(this.#group(group, group, settings), id, heard, settings.maxConcurrency);
    if (signal !== undefined) handle.endsWith(env.onAbort(signal, () => handle.unsubscribe()));
    return handle;
  }

  consume(options: ConsumeOptions): Consumer {
    requireOptions("consuming", options);
    this.#requireIdOf(options);
    const { settings: topic, env, limits } = this.#host;
    const { signal, group } = options;
    const settings = checkConsumeOptions(options, topic);
    this.#host.requireStart(settings);
    const id = options.id ?? group ?? this.#newName();
    const consumer = new PullConsumer(
      this.#group(group, group ?? id, settings),
      id,
      settings.maxConcurrency,
      limits.of(settings.deadlineMs),
    );
    if (signal !== undefined) {
      consumer.endsWith(env.onAbort(signal, () => consumer.end({ reason: signal.reason })));
    }
    return consumer;
  }

  /** A cursor began to read. */
  joined(cursor: Cursor): void {
    this.#cursors.add(cursor);
  }

  /** A subscription ended. */
  removed(subscriber: Subscriber, parts: SubscriptionOwner): void {
    this.subscribers.delete(subscriber);
    for (const cursor of subscriber.cursorsIn(parts)) this.forget(cursor);
  }

  /** Lets a cursor go that has ended, unless closing or deleting waits for it, or counts it. */
  forget(cursor: Cursor): void {
    if (cursor.inFlight > 0 || this.#host.calls.close > 0) return;
    if (this.#cursors.delete(cursor)) this.#finishedGone += cursor.finished;
  }

  /** Whether nobody has anything to do. */
  get idle(): boolean {
    for (const cursor of this.#cursors) if (!cursor.idle) return false;
    return true;
  }

  /** Events that were handled, or went to the dead letters, over all subscriptions. */
  get finished(): number {
    let finished = this.#finishedGone;
    for (const cursor of this.#cursors) finished += cursor.finished;
    return finished;
  }

  /** Deliveries that are not done. */
  get left(): number {
    let left = 0;
    for (const { inFlight, exempt, queued, held } of this.#cursors) {
      left += inFlight - exempt + queued + held;
    }
    return left;
  }

  /** Hands out nothing more; the subscriptions stay active, as their topic may come back. */
  endCursors(): void {
    for (const cursor of this.#cursors) {
      cursor.end();
      cursor.forgotten();
      this.forget(cursor);
    }
  }

  /** Ends every subscription. */
  end(): void {
    for (const subscriber of this.subscribers) subscriber.unsubscribe();
  }

  /** Takes over the subscriptions of a deleted topic of the same name. */
  inherit(deleted: Audience, parts: SubscriptionOwner): void {
    for (const subscriber of deleted.subscribers) {
      this.subscribers.add(subscriber);
      subscriber.attach(parts);
    }
    deleted.subscribers.clear();
  }

  /** Whether one of these subscriptions is already here. */
  hasMember(members: ReadonlySet<TopicSubscription>): boolean {
    for (const subscriber of this.subscribers) if (subscriber.isOneOf(members)) return true;
    return false;
  }

  /** There is room again for what could not become a dead letter. */
  buryHeld(): void {
    for (const cursor of this.#cursors) cursor.buryHeld();
  }

  #subscriber(listener: TopicListener, options: SubscriberOptions): Subscriber {
    const parts = this.#host.partsFor(() => subscriber, options);
    const subscriber: Subscriber = new Subscriber(parts, () => listener, this.#asRead(options));
    this.subscribers.add(subscriber);
    return subscriber;
  }

  /** The group of a name, made for its first member; without a name, one for a single member. */
  #group(
    name: string | undefined,
    id: string,
    settings: Omit<SubscriberOptions, "id">,
  ): Group {
    const options = { ...settings, id };
    for (const { group } of this.subscribers) {
      if (name === undefined || group?.name !== name) continue;
      group.requireSame(options);
      return group;
    }
    const parts = this.#host.partsFor(() => group.subscriber, options);
    const group: Group = new Group(parts, name, this.#asRead(options));
    this.subscribers.add(group.subscriber);
    return group;
  }

  /** The lag of a durable subscription is its reader's: nothing overtakes it in its own partitions. */
  #asRead(options: SubscriberOptions): SubscriberOptions {
    return this.#host.isDurable ? { ...options, onLag: "backpressure" } : options;
  }

  #newName(type: string = this.#host.topic): string {
    this.#unnamed += 1;
    return `${type}#${this.#unnamed}`;
  }

  /** A durable place is kept under the id of its subscription: a name made up here would not do. */
  #requireIdOf({ id, group }: SubscribeOptions): void {
    this.#host.requireOpen();
    if (id !== undefined || group !== undefined || !this.#host.isDurable) return;
    const message = `Cannot subscribe to "${this.#host.topic}" without an id: ` +
      "it is durable, and keeps the place of each subscription under its id";
    throw new TypeError(message);
  }
}

/** A listener that gets the events of one type; others count as handled. */
function only(type: string, listener: TopicListener): TopicListener {
  return (event: NovaEvent, context) => event.type === type ? listener(event, context) : undefined;
}
