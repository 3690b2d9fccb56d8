/**
 * A topic: where events enter, get their partition, and meet their subscriptions.
 */

import { ClosedError, TopicNotFoundError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { checkType } from "../event/validate.ts";
import { show } from "../internal/check.ts";
import { type Closable, type CloseResult, Closing } from "../internal/closing.ts";
import { type Env, RESOLVED } from "../internal/env.ts";
import type { DelayQueue } from "../queue/delay_queue.ts";
import type { TimeLimits } from "../queue/time_limits.ts";
import { Audience } from "./audience.ts";
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
import { DurablePart } from "./durable/part.ts";
import type { Durability } from "./durable/durability.ts";
import { LogEntrance } from "./durable/log_entrance.ts";
import type { Destination, Outlets } from "./staged.ts";
import { Expiries } from "./expiries.ts";
import { Partition } from "./partition.ts";
import { Placing } from "./placing.ts";
import { type LetterBox, redrive } from "./redrive.ts";
import type { TopicSettings } from "./settings.ts";
import type { Subscriber, SubscriptionOwner } from "./subscription.ts";

/** What a topic asks of its bus. */
export interface TopicOwner {
  readonly env: Env;
  readonly newTiming: SubscriptionOwner["newTiming"];
  readonly delays: DelayQueue<Due>;
  readonly limits: TimeLimits<Job>;
  readonly calls: CloseCalls;
  /** Where its events live, if not in memory alone. */
  readonly durability: Durability | undefined;
  stopSignal(): AbortSignal;
  /** Where what handlers stage goes. */
  readonly outlets: Outlets;
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
  readonly #audience: Audience;
  /** What subscriptions may ask of their topic. */
  readonly #parts: SubscriptionOwner;
  #deleting: Closing | undefined;
  #finishedBefore = 0;

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
      newTiming: owner.newTiming,
      delays,
      limits: owner.limits,
      calls: owner.calls,
      random: () => env.random(),
      stopSignal: () => owner.stopSignal(),
      outlets: owner.outlets,
      commits: undefined,
      keepsAccount: false,
      ready: RESOLVED,
      bury: (failure) => owner.bury(name, settings.deadLetters, failure),
      keyOf: (event) => placing.keyInside(event),
      hashOf: (event) => placing.hashInside(event),
      redrive: (subscriber, options) => this.#redrive(subscriber, options),
      joined: (cursor) => this.#audience.joined(cursor),
      removed: (subscriber) => this.#audience.removed(subscriber, this.#parts),
      settledLate: (cursor) => this.#audience.forget(cursor),
    };
    this.durable = owner.durability && new DurablePart({
      name,
      owner,
      settings,
      placing,
      parts: this.#parts,
      progressed: this.#progressed,
      removed: (subscriber, parts) => this.#audience.removed(subscriber, parts),
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
    this.#audience = new Audience({
      topic: name,
      settings,
      env,
      limits: owner.limits,
      calls: owner.calls,
      isDurable: this.durable !== undefined,
      requireOpen: () => this.#entrance.requireOpen(),
      requireStart: (reading) => this.#entrance.requireStart(reading),
      // A durable subscription has a reader of its own; in memory all read the same partitions.
      partsFor: (subscriber, options) => this.durable?.join(subscriber, options) ?? this.#parts,
    });
  }

  publish(event: Draft, options?: PublishOptions): Promise<Receipt> {
    return this.#entrance.publish(event, options);
  }

  /** Publishes an event; `asked` learns of it before anybody else does. */
  ask(event: Draft, options: PublishOptions, asked: (event: NovaEvent) => void): Promise<Receipt> {
    return this.#entrance.publish(event, options, asked);
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
    return this.#audience.subscribe(listener, options);
  }

  on(
    type: string,
    listener: TopicListener<never>,
    options: SubscribeOptions = {},
  ): TopicSubscription {
    checkType(type);
    return this.#audience.subscribe(listener as TopicListener, options, type);
  }

  consume(options: ConsumeOptions = {}): Consumer {
    return this.#audience.consume(options);
  }

  /** Its subscriptions. */
  get subscribers(): ReadonlySet<Subscriber> {
    return this.#audience.subscribers;
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
    return this.#audience.idle && (this.durable?.log.idle ?? true);
  }

  /** Events that were handled, or went to the dead letters, over all subscriptions. */
  get finished(): number {
    return this.#audience.finished;
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
    this.#audience.endCursors();
    return { completed, left };
  }

  /** Ends every subscription; answers how many deliveries were left. */
  endSubscriptions(): number {
    const left = this.#left();
    this.#entrance.end(() => new ClosedError(`topic "${this.name}"`));
    this.#audience.end();
    return left;
  }

  /** Takes over the subscriptions of a deleted topic of the same name. */
  inherit(deleted: BusTopic): void {
    this.#audience.inherit(deleted.#audience, this.#parts);
  }

  /** Whether one of these subscriptions is already here. */
  hasMember(members: ReadonlySet<TopicSubscription>): boolean {
    return this.#audience.hasMember(members);
  }

  #left(): number {
    return this.#entrance.delayed + this.#audience.left;
  }

  #redrive(subscriber: Subscriber, options: RedriveOptions): RedriveResult {
    const result = redrive(this.#owner.deadLettersOf(this.name)?.letters, subscriber, options);
    if (result.redriven > 0 && options.dryRun !== true) {
      // There is room again for what could not become a dead letter.
      this.#audience.buryHeld();
    }
    return result;
  }

  readonly #progressed = (partition: Partition): void => {
    this.#entrance.progressed(partition);
    this.#deleting?.check();
    this.#owner.progressed();
  };
}
