/**
 * Whether there is a next attempt, and how long to wait before it.
 */

import {
  durationOption,
  integerOption,
  requireFunction,
  requireOptions,
  show,
  wordOption,
} from "../internal/check.ts";
import { isTerminal, retryHint, someCause } from "./causes.ts";

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
   * Draws the delay, so that failures do not come back in step: `"full"` between 0 and the delay,
   * `"decorrelated"` between `delayMs` and three times the delay before, whatever `backoff` says.
   *
   * @default {"full"}
   */
  readonly jitter?: "full" | "decorrelated" | "none";
  /**
   * Which failures are worth another attempt. It is asked about what was thrown and then about each
   * of its causes, and one yes is enough. A `TerminalError` is never tried again.
   *
   * @default {every failure}
   */
  readonly retryIf?: (error: unknown) => boolean;
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
  retryIf: () => true,
});

/** Checks the options and fills in what is missing from `base`. */
export function totalRetry(options: RetryOptions = {}, base: Retry = DEFAULT_RETRY): Retry {
  requireOptions("retry", options);
  const { factor = base.factor, retryIf = base.retryIf } = options;
  requireFunction("retry.retryIf", retryIf);
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
    jitter: wordOption(
      "retry.jitter",
      options.jitter,
      ["full", "decorrelated", "none"],
      base.jitter,
    ),
    retryIf,
  };
}

/** The delay after attempt number `attempt` (from 1) failed, in milliseconds. */
export function retryDelay(retry: Retry, attempt: number, random: () => number): number {
  const { backoff, delayMs, factor, jitter, maxDelayMs } = retry;
  if (jitter === "decorrelated") return decorrelated(retry, attempt, random);
  const grown = backoff === "exponential"
    // The power may be too large for a number, and no delay times infinity is none.
    ? delayMs * Math.min(factor ** (attempt - 1), Number.MAX_VALUE)
    : backoff === "linear"
    ? delayMs * attempt
    : delayMs;
  const capped = Math.min(grown, maxDelayMs);
  return jitter === "full" ? capped * random() : capped;
}

/** After so many draws the delay no longer depends on where it began. */
const LONGEST_WALK = 32;

/**
 * Each delay is drawn from the one before. The walk is drawn anew every time: the delays have the
 * same distribution, and nobody has to remember one.
 */
function decorrelated(
  { delayMs, maxDelayMs }: Retry,
  attempt: number,
  random: () => number,
): number {
  let delay = Math.min(delayMs, maxDelayMs);
  for (let step = Math.min(attempt, LONGEST_WALK); step > 0; step--) {
    delay = Math.min(maxDelayMs, delayMs + (delay * 3 - delayMs) * random());
  }
  return delay;
}

/**
 * Whether a failure is worth another attempt, leaving aside how many there were. A `retryIf` that
 * throws has said nothing: the failure is tried again, and `report` is told.
 */
export function mayRetry(
  retry: Retry,
  error: unknown,
  report?: (error: unknown) => void,
): boolean {
  if (isTerminal(error)) return false;
  if (retry.retryIf === DEFAULT_RETRY.retryIf) return true;
  try {
    return someCause(error, retry.retryIf);
  } catch (thrown) {
    report?.(thrown);
    return true;
  }
}

/**
 * The delay after attempt number `attempt` failed with `error`. What the error asks for
 * (`retryAfterMs`) is a least, but never beyond `maxDelayMs`.
 */
export function delayAfter(
  retry: Retry,
  attempt: number,
  error: unknown,
  random: () => number,
): number {
  return Math.max(
    retryDelay(retry, attempt, random),
    Math.min(retryHint(error), retry.maxDelayMs),
  );
}
