/**
 * A topic: where events enter, get their partition, and meet their subscriptions.
 */

import { TopicNotFoundError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { checkType } from "../event/validate.ts";
import { nameOf, requireFunction, requireOptions } from "../internal/check.ts";
import { type Closable, type CloseResult, Closing } from "../internal/closing.ts";
import type { Env } from "../internal/env.ts";
import type { DelayQueue } from "../queue/delay_queue.ts";
import type { TimeLimits } from "../queue/time_limits.ts";
import type { Cursor } from "./cursor.ts";
import { Door } from "./door.ts";
import { Entrance } from "./entrance.ts";
import { Expiries } from "./expiries.ts";
import type { CloseCalls, Due, Failure, Job } from "./job.ts";
import type {
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
import { StageDoor } from "./stage_door.ts";
import type { Destination } from "./staged.ts";
import { Group, Member } from "./group.ts";
import { Partition } from "./partition.ts";
import { Placing } from "./placing.ts";
import { Producers } from "./producer.ts";
import { redrive } from "./redrive.ts";
import { checkSubscribeOptions, type TopicSettings } from "./settings.ts";
import { Subscriber, type SubscriberOptions, type SubscriptionOwner } from "./subscription.ts";

/** What a topic asks of its bus. */
export interface TopicOwner {
  readonly env: Env;
  readonly delays: DelayQueue<Due>;
  readonly limits: TimeLimits<Job>;
  readonly calls: CloseCalls;
  stopSignal(): AbortSignal;
  /** The topic of a name or handle, for handlers that publish. */
  destination(topic: unknown): Destination;
  /** Something finished: closing may be done. */
  progressed(): void;
  /** Writes a dead letter of a topic that keeps so many; false when there is no room. */
  bury(topic: string, maxEvents: number, failure: Failure): boolean;
  /** The dead letters of a topic, if it has any. */
  deadLettersOf(topic: string): BusTopic | undefined;
}

/** The topic behind the handle. */
export class BusTopic implements Topic<Record<string, unknown>>, Closable<number> {
  readonly name: string;
  readonly #owner: TopicOwner;
  readonly #settings: TopicSettings;
  /** Its partitions, in order. */
  readonly partitions: readonly Partition[];
  readonly #door: Door;
  readonly #entrance: Entrance;
  readonly #stageDoor: StageDoor;
  readonly #producers: Producers;
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
        expiries,
        env,
        progressed: this.#progressed,
      }));
    const { partitions } = this;
    const { delays } = owner;
    const parts = { topic: name, settings, partitions, placing, expiries, delays, env };
    this.#door = new Door(parts);
    this.#entrance = new Entrance(parts, this.#door);
    this.#stageDoor = new StageDoor(parts, this.#door);
    this.#producers = new Producers(name, this.#entrance, settings.partitions);
    this.#parts = {
      partitions,
      delays,
      limits: owner.limits,
      calls: owner.calls,
      name,
      random: () => env.random(),
      stopSignal: () => owner.stopSignal(),
      destination: (topic) => owner.destination(topic),
      bury: (failure) => owner.bury(name, settings.deadLetters, failure),
      keyOf: (event) => placing.keyOf(event),
      hashOf: (event) => placing.hashOf(event),
      redrive: (subscriber, options) => this.#redrive(subscriber, options),
      joined: (cursor) => this.#cursors.add(cursor),
      removed: (subscriber) => {
        this.subscribers.delete(subscriber);
        for (const cursor of subscriber.cursorsIn(this.#parts)) this.#forget(cursor);
      },
      settledLate: (cursor) => this.#forget(cursor),
    };
  }

  publish(event: Draft, options?: PublishOptions): Promise<Receipt> {
    return this.#entrance.publish(event, options);
  }

  tryPublish(event: Draft): boolean {
    return this.#entrance.tryPublish(event);
  }

  producer(id: string): TopicProducer {
    return this.#producers.of(id);
  }

  publishBatch(
    events: readonly Draft[],
    options?: PublishOptions,
  ): Promise<PromiseSettledResult<Receipt>[]> {
    return this.#entrance.publishBatch(events, options);
  }

  subscribe(listener: TopicListener, options: SubscribeOptions = {}): TopicSubscription {
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    this.#entrance.requireOpen();
    const { signal, group } = options;
    const settings = checkSubscribeOptions(options, this.#settings);
    const id = options.id ?? (nameOf(listener) || `${this.name}#${++this.#unnamed}`);
    const handle = group === undefined
      ? this.#add(new Subscriber(this.#parts, () => listener, { ...settings, id }))
      : new Member(this.#group(group, settings), id, listener, settings.maxConcurrency);
    if (signal !== undefined) {
      handle.endsWith(this.#owner.env.onAbort(signal, () => handle.unsubscribe()));
    }
    return handle;
  }

  /** The group of a name, made for its first member. */
  #group(name: string, settings: Omit<SubscriberOptions, "id">): Group {
    const options = { ...settings, id: name };
    for (const { group } of this.subscribers) {
      if (group?.name !== name) continue;
      group.requireSame(options);
      return group;
    }
    const group = new Group(this.#parts, name, options);
    this.#add(group.subscriber);
    return group;
  }

  #add(subscriber: Subscriber): Subscriber {
    this.subscribers.add(subscriber);
    return subscriber;
  }

  on(
    type: string,
    listener: TopicListener<never>,
    options: SubscribeOptions = {},
  ): TopicSubscription {
    checkType(type);
    requireFunction("a listener", listener);
    requireOptions("a subscription", options);
    return this.subscribe(
      (event, context) => event.type === type ? listener(event as never, context) : undefined,
      { ...options, id: options.id ?? (listener.name || `${type}#${++this.#unnamed}`) },
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
    return true;
  }

  /** Events that were handled, or went to the dead letters, over all subscriptions. */
  get finished(): number {
    let finished = this.#finishedGone;
    for (const cursor of this.#cursors) finished += cursor.finished;
    return finished;
  }

  /** Where handlers publish to. */
  get destination(): Destination {
    return this.#stageDoor;
  }

  /** Takes a dead letter, also while the bus closes. */
  enterDeadLetter(letter: NovaEvent): boolean {
    return this.#door.enter(0, letter, 0);
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
    this.#stageDoor.shut(gone);
    return this.#deleting.result;
  }

  /** Ends what is left of a topic that is being deleted. */
  end(): CloseResult {
    const left = this.#left();
    const completed = this.finished - this.#finishedBefore;
    this.#door.end();
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
    this.#door.end();
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
    for (const subscriber of this.subscribers) if (subscriber.isOneOf(members)) return true;
    return false;
  }

  #left(): number {
    let left = this.#door.delayed;
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
    const letters = this.#owner.deadLettersOf(this.name);
    const result = redrive(letters && letters.partitions[0], subscriber, options);
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
