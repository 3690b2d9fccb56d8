/**
 * What subscriptions of a topic take, tell and answer.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Subscription } from "../event/listener.ts";
import type { RetryOptions } from "../listener/backoff.ts";
import type { DeadLetter, Key, OnFailure } from "./api.ts";
import type { SubscriptionStats } from "./stats_api.ts";

/** Where a subscription begins: see {@linkcode SubscribeOptions.from}. */
export type From = "latest" | "earliest" | number | Date;

/** What a subscription that cannot keep up does: see {@linkcode SubscribeOptions.onLag}. */
export type OnLag = "backpressure" | "drop-oldest" | "spill" | "close";

/** What a subscription gets that misses events: see {@linkcode SubscribeOptions.onGap}. */
export type OnGap = "error" | "marker";

/** Options of a subscription; what is not given comes from the topic. */
export interface SubscribeOptions {
  /**
   * Labels it in errors, dead letters and figures.
   *
   * @default {the function's name, else the topic and a number}
   */
  readonly id?: string;
  /**
   * Shares one subscription among all that give the same name: each event goes to one of them. Order per
   * key holds across them, and their `maxConcurrency` adds up. Other options must be the same; `from` is
   * that of the first. Figures, dead letters and parked keys are those of the group.
   *
   * @default {it shares with nobody}
   */
  readonly group?: string;
  /**
   * Where to begin: with what is published from now on; with the oldest event that is still there; with
   * the event of a sequence; or with the first one that entered at a time or later, where the topic has
   * `retention`. Retained events are read without holding publishers back.
   *
   * @default {"latest"}
   */
  readonly from?: From;
  /**
   * What happens when it cannot keep up with its topic.
   *
   * - `"backpressure"`: publishers wait for it once `bufferSize` events are before it;
   * - `"drop-oldest"`: it jumps to the oldest event that is there; what it missed counts as `dropped`;
   * - `"spill"`: it reads from the store until it has caught up; for topics with a store;
   * - `"close"`: it ends, with {@linkcode CursorExpiredError}.
   *
   * @default {"backpressure"; "drop-oldest" where `delivery` is "at-most-once"}
   */
  readonly onLag?: OnLag;
  /**
   * Says that `"drop-oldest"` may lose events of a topic that delivers at least once.
   *
   * @default {false}
   */
  readonly lossy?: boolean;
  /**
   * What happens when retention removes events before a subscription that catches up has read them, or
   * when those it asks for are gone: it ends with {@linkcode CursorExpiredError}, or gets an event of
   * type `nova.gap` whose data is a {@linkcode Gap} and goes on.
   *
   * @default {"error"}
   */
  readonly onGap?: OnGap;
  /** How many events to handle at once in each partition. */
  readonly maxConcurrency?: number;
  /** When and how often a failed delivery is tried again. */
  readonly retry?: RetryOptions;
  /** What becomes of an event that failed for good. */
  readonly onFailure?: OnFailure;
  /** How long the promise of a handler may take, in milliseconds. */
  readonly deadlineMs?: number;
  /** How long after its deadline a handler is given up, in milliseconds; `deadlineMs` if that is given. */
  readonly abandonMs?: number;
  /** Ends the subscription. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode Topic.consume}; what is not given comes from the topic. */
export interface ConsumeOptions extends
  Pick<
    SubscribeOptions,
    "id" | "group" | "from" | "onLag" | "lossy" | "onGap" | "retry" | "onFailure" | "signal"
  > {
  /**
   * How many deliveries it may have at once that are not settled, those included that nobody has asked
   * for yet.
   *
   * @default {10}
   */
  readonly prefetch?: number;
  /**
   * How long a delivery may take from when it is handed out until it is settled, in milliseconds;
   * `progress` gives it that time again. Then the attempt has failed, and its verbs are refused.
   *
   * @default {30_000}
   */
  readonly ackWaitMs?: number;
}

/**
 * Deliveries of a topic, pulled: iterate it, or call `next`. It ends when it is left or disposed of,
 * when its signal aborts (then the one who reads gets the signal's reason), and with its bus. What
 * nobody has asked for goes to other members of the group; what was handed out may still be settled.
 */
export interface Consumer<Event extends NovaEvent = NovaEvent>
  extends AsyncIterableIterator<Delivery<Event>, undefined>, AsyncDisposable {
  /** Labels it in errors and figures. */
  readonly id: string;
  /** Whether it still gets events. */
  readonly active: boolean;
  /** The figures of now; those of the group, if it is a member of one. */
  stats(): SubscriptionStats;
}

/**
 * One event in the hands of a consumer. Exactly one of `ack`, `nack`, `release` and `term` settles it;
 * until then, later events of its key wait. All verbs reject with {@linkcode StaleAckError} once it is
 * settled, or its lease has ended.
 */
export interface Delivery<Event extends NovaEvent = NovaEvent> {
  /** The event. */
  readonly event: Event;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /**
   * It is handled. On a durable topic it resolves after its commit, and rejects with
   * {@linkcode FencedError} if the event is with another by now.
   */
  ack(): Promise<void>;
  /** It failed: it is tried again as `retry` says, or is a dead letter after the last attempt. */
  nack(options?: NackOptions): Promise<void>;
  /** It is given back untried: somebody gets it at once, and the attempt does not count. */
  release(): Promise<void>;
  /** It needs longer: its lease begins anew. */
  progress(): Promise<void>;
  /** It failed for good, and becomes a dead letter. */
  term(reason?: string): Promise<void>;
}

/** Options of {@linkcode Delivery.nack}. */
export interface NackOptions {
  /**
   * How long to wait before the next attempt, in milliseconds.
   *
   * @default {as retry says}
   */
  readonly delayMs?: number;
  /** What went wrong; a dead letter tells of it. */
  readonly error?: unknown;
}

/** The handle of a listener on a topic. */
export interface TopicSubscription extends Subscription {
  /**
   * Resolves when it has caught up with what was there when it began, or has ended; rejects with
   * {@linkcode CursorExpiredError} when it misses events. If nobody asks, `reportError` is told instead.
   * On a durable topic its place is found in the store first, and it waits while another process has
   * it.
   */
  readonly ready: Promise<void>;

  /** The figures of now. */
  stats(): SubscriptionStats;

  /** The keys that stand still, with what waits behind them. */
  parked(): ParkedKey[];

  /**
   * Lets a key go on: a held event is tried again, from its first attempt; parked events are handled in
   * order. Answers whether anything waited. Without a key it means the held events that have none.
   */
  release(key?: string | number): boolean;

  /**
   * Delivers dead letters of this subscription again, to it alone and from the first attempt, oldest
   * first. A parked key gets its failed event first, then what waited behind it. Letters for which
   * there is no room (`maxHeld`) stay.
   */
  redrive(options?: RedriveOptions): RedriveResult;
}

/** A key that stands still. */
export interface ParkedKey {
  /** The key; undefined for held events without one. */
  readonly key: Key;
  /** The partition it is in. */
  readonly partition: number;
  /** How many events wait: those held behind a failed one, and a held one itself. */
  readonly waiting: number;
}

/** Options of {@linkcode TopicSubscription.redrive}. */
export interface RedriveOptions {
  /**
   * Which letters to deliver.
   *
   * @default {all}
   */
  readonly filter?: (letter: DeadLetter) => boolean;
  /**
   * How many to deliver at most.
   *
   * @default {all}
   */
  readonly limit?: number;
  /**
   * Only counts what would be delivered.
   *
   * @default {false}
   */
  readonly dryRun?: boolean;
}

/** What {@linkcode TopicSubscription.redrive} answers. */
export interface RedriveResult {
  /** Letters that are delivered again, or would be. */
  readonly redriven: number;
  /** Letters of this subscription that stay, or would stay. */
  readonly left: number;
}
