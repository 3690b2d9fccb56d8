/**
 * What an emitter takes and tells.
 */

import type { ListenerError } from "../errors.ts";
import type { Emitted, EmittedOf, EventMap, Metadata } from "../event/event.ts";
import type { Isolation } from "../event/isolation.ts";
import type { StandardSchema } from "../event/schema.ts";
import type { Env } from "../internal/env.ts";
import type { Timing, TimingMode } from "../metrics/timing.ts";
import type { Overflow } from "../queue/overflow.ts";
import type { Pool } from "../queue/pool.ts";
import type { Middleware } from "./onion.ts";

/** Options of an {@linkcode Emitter}. */
export interface EmitterOptions<
  Events extends EventMap = Record<string, unknown>,
  Inputs extends { readonly [Type in keyof Events]: unknown } = Events,
> {
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
   * Where enqueued events are delivered, such as a `WorkerPool` that several emitters share. They wait
   * in the emitter's own buffer until the pool starts them. When the pool closes before the emitter,
   * the emitter delivers the rest itself.
   *
   * @default {none: the emitter delivers them itself}
   */
  readonly pool?: Pool;
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
  readonly onError?: (error: ListenerError, event: EmittedOf<Events>) => "handled" | void;
  /**
   * Standard Schemas by event type. Data is checked when an event is emitted or enqueued, and listeners
   * get what the schema makes of it. Types without a schema pass unchecked. An emitter made without
   * type arguments has the events that its schemas name, and no others.
   *
   * @default {{}}
   */
  readonly schema?:
    & { readonly [Type in keyof Events]?: StandardSchema<unknown, Events[Type]> }
    & { readonly [Type in keyof Inputs]?: StandardSchema<Inputs[Type], unknown> };
  /**
   * What runs around the delivery of every event, outermost first.
   *
   * @default {[]}
   */
  readonly middleware?: readonly Middleware<EmittedOf<Events>>[];
  /**
   * How far listeners are kept from each other's hands.
   *
   * @default {"shared"}
   */
  readonly isolation?: Isolation;
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

/** Emitter options of any event map. */
export type AnyEmitterOptions =
  & Omit<EmitterOptions, "schema" | "middleware" | "onError">
  & {
    readonly schema?: Readonly<Record<string, StandardSchema | undefined>>;
    readonly middleware?: readonly Middleware[];
    readonly onError?: (error: ListenerError, event: never) => "handled" | void;
  };

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
  /**
   * How often the listener may run at once. An event that meets it at this limit waits for a slot; it is
   * in flight meanwhile.
   *
   * @default {no limit}
   */
  readonly concurrency?: number;
}

/** Options of {@linkcode Emitter.events}. */
export interface EventsOptions {
  /**
   * How many events may wait for the reader.
   *
   * @default {1000}
   */
  readonly bufferSize?: number;
  /**
   * What happens when they are that many. `"wait"` makes emitting wait for the reader, `"reject"` makes
   * it fail.
   *
   * @default {"drop-oldest"}
   */
  readonly overflow?: Overflow;
  /**
   * How long emitting waits for the reader, in milliseconds.
   *
   * @default {30_000}
   */
  readonly waitMs?: number;
  /** Ends the stream; reading then rejects with its reason. */
  readonly signal?: AbortSignal;
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
  /** The event type, or the pattern, that it listens to. */
  readonly type: string;
  /** How often it was called. */
  readonly runs: number;
  /** How often it threw or rejected. */
  readonly runFailures: number;
  /** Calls whose promise has not settled. */
  readonly inFlight: number;
  /** How long calls take, if `timing` is on. */
  readonly timing?: Timing;
}

/** Figures of one event type. */
export interface TypeStats {
  /** The type; somebody listens to it by name. */
  readonly type: string;
  /** Events that found listeners: succeeded, failed, or in flight. */
  readonly emitted: number;
  /** Events with at least one failed listener. */
  readonly failed: number;
  /** Events with a listener that has not settled. */
  readonly inFlight: number;
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
  /** Events with at least one failed listener, or that middleware refused by throwing. */
  readonly failed: number;
  /** Events that the buffer has taken so far. */
  readonly enqueued: number;
  /** Events that wait in the buffer. */
  readonly queued: number;
  /** How many may wait. */
  readonly bufferSize: number;
  /** Events with a listener that has not settled. */
  readonly inFlight: number;
  /** How many of the buffer may be in flight at once. */
  readonly maxConcurrency: number;
  /** Events that a policy, closing, or a middleware without `next` dropped. */
  readonly dropped: number;
  /** Events that nobody listened to. */
  readonly unheard: number;
  /** Producers that wait for room. */
  readonly waiting: number;
  /** Events that were not valid. They are no part of `emitted`. */
  readonly invalid: number;
  /** Events that found no room, or whose producer stopped waiting. They are no part of `emitted`. */
  readonly refused: number;
  /** Of the refused events, those whose producer waited for room in vain. */
  readonly timedOut: number;
  /** Failures of middleware, also those behind a delivery that went well. */
  readonly middlewareErrors: number;
  /** Active subscriptions. */
  readonly activeListeners: number;
  /** Each active subscription: first those by type, then those by pattern. */
  readonly listeners: readonly ListenerStats[];
  /** Each type that somebody listens to by name. */
  readonly types: readonly TypeStats[];
}
