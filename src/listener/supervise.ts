/**
 * Supervision as functions: a listener goes in, a listener comes out.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import { requireOptions } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { lendRoster, Roster } from "../internal/roster.ts";
import type { CircuitBreaker } from "./breaker.ts";
import type { BreakerOptions } from "./breaker_options.ts";
import {
  type SupervisedListener,
  type SupervisedRetryOptions,
  type SuperviseOptions,
  totalSupervision,
} from "./options.ts";
import { Supervisor } from "./supervisor.ts";

/**
 * Puts a listener under supervision: bounded concurrency, a time limit per attempt, retries with
 * backoff, a circuit breaker, and a place for what fails for good. What comes out is a listener for
 * emitter, bus and store alike. Everything is on unless it is switched off.
 *
 * An event whose attempts are used up fails with a `TerminalError`, which a bus does not try again:
 * three attempts here and three there make three calls. An open circuit fails an event with a
 * `CircuitOpenError`, without an attempt.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events";
 * import { supervise } from "@nova/events/listener";
 *
 * let calls = 0;
 * const charge = supervise(() => {
 *   calls += 1;
 *   if (calls < 3) throw new Error("the bank is busy");
 * }, { name: "charge", retry: { attempts: 5, delayMs: 1 } });
 *
 * const emitter = new Emitter<{ "order.placed": number }>();
 * emitter.on("order.placed", charge);
 * await emitter.emit("order.placed", 42);
 * console.log(calls, charge.stats().retries); // 3 2
 * ```
 *
 * @throws {RangeError} If an option makes no sense.
 */
export function supervise<Event extends Emitted = Emitted>(
  listener: Listener<Event>,
  options?: SuperviseOptions<Event>,
): SupervisedListener<Event> {
  return supervised(new Supervisor(listener, totalSupervision(listener, options)));
}

/** The listener that a supervisor is to the outside. */
export function supervised<Event extends Emitted>(
  supervisor: Supervisor,
): SupervisedListener<Event> {
  const { name, breaker } = supervisor.settings;
  const handle: Listener = (event, context) => supervisor.handle(event, context);
  lendRoster(handle, () => supervisor.roster ??= new Roster(supervisor.settings.env));
  return Object.defineProperties(handle, {
    name: { value: name, configurable: true },
    circuit: { value: breaker },
    stats: { value: () => supervisor.figures.stats() },
    health: { value: () => supervisor.figures.health() },
  }) as unknown as SupervisedListener<Event>;
}

/** What every part may be told beside its own options. */
export interface PartOptions {
  /**
   * Names it in errors and figures.
   *
   * @default {the name of the function, else "listener"}
   */
  readonly name?: string;
  /**
   * The world around it.
   *
   * @default {the real one}
   */
  readonly env?: Env;
}

/** Everything off: a part switches its own on. */
const OFF = {
  concurrency: Infinity,
  bufferSize: Number.MAX_SAFE_INTEGER,
  timeoutMs: Infinity,
  retry: false,
  breaker: false,
} as const;

/** Tries a failed event again, and nothing else. See `retry` of {@linkcode supervise}. */
export function retry<Event extends Emitted = Emitted>(
  listener: Listener<Event>,
  options: SupervisedRetryOptions & PartOptions & {
    /**
     * How many events may wait for their next attempt. Further ones are refused.
     *
     * @default {1000}
     */
    readonly bufferSize?: number;
  } = {},
): SupervisedListener<Event> {
  requireOptions("a retry", options);
  const { name, env, bufferSize = 1000, ...retry } = options;
  return supervise(listener, { ...OFF, ...part({ name, env }), bufferSize, retry });
}

/** Stops calling what keeps failing, and nothing else. See `breaker` of {@linkcode supervise}. */
export function breaker<Event extends Emitted = Emitted>(
  listener: Listener<Event>,
  options: BreakerOptions | CircuitBreaker = {},
): SupervisedListener<Event> {
  requireOptions("a breaker", options);
  const { name, env } = options as PartOptions;
  return supervise(listener, { ...OFF, ...part({ name, env }), breaker: options });
}

/**
 * Limits the time of an event, and nothing else: at the limit `context.signal` aborts and the event
 * fails with a `TimeoutError`. See `timeoutMs` of {@linkcode supervise}.
 */
export function timeout<Event extends Emitted = Emitted>(
  listener: Listener<Event>,
  options: PartOptions & {
    /** The limit, in milliseconds. */
    readonly timeoutMs: number;
  },
): SupervisedListener<Event> {
  const { timeoutMs, name, env } = options;
  return supervise(listener, { ...OFF, ...part({ name, env }), timeoutMs });
}

/**
 * Limits how many calls run at once, and nothing else; further events wait, in order. See
 * `concurrency`, `bufferSize` and `waitMs` of {@linkcode supervise}.
 */
export function bulkhead<Event extends Emitted = Emitted>(
  listener: Listener<Event>,
  options: PartOptions & Pick<SuperviseOptions, "concurrency" | "bufferSize" | "waitMs"> = {},
): SupervisedListener<Event> {
  requireOptions("a bulkhead", options);
  const { concurrency = 10, bufferSize = 1000, waitMs = 30_000, name, env } = options;
  return supervise(listener, {
    ...OFF,
    ...part({ name, env }),
    concurrency,
    bufferSize,
    waitMs,
  });
}

function part(
  { name, env }: { readonly name: string | undefined; readonly env: Env | undefined },
): PartOptions {
  return { ...(name === undefined ? {} : { name }), ...(env === undefined ? {} : { env }) };
}
