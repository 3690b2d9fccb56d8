/**
 * What supervision is told, and the figures it gives.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import {
  durationOption,
  integerOption,
  requireFunction,
  requireOptions,
} from "../internal/check.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { type Retry, type RetryOptions, totalRetry } from "./backoff.ts";
import { CircuitBreaker } from "./breaker.ts";
import type { BreakerOptions, CircuitState } from "./breaker_options.ts";
import { type BudgetOptions, RetryBudget } from "./budget.ts";
import {
  type HealthOptions,
  type HealthRules,
  type ListenerHealth,
  totalHealth,
} from "./health.ts";

/** How often a supervised listener is tried. */
export interface SupervisedRetryOptions extends RetryOptions {
  /**
   * Bounds retries by successes, so that a general failure is not multiplied. An event whose retry
   * it does not allow fails with its own error; a bus lets it wait, and counts no attempt.
   *
   * @default {false, no bound}
   */
  readonly budget?: BudgetOptions | false;
}

/** Options of {@linkcode supervise}. */
export interface SuperviseOptions<Event extends Emitted = Emitted> {
  /**
   * Names it in errors, figures and health.
   *
   * @default {the name of the function, else "listener"}
   */
  readonly name?: string;
  /**
   * How many calls of the listener may run at once, retries included. A call that outlives its
   * timeout counts until it settles.
   *
   * @default {10}
   */
  readonly concurrency?: number;
  /**
   * How many events may wait for a free slot or for their next attempt. Further ones are refused with
   * a `BufferFullError`.
   *
   * @default {1000}
   */
  readonly bufferSize?: number;
  /**
   * How long an event waits for a free slot before it is refused, in milliseconds.
   *
   * @default {30_000}
   */
  readonly waitMs?: number;
  /**
   * How long one attempt may take, in milliseconds; `Infinity` for as long as it likes. At the limit
   * `context.signal` aborts and the attempt fails with a `TimeoutError`. A synchronous listener
   * cannot be interrupted.
   *
   * @default {30_000}
   */
  readonly timeoutMs?: number;
  /**
   * How often a failed event is tried; false for once.
   *
   * @default {three attempts, 100 ms × 2, full jitter}
   */
  readonly retry?: SupervisedRetryOptions | false;
  /**
   * When to stop calling the listener; a `CircuitBreaker` to share one; false for never.
   *
   * @default {after 5 failures in a row, for 30 s}
   */
  readonly breaker?: BreakerOptions | CircuitBreaker | false;
  /**
   * Takes an event that failed for good, with its last error. The event then counts as dealt with. If
   * this throws, the event fails.
   *
   * @default {the event fails with a TerminalError}
   */
  readonly deadLetter?: (event: Event, error: unknown) => void | Promise<void>;
  /**
   * Told of every failed attempt. It changes nothing; what it throws is reported.
   *
   * @default {nobody is told}
   */
  readonly onError?: (error: unknown, event: Event, attempt: number) => void;
  /**
   * When its health is no longer good.
   *
   * @default {10 % failures degrade it, 50 % are unhealthy, in a window of a minute}
   */
  readonly health?: HealthOptions;
  /**
   * The world around it.
   *
   * @default {the real one}
   */
  readonly env?: Env;
}

/**
 * The figures of a supervised listener. Every event is counted once: `offered = succeeded + failed +
 * deadLettered + rejected + released + queued + delayed + inFlight + burying`.
 */
export interface SupervisedStats {
  /** Events handled. */
  readonly succeeded: number;
  /** Events that failed for good, and that nobody took. */
  readonly failed: number;
  /** Events that `deadLetter` took. */
  readonly deadLettered: number;
  /** Events refused: open circuit, no room, not started. */
  readonly rejected: number;
  /** Events given back unhandled because the listener was stopped or nobody waits any more. */
  readonly released: number;
  /** Events that wait for a free slot. */
  readonly queued: number;
  /** How many may wait. */
  readonly bufferSize: number;
  /** Events that wait for their next attempt. */
  readonly delayed: number;
  /** Events in an attempt. */
  readonly inFlight: number;
  /** How many may be in an attempt at once. */
  readonly concurrency: number;
  /** Events that `deadLetter` is working on. */
  readonly burying: number;
  /** All events it was called with. */
  readonly offered: number;
  /** Failed attempts, also those that were tried again. */
  readonly attemptFailures: number;
  /** Second and later attempts. */
  readonly retries: number;
  /** Attempts that took too long. */
  readonly timeouts: number;
  /** Calls that outlived their timeout and still hold a slot. */
  readonly zombies: number;
  /** Retries that the budget did not allow. */
  readonly overBudget: number;
  /** The state of its circuit; undefined without a breaker. */
  readonly circuit: CircuitState | undefined;
}

/** A listener under supervision: a plain listener that can be asked how it is doing. */
export interface SupervisedListener<Event extends Emitted = Emitted> extends Listener<Event> {
  /** Its circuit breaker, if it has one. */
  readonly circuit: CircuitBreaker | undefined;
  /** The figures of now. */
  stats(): SupervisedStats;
  /** How it is doing, and why. */
  health(): ListenerHealth;
}

/** Supervision with everything decided. */
export interface Supervision {
  readonly name: string;
  readonly concurrency: number;
  readonly bufferSize: number;
  readonly waitMs: number;
  readonly timeoutMs: number;
  readonly retry: Retry | undefined;
  readonly budget: RetryBudget | undefined;
  readonly breaker: CircuitBreaker | undefined;
  readonly deadLetter: ((event: Emitted, error: unknown) => unknown) | undefined;
  readonly onError: ((error: unknown, event: Emitted, attempt: number) => void) | undefined;
  readonly health: HealthRules;
  readonly env: Env;
}

/** Checks the options and fills in what is missing. */
export function totalSupervision(
  listener: Listener<never>,
  options: SuperviseOptions<never> = {},
): Supervision {
  requireFunction("a listener", listener);
  requireOptions("supervision", options);
  const { deadLetter, onError, env = systemEnv } = options;
  const name = options.name ?? (listener.name || "listener");
  if (deadLetter !== undefined) requireFunction("deadLetter", deadLetter);
  if (onError !== undefined) requireFunction("onError", onError);
  const retry = options.retry === false ? undefined : options.retry ?? {};
  requireOptions("a retry", retry);
  const budget = retry?.budget;
  return {
    name,
    concurrency: slotsOption(options.concurrency),
    bufferSize: integerOption("bufferSize", options.bufferSize, 1000),
    waitMs: durationOption("waitMs", options.waitMs, 30_000),
    timeoutMs: timeoutOption(options.timeoutMs),
    retry: retry && totalRetry(retry),
    budget: budget === undefined || budget === false ? undefined : new RetryBudget(budget, env),
    breaker: breakerOption(options.breaker, name, env),
    deadLetter: deadLetter as Supervision["deadLetter"],
    onError: onError as Supervision["onError"],
    health: totalHealth(options.health),
    env,
  };
}

/** A number of slots; `Infinity` means no limit. */
function slotsOption(concurrency: number | undefined): number {
  return concurrency === Infinity ? concurrency : integerOption("concurrency", concurrency, 10);
}

function timeoutOption(timeoutMs: number | undefined): number {
  const total = durationOption("timeoutMs", timeoutMs, 30_000);
  if (total === 0) {
    throw new RangeError(`Cannot use 0 as "timeoutMs": every attempt would be over at once`);
  }
  return total;
}

function breakerOption(
  breaker: SuperviseOptions["breaker"],
  name: string,
  env: Env,
): CircuitBreaker | undefined {
  if (breaker === false) return undefined;
  if (breaker instanceof CircuitBreaker) return breaker;
  requireOptions("a breaker", breaker);
  return new CircuitBreaker({ name, env, ...breaker });
}
