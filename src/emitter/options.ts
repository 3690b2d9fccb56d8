/**
 * What an emitter takes and tells.
 */

import type { ListenerError } from "../errors.ts";
import type { Emitted, Metadata } from "../event/event.ts";
import type { Env } from "../internal/env.ts";
import type { Overflow } from "../queue/overflow.ts";

/** Options of an {@linkcode Emitter}. */
export interface EmitterOptions {
  /**
   * Names it in errors and figures.
   *
   * @default {"emitter"}
   */
  readonly name?: string;
  /**
   * How many enqueued events may wait. Those in flight do not count.
   *
   * @default {1000}
   */
  readonly bufferSize?: number;
  /**
   * How many enqueued events may be in flight at once. Direct emits do not count.
   *
   * @default {10}
   */
  readonly maxConcurrency?: number;
  /**
   * What a full buffer says to a producer.
   *
   * @default {"wait"}
   */
  readonly overflow?: Overflow;
  /**
   * How long a producer waits for room, in milliseconds.
   *
   * @default {30_000}
   */
  readonly waitMs?: number;
  /**
   * Sees every failure of a listener. Answering `"handled"` keeps it from the caller of `emit`, and
   * from `reportError` when nobody awaits the event.
   */
  readonly onError?: (error: ListenerError, event: Emitted) => "handled" | void;
  /**
   * Clock, timers and randomness.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/** Options of {@linkcode Emitter.on}. */
export interface OnOptions {
  /**
   * Ends the subscription with the first event.
   *
   * @default {false}
   */
  readonly once?: boolean;
  /** Ends the subscription. If it is already aborted, the subscription is inactive from the start. */
  readonly signal?: AbortSignal;
  /**
   * Labels the listener in errors and figures.
   *
   * @default {the function's name, else the type and a number}
   */
  readonly id?: string;
}

/** Options of {@linkcode Emitter.once}. */
export interface OnceOptions<Event extends Emitted = Emitted> {
  /** Passes over events for which it answers false. */
  readonly where?: (event: Event) => boolean;
  /** Ends the waiting; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode Emitter.emit} and {@linkcode Emitter.enqueue}. */
export interface EmitOptions {
  /** Strings about the event, when it is given as type and data. */
  readonly metadata?: Metadata;
  /** Governs admission only: what was accepted is delivered. */
  readonly signal?: AbortSignal;
}

/** Figures of one listener. */
export interface ListenerStats {
  /** Its label. */
  readonly id: string;
  /** The event type it listens to. */
  readonly type: string;
  /** How often it was called. */
  readonly runs: number;
  /** How often it threw or rejected. */
  readonly runFailures: number;
}

/**
 * Figures of an emitter. Every event is counted once:
 * `emitted = succeeded + failed + dropped + queued + inFlight`.
 */
export interface EmitterStats {
  /** Events that were accepted, or dropped by a policy. */
  readonly emitted: number;
  /** Events whose listeners all succeeded; also those that nobody listened to. */
  readonly succeeded: number;
  /** Events with at least one failed listener. */
  readonly failed: number;
  /** Events that wait in the buffer. */
  readonly queued: number;
  /** Events with a listener that has not settled. */
  readonly inFlight: number;
  /** Events that a policy, or closing, dropped. */
  readonly dropped: number;
  /** Events that nobody listened to. */
  readonly unheard: number;
  /** Producers that wait for room. */
  readonly waiting: number;
  /** Active subscriptions. */
  readonly activeListeners: number;
  /** Each active listener, in the order they subscribed to their type. */
  readonly listeners: readonly ListenerStats[];
}
