/**
 * A topic: where events enter, get their partition, and meet their subscriptions.
 */

import { ClosedError, TopicNotFoundError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { checkType } from "../event/validate.ts";
import { nameOf, requireFunction, requireOptions, show } from "../internal/check.ts";
import { type Closable, type CloseResult, Closing } from "../internal/closing.ts";
import { type Env, RESOLVED } from "../internal/env.ts";
import type { Timing } from "../metrics/timing.ts";
import type { DelayQueue } from "../queue/delay_queue.ts";
import type { TimeLimits } from "../queue/time_limits.ts";
import type { Cursor } from "./cursor.ts";
import { Entrance } from "./entrance.ts";
import type { CloseCalls, Due, Failure, Job } from "./job.ts";
import type {
  ConsumeOptions,
  Consumer,
  PublishOptions,
  Receipt,
  RedriveOptions,
  RedriveResult,
  SubscribeOptions,
  Topic,
  TopicProducer,
  TopicStats,
  TopicSubscription,
} from "./api.ts";
import type { TopicListener } from "./context_api.ts";
import { PullConsumer } from "./consumer.ts";
import { DurablePart } from "./durable/part.ts";
import type { Durability } from "./durable/durability.ts";
import { LogEntrance } from "./durable/log_entrance.ts";
import type { Destination } from "./staged.ts";
import { Expiries } from "./expiries.ts";
import { Group, Member } from "./group.ts";
import { Partition } from "./partition.ts";
import { Placing } from "./placing.ts";
import { type LetterBox, redrive } from "./redrive.ts";
import { checkConsumeOptions, checkSubscribeOptions, type TopicSettings } from "./settings.ts";
import { Subscriber, type SubscriberOptions, type SubscriptionOwner } from "./subscription.ts";

/** What a topic asks of its bus. */
export interface TopicOwner {
  readonly env: Env;
  /** Makes the timing of a subscription, if there is to be one. */
  newTiming(): Timing | undefined;
  readonly delays: DelayQueue<Due>;
  readonly limits: TimeLimits<Job>;
  readonly calls: CloseCalls;
  /** Where its events live, if not in memory alone. */
  readonly durability: Durability | undefined;
  stopSignal(): AbortSignal;
  /** The topic of a name or handle, for handlers that publish. */
  destination(topic: unknown): Destination;
  /** Something finished: closing may be done. */
  progressed(): void;
  /** Writes a dead letter of a topic that keeps so many; false when there is no room. */
  bury(topic: string, maxEvents: number, failure: Failure): boolean;
  /** The dead-letter topic of a topic, made if it is not there. */
  deadLetters(topic: string, maxEvents: number): BusTopic;
  /** The dead letters of a topic, if it has any. */
  deadLettersOf(topic: string): BusTopic | undefined;
}

/** The topic behind the handle. */
export class BusTopic implements Topic<Record<string, unknown>>, Closable<number> {
  readonly name: string;
  /** Its side in the store, if it has one. */
  readonly durable: DurablePart | undefined;
  readonly #owner: TopicOwner;
  readonly #settings: TopicSettings;
  /** Its partitions, in order. */
  readonly partitions: readonly Partition[];
  readonly #entrance: Entrance | LogEntrance;
  /** Its subscriptions. */
  readonly subscribers: Set<Subscriber> = new Set();
  /** All of their cursors here, also of subscriptions that ended while a handler ran. */
  readonly #cursors = new Set<Cursor>();
  /** What subscriptions may ask of their topic. */
  readonly #parts: SubscriptionOwner;
  #deleting: Closing | undefined;
  #finishedBefore = 0;
  /** What cursors that are gone had finished. */
  #finishedGone = 0;
  #unnamed = 0;

  constructor(owner: TopicOwner, name: string, settings: TopicSettings, retain: boolean) {
    const { env } = owner;
    const { bufferSize, key } = settings;
    const placing = new Placing(name, key);
    const expiries = new Expiries(env);
    this.name = name;
    this.#owner = owner;
    this.#settings = settings;
    this.partitions = Array.from({ length: settings.partitions }, (_, index) =>
      new Partition({
        index,
        bufferSize,
        keyed: key !== undefined,
        maxHeld: settings.maxHeld,
        retain,
        maxEvents: settings.retained,
        maxAgeMs: settings.retainedMs,
        numbered: settings.partitions > 1,
        expiries,
        env,
        progressed: this.#progressed,
      }));
    const { partitions } = this;
    const { delays } = owner;
    this.#parts = {
      topic: name,
      env,
      isolation: settings.isolation,
      partitions,
      newTiming: () => owner.newTiming(),
      delays,
      limits: owner.limits,
      calls: owner.calls,
      random: () => env.random(),
      stopSignal: () => owner.stopSignal(),
      destination: (topic) => owner.destination(topic),
      keepsAccount: false,
      ready: RESOLVED,
      bury: (failure) => owner.bury(name, settings.deadLetters, failure),
      keyOf: (event) => placing.keyOf(event),
      hashOf: (event) => placing.hashOf(event),
      redrive: (subscriber, options) => this.#redrive(subscriber, options),
      joined: (cursor) => this.#cursors.add(cursor),
      removed: (subscriber) => this.#removed(subscriber, this.#parts),
      settledLate: (cursor) => this.#forget(cursor),
    };
    this.durable = owner.durability && new DurablePart({
      name,
      owner,
      settings,
      placing,
      parts: this.#parts,
      progressed: this.#progressed,
      removed: (subscriber, parts) => this.#removed(subscriber, parts),
      kept: retain ? this.partitions[0] : undefined,
      keep: (letter) => this.enterDeadLetter(letter),
    }, owner.durability);
    this.#entrance = this.durable === undefined
      ? new Entrance({ topic: name, settings, partitions, placing, expiries, delays, env })
      : new LogEntrance({
        topic: name,
        settings,
        durable: this.durable,
        kept: retain ? this.partitions[0] : undefined,
        env,
      });
  }

  publish(event: Draft, options?: PublishOptions): Promise<Receipt> {
    return this.#entrance.publish(event, options);
  }

  tryPublish(event: Draft): boolean {
    return this.#entrance.tryPublish(event);
  }

  producer(id: string): TopicProducer {
    return this.#entrance.producer(id);
  }

  publishBatch(
    events: readonly Draft[],
    options?: PublishOptions,
  ): Promise<PromiseSettledResult<Receipt>[]> {
    if (!Array.isArray(events)) {
      const message = `Cannot publish ${show(events)} as a batch: it must be an array of events`;
      return Promise.reject(new TypeError(message));
    }
    return Promise.allSettled(Array.from(events, (event) => this.publish(event, options)));
  }

  subscribe(listener: TopicListener, options: SubscribeOptions = {}): TopicSubscription {
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    const id = options.id ?? (nameOf(listener) || `${this.name}#${++this.#unnamed}`);
    return this.#listen(listener, options, id, undefined);
  }

  #listen(
    listener: TopicListener,
    options: SubscribeOptions,
    id: string,
    type: string | undefined,
  ): TopicSubscription {
    this.#entrance.requireOpen();
    this.#requireId(options);
    const { signal, group } = options;
    const settings = { ...checkSubscribeOptions(options, this.#settings), leases: false, type };
    this.#entrance.requireStart(settings);
    const handle = group === undefined
      ? this.#subscriber(listener, { ...settings, id })
      : new Member(this.#group(group, group, settings), id, listener, settings.maxConcurrency);
    if (signal !== undefined) {
      handle.endsWith(this.#owner.env.onAbort(signal, () => handle.unsubscribe()));
    }
    return handle;
  }

  /** The group of a name, made for its first member; without a name, one for a single member. */
  #group(name: string | undefined, id: string, settings: Omit<SubscriberOptions, "id">): Group {
    const options = { ...settings, id };
    for (const { group } of this.subscribers) {
      if (name === undefined || group?.name !== name) continue;
      group.requireSame(options);
      return group;
    }
    const parts = this.#partsFor(() => group.subscriber, options);
    const group: Group = new Group(parts, name, options);
    this.subscribers.add(group.subscriber);
    return group;
  }

  #subscriber(listener: TopicListener, options: SubscriberOptions): Subscriber {
    const parts = this.#partsFor(() => subscriber, options);
    const subscriber: Subscriber = new Subscriber(parts, () => listener, options);
    this.subscribers.add(subscriber);
    return subscriber;
  }

  consume(options: ConsumeOptions = {}): Consumer {
    requireOptions("consuming", options);
    this.#entrance.requireOpen();
    this.#requireId(options);
    const { signal, group } = options;
    const settings = checkConsumeOptions(options, this.#settings);
    this.#entrance.requireStart(settings);
    const id = options.id ?? group ?? `${this.name}#${++this.#unnamed}`;
    const consumer = new PullConsumer(
      this.#group(group, group ?? id, settings),
      id,
      settings.maxConcurrency,
      this.#owner.limits.of(settings.deadlineMs),
    );
    if (signal !== undefined) {
      consumer.endsWith(
        this.#owner.env.onAbort(signal, () => consumer.end({ reason: signal.reason })),
      );
    }
    return consumer;
  }

  /** A durable subscription has a reader of its own; in memory all read the same partitions. */
  #partsFor(subscriber: () => Subscriber, { id, from }: SubscriberOptions): SubscriptionOwner {
    return this.durable?.join(subscriber, id, from) ?? this.#parts;
  }

  on(
    type: string,
    listener: TopicListener<never>,
    options: SubscribeOptions = {},
  ): TopicSubscription {
    checkType(type);
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    return this.#listen(
      (event, context) => event.type === type ? listener(event as never, context) : undefined,
      options,
      options.id ?? (nameOf(listener) || `${type}#${++this.#unnamed}`),
      type,
    );
  }

  stats(): TopicStats {
    return {
      name: this.name,
      ...this.#entrance.stats(),
      bufferSize: this.#settings.bufferSize,
      keyed: this.#settings.key !== undefined,
      subscriptions: [...this.subscribers].map((subscriber) => subscriber.stats()),
    };
  }

  /** Whether closing, or deleting, has nothing to wait for here. */
  isIdle(): boolean {
    for (const cursor of this.#cursors) if (!cursor.idle) return false;
    return this.durable?.log.idle ?? true;
  }

  /** Events that were handled, or went to the dead letters, over all subscriptions. */
  get finished(): number {
    let finished = this.#finishedGone;
    for (const cursor of this.#cursors) finished += cursor.finished;
    return finished;
  }

  /** Where handlers publish to. */
  get destination(): Destination {
    return this.#entrance.destination;
  }

  /** Its dead letters, if it is a topic of them. */
  get letters(): LetterBox | undefined {
    return this.durable?.letters ?? this.partitions[0];
  }

  /** Takes a dead letter, also while the bus closes. */
  enterDeadLetter(letter: NovaEvent): boolean {
    return this.#entrance.enter(0, letter, 0);
  }

  /** Takes nothing more, and sends the waiting publishers away. */
  shut(makeError: () => Error): void {
    this.#entrance.shut(makeError);
  }

  /** Takes nothing more, and lets what was accepted finish. Its subscriptions stay active. */
  delete(signal: AbortSignal | undefined): Promise<CloseResult> {
    this.#deleting = new Closing(this, this.#owner.env, signal);
    this.#finishedBefore = this.finished;
    const gone = () => new TopicNotFoundError(this.name);
    this.shut(gone);
    this.#entrance.destination.shut(gone);
    return this.#deleting.result;
  }

  /** Ends what is left of a topic that is being deleted. */
  end(): CloseResult {
    const left = this.#left();
    const completed = this.finished - this.#finishedBefore;
    this.#entrance.end(() => new TopicNotFoundError(this.name));
    for (const cursor of this.#cursors) {
      cursor.end();
      cursor.forgotten();
      this.#forget(cursor);
    }
    return { completed, left };
  }

  /** Ends every subscription; answers how many deliveries were left. */
  endSubscriptions(): number {
    const left = this.#left();
    this.#entrance.end(() => new ClosedError(`topic "${this.name}"`));
    for (const subscriber of this.subscribers) subscriber.unsubscribe();
    return left;
  }

  /** Takes over the subscriptions of a deleted topic of the same name. */
  inherit(deleted: BusTopic): void {
    for (const subscriber of deleted.subscribers) {
      this.subscribers.add(subscriber);
      subscriber.attach(this.#parts);
    }
    deleted.subscribers.clear();
  }

  /** Whether one of these subscriptions is already here. */
  hasMember(members: ReadonlySet<TopicSubscription>): boolean {
    return [...this.subscribers].some((subscriber) => subscriber.isOneOf(members));
  }

  /** A durable place is kept under the id of its subscription: a name made up here would not do. */
  #requireId({ id, group }: SubscribeOptions): void {
    if (id !== undefined || group !== undefined || this.durable === undefined) return;
    const message = `Cannot subscribe to "${this.name}" without an id: ` +
      "it is durable, and keeps the place of each subscription under its id";
    throw new TypeError(message);
  }

  #removed(subscriber: Subscriber, parts: SubscriptionOwner): void {
    this.subscribers.delete(subscriber);
    for (const cursor of subscriber.cursorsIn(parts)) this.#forget(cursor);
  }

  #left(): number {
    let left = this.#entrance.delayed;
    for (const { inFlight, exempt, queued, held } of this.#cursors) {
      left += inFlight - exempt + queued + held;
    }
    return left;
  }

  /** Lets a cursor go that has ended, unless closing or deleting waits for it, or counts it. */
  #forget(cursor: Cursor): void {
    if (cursor.inFlight > 0 || this.#owner.calls.close > 0) return;
    if (this.#cursors.delete(cursor)) this.#finishedGone += cursor.finished;
  }

  #redrive(subscriber: Subscriber, options: RedriveOptions): RedriveResult {
    const result = redrive(this.#owner.deadLettersOf(this.name)?.letters, subscriber, options);
    if (result.redriven > 0 && options.dryRun !== true) {
      // There is room again for what could not become a dead letter.
      for (const cursor of this.#cursors) cursor.buryHeld();
    }
    return result;
  }

  readonly #progressed = (partition: Partition): void => {
    this.#entrance.progressed(partition);
    this.#deleting?.check();
    this.#owner.progressed();
  };
}
