/**
 * What advice consists of.
 */

/** The rules, by a stable word each. A new word is a minor release. */
export type RuleName =
  | "buffer-full"
  | "buffer-undersized"
  | "circuit-open"
  | "cpu-saturation"
  | "dead-letters"
  | "dedupe-filling"
  | "delivery-mode"
  | "failure-rate"
  | "hot-partition"
  | "key-skew"
  | "lag-growing"
  | "lost-threads"
  | "many-retries"
  | "memory-growth"
  | "missed-events"
  | "no-retention"
  | "no-subscriber"
  | "old-events"
  | "queue-backup"
  | "slow-listener"
  | "slow-subscription"
  | "standstill"
  | "too-many-workers"
  | "unheard-events";

/** How bad it is: something is lost or stands still; it will be; it may be. */
export type Severity = "critical" | "warning" | "notice";

/** Something that does not run well, why, and what to do about it. */
export interface Finding {
  /** Which rule found it: a stable word. */
  readonly rule: RuleName;
  /** How bad it is. */
  readonly severity: Severity;
  /** Where: such as `topic "orders"`. */
  readonly part: string;
  /** What a user of the program notices. */
  readonly symptom: string;
  /** The figures that say so. */
  readonly evidence: string;
  /** Most likely why. */
  readonly cause: string;
  /** What to do. */
  readonly remedy: string;
  /** The same as code; undefined when no option would help. */
  readonly config: string | undefined;
}

/** From worst to least. */
export const SEVERITIES: readonly Severity[] = ["critical", "warning", "notice"];

/** Judgements that a program may make differently. */
export interface Thresholds {
  /**
   * The cores that threads share.
   *
   * @default {those of this machine}
   */
  readonly cores: number;
  /**
   * The share of its places from which a queue is backed up.
   *
   * @default {0.8}
   */
  readonly queueShare: number;
  /**
   * The share of failures from which there are too many.
   *
   * @default {0.01}
   */
  readonly failureRate: number;
}
