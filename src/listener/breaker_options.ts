/**
 * What a circuit breaker is told, and what it tells.
 */

import {
  durationOption,
  integerOption,
  requireFunction,
  requireOptions,
  show,
  wordOption,
} from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { Consecutive, Counted, Rated, type Tally } from "./tally.ts";

/**
 * - `"closed"`: attempts pass and are counted;
 * - `"open"`: none passes until the cool-down is over;
 * - `"half-open"`: a few probes pass; their outcome closes or opens it;
 * - `"isolated"`: none passes until someone takes the isolation back.
 */
export type CircuitState = "closed" | "open" | "half-open" | "isolated";

/** A change of state, as `onChange` is told. */
export interface CircuitChange {
  /** The name of the breaker. */
  readonly name: string;
  /** The state before. */
  readonly from: CircuitState;
  /** The state now. */
  readonly to: CircuitState;
}

/** What every breaker is told. */
export interface CircuitOptions {
  /**
   * Names it in errors and changes.
   *
   * @default {"circuit"}
   */
  readonly name?: string;
  /**
   * How long it stays open before probes may pass, in milliseconds.
   *
   * @default {30_000}
   */
  readonly cooldownMs?: number;
  /**
   * How many probes may be in flight at once while it is half-open.
   *
   * @default {1}
   */
  readonly permits?: number;
  /**
   * How many probes must succeed before it closes.
   *
   * @default {1}
   */
  readonly successes?: number;
  /**
   * Which failures count. It is asked about what was thrown and then about each of its causes, and
   * one yes is enough. A failure that does not count is no success either.
   *
   * @default {every failure}
   */
  readonly countIf?: (error: unknown) => boolean;
  /**
   * Told of each change of state. What it throws is reported.
   *
   * @default {nobody is told}
   */
  readonly onChange?: (change: CircuitChange) => void;
  /**
   * The world around it.
   *
   * @default {the real one}
   */
  readonly env?: Env;
}

/** Opens after so many failures in a row. */
export interface ConsecutiveOptions extends CircuitOptions {
  /**
   * Failures in a row.
   *
   * @default {"consecutive"}
   */
  readonly kind?: "consecutive";
  /**
   * How many failures in a row open it.
   *
   * @default {5}
   */
  readonly failures?: number;
}

/** Opens after so many failures among the last attempts. */
export interface CountOptions extends CircuitOptions {
  /** Failures among the last attempts. */
  readonly kind: "count";
  /**
   * How many failures open it.
   *
   * @default {5}
   */
  readonly failures?: number;
  /**
   * Among how many of the last attempts.
   *
   * @default {10}
   */
  readonly of?: number;
}

/** Opens when too large a share of the attempts of a sliding window failed. */
export interface RateOptions extends CircuitOptions {
  /** The share of failures in a window of time. */
  readonly kind: "rate";
  /**
   * The share of failures that opens it, more than 0 and at most 1.
   *
   * @default {0.5}
   */
  readonly threshold?: number;
  /**
   * The length of the window, in milliseconds.
   *
   * @default {60_000}
   */
  readonly windowMs?: number;
  /**
   * How many attempts there must be in the window before the share means anything.
   *
   * @default {10}
   */
  readonly minimum?: number;
}

/** Options of a {@linkcode CircuitBreaker}. */
export type BreakerOptions = ConsecutiveOptions | CountOptions | RateOptions;

/** What a breaker remembers, as plain data: `toJSON()` makes it, `restore()` takes it. */
export interface CircuitSnapshot {
  /** The state. */
  readonly state: CircuitState;
  /** When probes may pass, in epoch milliseconds; only for `"open"`. */
  readonly retryAt?: number;
  /** What is counted. */
  readonly successes: number;
  /** What is counted. */
  readonly failures: number;
}

/** Checks what says how failures are counted, and makes the tally. `now` is a clock for windows. */
export function tallyOf(options: BreakerOptions, now: () => number): Tally {
  const kind = wordOption(
    "breaker.kind",
    options.kind,
    ["consecutive", "count", "rate"],
    "consecutive",
  );
  if (kind === "rate") {
    const { threshold = 0.5, windowMs, minimum } = options as RateOptions;
    if (typeof threshold !== "number" || !(threshold > 0 && threshold <= 1)) {
      throw new RangeError(
        `Cannot use ${
          show(threshold)
        } as "breaker.threshold": it must be more than 0 and at most 1`,
      );
    }
    return new Rated(
      threshold,
      windowOption("breaker.windowMs", windowMs),
      integerOption("breaker.minimum", minimum, 10),
      now,
    );
  }
  const failures = integerOption("breaker.failures", (options as CountOptions).failures, 5);
  if (kind === "consecutive") return new Consecutive(failures);
  const of = integerOption("breaker.of", (options as CountOptions).of, Math.max(10, failures));
  if (of < failures || of > MOST_COUNTED) {
    throw new RangeError(
      `Cannot use ${of} as "breaker.of": it must be at least "breaker.failures" (${failures}) ` +
        `and at most ${MOST_COUNTED}`,
    );
  }
  return new Counted(failures, of);
}

/** Each attempt that is counted takes a byte. */
const MOST_COUNTED = 1_000_000;

/** The length of a sliding window: a minute unless told otherwise, and never 0. */
export function windowOption(name: string, windowMs: number | undefined): number {
  const total = durationOption(name, windowMs, 60_000, false);
  if (total === 0) throw new RangeError(`Cannot use 0 as "${name}": a window has a length`);
  return total;
}

/** The options of a breaker beside how it counts, checked and total. */
export interface TotalCircuit {
  readonly name: string;
  readonly cooldownMs: number;
  readonly permits: number;
  readonly successes: number;
  readonly countIf: CircuitOptions["countIf"];
  readonly onChange: CircuitOptions["onChange"];
}

/** Checks the options and fills in what is missing. */
export function totalCircuit(options: BreakerOptions): TotalCircuit {
  requireOptions("a breaker", options);
  const { countIf, onChange } = options;
  if (countIf !== undefined) requireFunction("breaker.countIf", countIf);
  if (onChange !== undefined) requireFunction("breaker.onChange", onChange);
  return {
    name: options.name ?? "circuit",
    cooldownMs: durationOption("breaker.cooldownMs", options.cooldownMs, 30_000, false),
    permits: integerOption("breaker.permits", options.permits, 1),
    successes: integerOption("breaker.successes", options.successes, 1),
    countIf,
    onChange,
  };
}

/** The snapshot, if it is one; it may come from anywhere. */
export function checkedSnapshot(snapshot: CircuitSnapshot): CircuitSnapshot {
  if (typeof snapshot !== "object" || snapshot === null) {
    throw new TypeError(`Cannot restore a circuit from ${show(snapshot)}: it must be an object`);
  }
  const { state, retryAt, successes, failures } = snapshot;
  wordOption("snapshot.state", state, ["closed", "open", "half-open", "isolated"], "closed");
  if (retryAt !== undefined && !Number.isFinite(retryAt)) {
    throw new RangeError(`Cannot use ${show(retryAt)} as "snapshot.retryAt": it must be a time`);
  }
  return {
    state: state ?? "closed",
    ...(retryAt === undefined ? {} : { retryAt }),
    successes: integerOption("snapshot.successes", successes, 0, 0),
    failures: integerOption("snapshot.failures", failures, 0, 0),
  };
}
