/**
 * How long to wait before the next attempt.
 */

import {
  durationOption,
  integerOption,
  requireOptions,
  show,
  wordOption,
} from "../internal/check.ts";

/** When and how often a failed delivery is tried again. */
export interface RetryOptions {
  /**
   * Attempts in all, the first included.
   *
   * @default {3}
   */
  readonly attempts?: number;
  /**
   * How the delay grows from attempt to attempt.
   *
   * @default {"exponential"}
   */
  readonly backoff?: "exponential" | "linear" | "fixed";
  /**
   * The delay before the second attempt, in milliseconds.
   *
   * @default {100}
   */
  readonly delayMs?: number;
  /**
   * By what an exponential delay is multiplied each time.
   *
   * @default {2}
   */
  readonly factor?: number;
  /**
   * The longest delay, in milliseconds.
   *
   * @default {30_000}
   */
  readonly maxDelayMs?: number;
  /**
   * `"full"` draws between 0 and the delay, so that failures do not come back in step.
   *
   * @default {"full"}
   */
  readonly jitter?: "full" | "none";
}

/** Checked, total retry options. */
export type Retry = Required<RetryOptions>;

/** The defaults of {@linkcode RetryOptions}. */
export const DEFAULT_RETRY: Retry = Object.freeze({
  attempts: 3,
  backoff: "exponential",
  delayMs: 100,
  factor: 2,
  maxDelayMs: 30_000,
  jitter: "full",
});

/** Checks the options and fills in what is missing from `base`. */
export function totalRetry(options: RetryOptions = {}, base: Retry = DEFAULT_RETRY): Retry {
  requireOptions("retry", options);
  const { factor = base.factor } = options;
  if (typeof factor !== "number" || !(factor >= 1 && factor < Infinity)) {
    throw new RangeError(
      `Cannot use ${show(factor)} as "retry.factor": it must be a number of at least 1`,
    );
  }
  return {
    attempts: integerOption("retry.attempts", options.attempts, base.attempts),
    backoff: wordOption(
      "retry.backoff",
      options.backoff,
      ["exponential", "linear", "fixed"],
      base.backoff,
    ),
    delayMs: durationOption("retry.delayMs", options.delayMs, base.delayMs, false),
    factor,
    maxDelayMs: durationOption("retry.maxDelayMs", options.maxDelayMs, base.maxDelayMs, false),
    jitter: wordOption("retry.jitter", options.jitter, ["full", "none"], base.jitter),
  };
}

/** The delay after attempt number `attempt` (from 1) failed, in milliseconds. */
export function retryDelay(retry: Retry, attempt: number, random: () => number): number {
  const { backoff, delayMs, factor } = retry;
  const grown = backoff === "exponential"
    // The power may be too large for a number, and no delay times infinity is none.
    ? delayMs * Math.min(factor ** (attempt - 1), Number.MAX_VALUE)
    : backoff === "linear"
    ? delayMs * attempt
    : delayMs;
  const capped = Math.min(grown, retry.maxDelayMs);
  return retry.jitter === "full" ? capped * random() : capped;
}
