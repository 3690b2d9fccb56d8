/**
 * Events that are used again.
 *
 * Measured, this gains nothing: engines make a short-lived object in about ten nanoseconds and collect
 * it for free, while a pooled one costs the same to fill and more to guard. It is here for those who
 * come with a pool and want it safe: an event that is still queued, or in the hands of a listener, is
 * neither handed out nor taken back.
 */

import { ValidationError } from "../errors.ts";
import { integerOption, requireOptions } from "../internal/check.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { brand } from "./brand.ts";
import type { Emitted, EventMap, EventOf, Metadata, TypeOf } from "./event.ts";
import { copyMetadata, NO_METADATA } from "./metadata.ts";
import { checkType } from "./validate.ts";

/** A constructor that answers its argument lets a subclass add a private field to a plain object. */
class Itself {
  constructor(object: object) {
    return object;
  }
}

/** The mark of a pooled event: which pool it belongs to, and how many deliveries hold it. */
class Lease extends Itself {
  readonly #pool: object;
  #holders = 0;
  #out = false;

  constructor(event: object, pool: object) {
    super(event);
    this.#pool = pool;
  }

  static isOn(event: object): boolean {
    return #pool in event;
  }

  static hold(event: Lease, by: number): void {
    event.#holders += by;
  }

  static begin(event: Lease): void {
    event.#out = true;
  }

  static isOut(event: Lease): boolean {
    return event.#out;
  }

  /** Ends a lease of this pool; false if it is not out, or something still holds it. */
  static end(event: object, pool: object): boolean {
    if (!(#pool in event) || event.#pool !== pool || !event.#out || event.#holders > 0) {
      return false;
    }
    event.#out = false;
    return true;
  }
}

/** Programs without a pool, nearly all, are spared the look for a mark that is never there. */
let anyPool = false;

/** Whether an event belongs to a pool. */
export function isPooled(event: object): boolean {
  return anyPool && Lease.isOn(event);
}

/** A delivery begins to hold an event; only pooled ones care. */
export function retain(event: object): void {
  if (isPooled(event)) Lease.hold(event as Lease, 1);
}

/** A delivery no longer holds an event. */
export function letGo(event: object): void {
  if (isPooled(event)) Lease.hold(event as Lease, -1);
}

/** Refuses an event that went back to its pool: its next user must not meet the last one's listeners. */
export function requireLease(event: object): void {
  if (Lease.isOut(event as Lease)) return;
  throw new ValidationError("event", event, "Cannot use an event that went back to its pool");
}

/** The event for somebody who may look at it after its delivery: a copy, if it belongs to a pool. */
export function keep(event: Emitted): Emitted {
  if (!isPooled(event)) return event;
  const copy = { ...event };
  brand(copy);
  return copy;
}

/** Options of {@linkcode createEventPool}. */
export interface EventPoolOptions {
  /**
   * How many free events are kept; further ones are left to the engine.
   *
   * @default {1000}
   */
  readonly size?: number;
  /**
   * Where ids and times come from.
   *
   * @default {the runtime's clock and randomness}
   */
  readonly env?: Env;
}

/** A pool of events for one event map. */
export interface EventPool<Events extends EventMap = Record<string, unknown>> {
  /** How many free events it keeps now. */
  readonly free: number;
  /**
   * An event that nobody else holds, with a new id and time.
   *
   * @throws {ValidationError} If type or metadata are not valid.
   */
  acquire<Type extends TypeOf<Events>>(
    type: Type,
    data: Events[Type],
    metadata?: Metadata,
  ): EventOf<Events, Type>;
  /**
   * Takes an event back. False, and nothing happens, if it is still queued or in a listener, if it was
   * taken back already, or if it is not of this pool.
   */
  release(event: Emitted): boolean;
}

interface Writable {
  id: string;
  type: string;
  data: unknown;
  metadata: Metadata;
  timestamp: number;
}

/**
 * Makes a pool of events. An emitter passes its events on by identity, as made ones; a bus and a store,
 * which keep what they take, copy them.
 *
 * @example Usage
 * ```ts
 * import { createEventPool, Emitter } from "@nova/events/emitter";
 *
 * const pool = createEventPool<{ tick: number }>();
 * const emitter = new Emitter<{ tick: number }>();
 * const event = pool.acquire("tick", 1);
 * await emitter.emit(event);
 * console.log(pool.release(event), pool.release(event)); // true false
 * ```
 */
export function createEventPool<Events extends EventMap = Record<string, unknown>>(
  options: EventPoolOptions = {},
): EventPool<Events> {
  requireOptions("an event pool", options);
  const { env = systemEnv } = options;
  const size = integerOption("size", options.size, 1000, 0);
  const free: Writable[] = [];
  const identity = {};
  anyPool = true;

  return {
    get free() {
      return free.length;
    },
    acquire(type, data, metadata) {
      checkType(type);
      const copied = metadata === undefined ? NO_METADATA : copyMetadata(metadata);
      let event = free.pop();
      if (event === undefined) {
        event = { id: "", type: "", data: undefined, metadata: NO_METADATA, timestamp: 0 };
        new Lease(event, identity);
      }
      event.id = env.id();
      event.type = type;
      event.data = data;
      event.metadata = copied;
      event.timestamp = env.coarse();
      Lease.begin(event as unknown as Lease);
      return event as unknown as EventOf<Events, typeof type>;
    },
    release(event) {
      if (!Lease.end(Object(event), identity)) return false;
      // Somebody froze it: it serves no more.
      if (Object.isFrozen(event)) return true;
      const writable = event as unknown as Writable;
      // Nothing of the last use may keep memory, or be seen by the next.
      writable.data = undefined;
      writable.metadata = NO_METADATA;
      if (free.length < size) free.push(writable);
      return true;
    },
  };
}
