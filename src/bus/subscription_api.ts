/**
 * What subscriptions of a topic take, tell and answer.
 */

import type { Subscription } from "../event/listener.ts";
import type { RetryOptions } from "../listener/backoff.ts";
import type { Timing } from "../metrics/timing.ts";
import type { DeadLetter, Key, OnFailure } from "./api.ts";

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
   * Where to begin: with what is published from now on, or with the oldest event that the partitions
   * still hold.
   *
   * @default {"latest"}
   */
  readonly from?: "latest" | "earliest";
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

/** The handle of a listener on a topic. */
export interface TopicSubscription extends Subscription {
  /**
   * Resolves when the subscription has its place: at once in memory. On a durable topic its place is
   * found in the store first, and it waits while another process has it.
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

/**
 * Figures of a subscription. Every event offered to it is counted once:
 * `offered = succeeded + deadLettered + released + queued + held + inFlight`.
 */
export interface SubscriptionStats {
  /** Its label. */
  readonly id: string;
  /** Events that the topic accepted for it. */
  readonly offered: number;
  /** Events that were handled. */
  readonly succeeded: number;
  /** Events that failed for good and went to the dead letters. */
  readonly deadLettered: number;
  /** Events it was not given because it ended first. */
  readonly released: number;
  /** Events that wait in the partitions. */
  readonly queued: number;
  /** Events set aside: waiting for another attempt, or behind one with the same key. */
  readonly held: number;
  /** Events whose handler is running. */
  readonly inFlight: number;
  /** How many handlers may run at once, over all partitions. */
  readonly slots: number;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** How long calls of the handler take, if `timing` is on. */
  readonly timing?: Timing;
  /** Attempts that took longer than `deadlineMs`. */
  readonly timedOut: number;
  /** Handlers that were given up and still run. */
  readonly zombies: number;
}
