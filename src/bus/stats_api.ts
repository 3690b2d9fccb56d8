/**
 * The figures of topics, partitions and subscriptions.
 */

import type { Timing } from "../metrics/timing.ts";

/**
 * Figures of a subscription. Every event offered to it is counted once:
 * `offered = succeeded + failed + deadLettered + expired + dropped + released + queued + held + inFlight`.
 */
export interface SubscriptionStats {
  /** Its label. */
  readonly id: string;
  /** Events that the topic accepted for it. */
  readonly offered: number;
  /** Events that were handled. */
  readonly succeeded: number;
  /** Events that failed, of a topic that delivers at most once. */
  readonly failed: number;
  /** Events that failed for good and went to the dead letters. */
  readonly deadLettered: number;
  /** Events it missed: it was too slow, and was to lose some rather than hold publishers back. */
  readonly dropped: number;
  /** Events it was not given because their time was over. */
  readonly expired: number;
  /** Events it was not given because it ended first. */
  readonly released: number;
  /** Events that wait in the partitions. */
  readonly queued: number;
  /** Events set aside: waiting for another attempt, or behind one with the same key. */
  readonly held: number;
  /** Events whose handler is running. */
  readonly inFlight: number;
  /** Events it is not done with: queued, held and in flight. */
  readonly lag: number;
  /**
   * How old the oldest event is that waits, in milliseconds since its `timestamp`; 0 when none does.
   */
  readonly oldestAgeMs: number;
  /** Keys that are parked, and events that are held, until somebody acts. */
  readonly stops: number;
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

/** Figures of a partition. */
export interface PartitionStats {
  /** Events that entered it. */
  readonly accepted: number;
  /** Events that its slowest subscription has not taken yet. */
  readonly queued: number;
  /** Events in memory that a subscription could still begin with; a durable topic has all in its store. */
  readonly kept: number;
  /** The most that one of its subscriptions is not done with: queued, held and in flight. */
  readonly lag: number;
  /** How old the oldest event is that waits for one of its subscriptions, in milliseconds; 0 for none. */
  readonly oldestAgeMs: number;
  /** Publishers that wait for room in it. */
  readonly waiting: number;
}

/** Figures of the memory in which a topic recognises what it got before. */
export interface DedupeStats {
  /** Events that are remembered. */
  readonly remembered: number;
  /** How many may be; then nothing enters before the oldest are forgotten. */
  readonly maxIds: number;
}

/**
 * Figures of a topic. Every attempt to publish is counted once:
 * `attempts = accepted + duplicates + rejected + dropped + waiting`.
 */
export interface TopicStats {
  /** Its name. */
  readonly name: string;
  /** Valid events that somebody tried to publish. */
  readonly attempts: number;
  /** Events that entered. */
  readonly accepted: number;
  /** Events that had entered before, and did not enter again. */
  readonly duplicates: number;
  /** Events that were refused, or whose publisher stopped waiting. */
  readonly rejected: number;
  /** Events that the overflow policy dropped. */
  readonly dropped: number;
  /** Publishers that wait for room. */
  readonly waiting: number;
  /** Accepted events whose time has not come. */
  readonly delayed: number;
  /** Events that the slowest subscription has not taken yet, over all partitions. */
  readonly queued: number;
  /** How many may be queued in each partition. */
  readonly bufferSize: number;
  /** Whether its events have keys. */
  readonly keyed: boolean;
  /** Its memory of ids; undefined without `dedupe`. */
  readonly dedupe?: DedupeStats;
  /** Its partitions, in order. */
  readonly partitions: readonly PartitionStats[];
  /** Its subscriptions. */
  readonly subscriptions: readonly SubscriptionStats[];
}

/** Figures of a bus. */
export interface BusStats {
  /** Its name. */
  readonly name: string;
  /** Each topic, dead-letter topics included. */
  readonly topics: readonly TopicStats[];
}
