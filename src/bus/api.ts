/**
 * What a bus and its topics take, tell and answer.
 */

import type { DraftOf, EventMap, EventOf, NovaEvent, TypeOf } from "../event/event.ts";
import type { Isolation } from "../event/isolation.ts";
import type { Env } from "../internal/env.ts";
import type { RetryOptions } from "../listener/backoff.ts";
import type { TimingMode } from "../metrics/timing.ts";
import type { Overflow } from "../queue/overflow.ts";
import type { AnyStore } from "../store/store.ts";
import type { TopicListener } from "./context_api.ts";
import type { DedupeOptions, PublishOptions, Receipt, TopicProducer } from "./publishing_api.ts";
import type { TopicStats } from "./stats_api.ts";
import type {
  ConsumeOptions,
  Consumer,
  SubscribeOptions,
  TopicSubscription,
} from "./subscription_api.ts";

export type { Effect, TopicContext, TopicListener } from "./context_api.ts";
export type {
  DedupeOptions,
  ProduceOptions,
  PublishOptions,
  Receipt,
  RequestOptions,
  TopicProducer,
} from "./publishing_api.ts";
export type {
  BusStats,
  DedupeStats,
  PartitionStats,
  SubscriptionStats,
  TopicStats,
} from "./stats_api.ts";
export type {
  ConsumeOptions,
  Consumer,
  Delivery,
  From,
  NackOptions,
  OnGap,
  OnLag,
  ParkedKey,
  RedriveOptions,
  RedriveResult,
  SubscribeOptions,
  TopicSubscription,
} from "./subscription_api.ts";

/** Options of a {@linkcode Bus}. */
export interface BusOptions {
  /**
   * Names it in errors and figures.
   *
   * @default {"bus"}
   */
  readonly name?: string;
  /**
   * How many topics it may have. Dead-letter topics do not count.
   *
   * @default {1000}
   */
  readonly maxTopics?: number;
  /**
   * Where its topics live. With a store they are durable: an event is accepted once it is committed,
   * and a subscription goes on where its checkpoint is.
   *
   * @default {none: topics live in memory}
   */
  readonly store?: AnyStore;
  /**
   * With a store: how long the place of a subscription stays with its process after that died, in
   * milliseconds. Then another process, or the same one started again, takes over.
   *
   * @default {5000}
   */
  readonly leaseMs?: number;
  /** What topics take for options they do not give. */
  readonly defaults?: Omit<TopicOptions, "key">;
  /**
   * Whose durations are measured: nobody's, those of one call in 64, or everyone's, which costs two
   * readings of the clock per call.
   *
   * @default {"off"}
   */
  readonly timing?: TimingMode;
  /**
   * Clock, timers and randomness.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/** What orders events: events of equal keys are handled one at a time and in order. */
export type Key = string | number | undefined;

/** How often an event is handled: see {@linkcode TopicOptions.delivery}. */
export type DeliveryMode = "at-most-once" | "at-least-once" | "exactly-once";

/** What becomes of an event that failed for good: see {@linkcode TopicOptions.onFailure}. */
export type OnFailure = "skip" | "park-key" | "hold";

/** Options of a topic. */
export interface TopicOptions<Events extends EventMap = Record<string, unknown>> {
  /**
   * How many partitions it has. The key picks the partition; events without a key take turns.
   *
   * @default {1}
   */
  readonly partitions?: number;
  /**
   * The ordering key of an event: a string, a safe integer, or undefined for none.
   *
   * @default {no key: events are unordered}
   */
  readonly key?: (event: EventOf<Events>) => Key;
  /**
   * How often each subscription handles an event:
   *
   * - `"at-most-once"`: it is done when its handler is called; one that fails is counted, and that is
   *   all (`retry` and `onFailure` have no meaning);
   * - `"at-least-once"`: it is done when its handler has succeeded;
   * - `"exactly-once"`: at least once, and `dedupe` is on, so that what handlers register with
   *   `context.effect` and `context.publish` happens once. Publishers must give ids, or be producers,
   *   or the topic a `dedupe.key`.
   *
   * @default {"at-least-once"}
   */
  readonly delivery?: DeliveryMode;
  /**
   * How many events may wait in each partition for its slowest subscription.
   *
   * @default {1000}
   */
  readonly bufferSize?: number;
  /**
   * What a full partition says to a publisher.
   *
   * @default {"wait"}
   */
  readonly overflow?: Exclude<Overflow, "drop-oldest">;
  /**
   * How long a publisher waits for room, in milliseconds.
   *
   * @default {30_000}
   */
  readonly waitMs?: number;
  /**
   * How far handlers are kept from each other's hands: all get the same event (`"shared"`), its data is
   * frozen when it enters (`"freeze"`), or each delivery gets a clone (`"clone"`). Data that cannot be
   * frozen or cloned is refused with {@linkcode ValidationError}.
   *
   * @default {"shared"}
   */
  readonly isolation?: Isolation;
  /**
   * How many events each subscription handles at once in each partition.
   *
   * @default {1}
   */
  readonly maxConcurrency?: number;
  /** When and how often a failed delivery is tried again; its key is held meanwhile. */
  readonly retry?: RetryOptions;
  /**
   * What becomes of an event that failed for good, and of the later events of its key.
   *
   * - `"skip"`: it goes to the dead letters, its key goes on;
   * - `"park-key"`: it goes to the dead letters, and later events of exactly this key are held until
   *   the key is released or the event redriven;
   * - `"hold"`: it stays where it is and nothing is dead-lettered; its key waits behind it until it is
   *   released and succeeds.
   *
   * @default {"skip"}
   */
  readonly onFailure?: OnFailure;
  /**
   * How long the promise of a handler may take, in milliseconds; `Infinity` for as long as it likes.
   * Then the attempt has failed with {@linkcode TimeoutError} and its `context.signal` aborts, but the
   * event keeps its slot and its key until the handler settles.
   *
   * @default {30_000}
   */
  readonly deadlineMs?: number;
  /**
   * How long after its deadline a handler that has still not settled is given up, in milliseconds: slot
   * and key are free, the event is tried again or becomes a dead letter, and what the handler does
   * later counts for nothing. Until it settles it is a zombie in the figures.
   *
   * @default {deadlineMs}
   */
  readonly abandonMs?: number;
  /**
   * How many events each subscription may set aside in each partition: those that wait for another
   * attempt, and those behind them that have the same key. At the limit it takes no new events.
   *
   * @default {bufferSize}
   */
  readonly maxHeld?: number;
  /**
   * Keeps events that were handled for subscriptions that come later, in each partition; whichever
   * limit is reached first.
   *
   * @default {none: what was handled may be overwritten}
   */
  readonly retention?: {
    /**
     * How many events are kept.
     *
     * @default {100_000}
     */
    readonly maxEvents?: number;
    /**
     * How long they are kept, in milliseconds since they entered.
     *
     * @default {Infinity}
     */
    readonly maxAgeMs?: number;
  };
  /**
   * Recognises events that are published again, so that each enters once.
   *
   * @default {false; on for exactly-once}
   */
  readonly dedupe?: false | DedupeOptions<Events>;
  /** The dead-letter topic. */
  readonly deadLetter?: {
    /**
     * How many dead letters are kept. When it is full, failed events stay held instead.
     *
     * @default {10_000}
     */
    readonly maxEvents?: number;
  };
}

/**
 * The typed handle of a topic; `bus.topic(name)` makes it.
 *
 * - **Order:** events of one key are handled one at a time and in order, by each subscription, across
 *   asynchronous handlers, failures and retries.
 * - **At least once:** a handler acknowledges by returning. One that throws is tried again in place,
 *   with its key held; after the last attempt the event goes to the dead letters.
 * - **Independent:** each subscription reads at its own pace. A failing one never changes what another
 *   receives; a slow one holds back publishers once a partition is full.
 */
export interface Topic<Events extends EventMap = Record<string, unknown>> {
  /** Its name. */
  readonly name: string;

  /**
   * Publishes an event. Resolves with its receipt once it is accepted; handlers run later.
   *
   * A made event passes on as it is; another object is checked and stamped with an id and a time on a
   * frozen copy.
   *
   * The promise rejects with {@linkcode ValidationError}, with {@linkcode BufferFullError} as
   * `overflow` says, with {@linkcode IdConflictError} when `dedupe` knows its id with another type, key
   * or data, with {@linkcode ClosedError}, or with the signal's reason.
   */
  publish(event: DraftOf<Events>, options?: PublishOptions): Promise<Receipt>;

  /**
   * Publishes an event if there is room, without a promise or a receipt; false means there is none.
   * True for a duplicate, too: it is there.
   *
   * @throws {ValidationError} If the event is not valid.
   * @throws {IdConflictError} If its id is known with another type, key or data.
   * @throws {ClosedError} If the bus is closed.
   */
  tryPublish(event: DraftOf<Events>): boolean;

  /** Publishes several events; one outcome for each, in their order. One bad event stops no other. */
  publishBatch(
    events: readonly DraftOf<Events>[],
    options?: PublishOptions,
  ): Promise<PromiseSettledResult<Receipt>[]>;

  /**
   * A publisher that numbers its events, so that a repeat is recognised by its number. The same id
   * answers the same producer; what it numbered is known for as long as the topic exists.
   *
   * @throws {ValidationError} If the id is no string of 1–256 bytes.
   * @throws {LimitExceededError} If the topic has 10,000 producers.
   */
  producer(id: string): TopicProducer<Events>;

  /**
   * Hands every event to a listener, at least once, in order per key.
   *
   * @throws {TypeError} If the listener is no function.
   * @throws {ConfigMismatchError} If its group has other options.
   * @throws {ClosedError} If the bus is closed.
   */
  subscribe(
    listener: TopicListener<EventOf<Events>>,
    options?: SubscribeOptions,
  ): TopicSubscription;

  /** Hands the events of one type to a listener; others count as handled. */
  on<Type extends TypeOf<Events>>(
    type: Type,
    listener: TopicListener<EventOf<Events, Type>>,
    options?: SubscribeOptions,
  ): TopicSubscription;

  /**
   * Hands out events when they are asked for, each on a lease, until they are settled.
   *
   * @throws {ConfigMismatchError} If its group has other options, or is one of listeners.
   * @throws {ClosedError} If the bus is closed.
   */
  consume(options?: ConsumeOptions): Consumer<EventOf<Events>>;

  /** The figures of now. */
  stats(): TopicStats;
}

/** What went wrong, in a form that survives a wire. */
export interface DeadLetterError {
  /** The code of a Nova error, else undefined. */
  readonly code: string | undefined;
  /** The name of the error's class. */
  readonly name: string;
  /** What it said. */
  readonly message: string;
}

/** The data of a dead letter. */
export interface DeadLetter {
  /** The event that could not be handled. */
  readonly event: NovaEvent;
  /** What the last attempt threw. */
  readonly error: DeadLetterError;
  /** How many attempts were made. */
  readonly attempts: number;
  /** The subscription that gave up. */
  readonly subscription: string;
  /** How often the event had been redriven before. */
  readonly redrives: number;
  /** When it gave up, in epoch milliseconds. */
  readonly at: number;
}
