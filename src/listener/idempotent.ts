/**
 * Handles an event once, however often it is delivered.
 */

import { ValidationError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import {
  durationOption,
  integerOption,
  requireFunction,
  requireOptions,
} from "../internal/check.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { adopt, isThenable } from "../internal/thenable.ts";

/** Remembers which events were handled; a database table, a Redis key, a `Set`. */
export interface HandledIds {
  /** Whether the event with this id was handled. */
  has(id: string): boolean | Promise<boolean>;
  /** Remembers that it was. */
  add(id: string): unknown;
}

/** Options of {@linkcode idempotent}. */
export interface IdempotentOptions<Event extends Emitted = Emitted> {
  /**
   * What makes two deliveries the same event.
   *
   * @default {the id of the event}
   */
  readonly key?: (event: Event) => string;
  /**
   * How many ids are remembered; the oldest is forgotten first. Not with a `store`.
   *
   * @default {100_000}
   */
  readonly maxIds?: number;
  /**
   * How long an id is remembered, in milliseconds. Not with a `store`.
   *
   * @default {600_000}
   */
  readonly windowMs?: number;
  /**
   * Remembers the ids instead of this process.
   *
   * @default {this process remembers}
   */
  readonly store?: HandledIds;
  /**
   * The world around it.
   *
   * @default {the real one}
   */
  readonly env?: Env;
}

/**
 * Calls the listener once per event. A delivery of an event that was handled does nothing; one of an
 * event that is being handled shares the outcome. What failed may be delivered again.
 *
 * An id is remembered after the listener succeeded. With a store that fails then, the delivery fails,
 * and the event may be handled twice.
 *
 * @example Usage
 * ```ts
 * import { createEvent, Emitter } from "@nova/events";
 * import { idempotent } from "@nova/events/listener";
 *
 * let paid = 0;
 * const emitter = new Emitter<{ paid: number }>();
 * emitter.on("paid", idempotent(({ data }) => {
 *   paid += data;
 * }));
 * const event = createEvent("paid", 42);
 * await emitter.emit(event);
 * await emitter.emit(event);
 * console.log(paid); // 42
 * ```
 *
 * @throws {RangeError} If an option makes no sense.
 */
export function idempotent<Event extends Emitted = Emitted>(
  listener: Listener<Event>,
  options: IdempotentOptions<Event> = {},
): Listener<Event> {
  requireFunction("a listener", listener);
  requireOptions("idempotent", options);
  const { key = idOf, env = systemEnv } = options;
  requireFunction("key", key);
  const handled = options.store === undefined
    ? new SeenIds(
      integerOption("maxIds", options.maxIds, 100_000),
      durationOption("windowMs", options.windowMs, 600_000),
      env,
    )
    : checkedStore(options.store);
  const running = new Map<string, Promise<void>>();

  const run = (
    id: string,
    event: Event,
    context: Parameters<Listener>[1],
  ): void | Promise<void> => {
    const result: unknown = listener(event, context);
    if (isThenable(result)) return adopt(result).then(() => remember(id));
    return remember(id);
  };
  const remember = (id: string): void | Promise<void> => {
    const result = handled.add(id);
    if (isThenable(result)) return adopt(result).then(nothing);
  };

  const handle: Listener<Event> = (event, context) => {
    const id = key(event);
    if (typeof id !== "string" || id === "") {
      throw new ValidationError(
        "id",
        id,
        'Cannot tell deliveries apart by an id that is no text: make the event with `createEvent`, or give a "key"',
      );
    }
    const shared = running.get(id);
    if (shared !== undefined) return shared;
    const known = handled.has(id);
    if (known === true) return;
    const result = isThenable(known)
      ? adopt(known).then((was) => was === true ? undefined : run(id, event, context))
      : run(id, event, context);
    if (result === undefined) return;
    const done = result.finally(() => running.delete(id));
    running.set(id, done);
    return done;
  };
  return Object.defineProperty(handle, "name", { value: listener.name, configurable: true });
}

function nothing(): void {}

function idOf(event: Emitted): string {
  return (event as { readonly id?: string }).id as string;
}

function checkedStore(store: HandledIds): HandledIds {
  requireOptions("a store of handled ids", store);
  requireFunction("store.has", store.has);
  requireFunction("store.add", store.add);
  return store;
}

/** The ids of a time and of a number, whichever is less: a map keeps them in the order they came. */
class SeenIds implements HandledIds {
  readonly #max: number;
  readonly #windowMs: number;
  readonly #env: Env;
  readonly #ids = new Map<string, number>();

  constructor(max: number, windowMs: number, env: Env) {
    this.#max = max;
    this.#windowMs = windowMs;
    this.#env = env;
  }

  has(id: string): boolean {
    const at = this.#ids.get(id);
    return at !== undefined && this.#env.coarse() - at < this.#windowMs;
  }

  add(id: string): void {
    const now = this.#env.coarse();
    // An id that comes again is as young as its last time.
    this.#ids.delete(id);
    this.#ids.set(id, now);
    for (const [oldest, at] of this.#ids) {
      if (this.#ids.size <= this.#max && now - at < this.#windowMs) break;
      this.#ids.delete(oldest);
    }
  }
}
