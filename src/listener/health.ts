/**
 * How a listener is doing, and why: computed when someone asks, from a window and from what is open.
 */

import { durationOption, integerOption, requireOptions, show } from "../internal/check.ts";
import { windowOption } from "./breaker_options.ts";
import type { SupervisedStats } from "./options.ts";
import type { Tallied } from "./window.ts";

/** In one word. */
export type HealthStatus = "healthy" | "degraded" | "unhealthy" | "circuit-open";

/** Why something is not healthy. */
export interface HealthReason {
  /** A stable word. */
  readonly code: "circuit" | "dead-letters" | "error-rate" | "lag" | "stopped" | "zombies";
  /** The same with figures, for people. */
  readonly message: string;
}

/** When health is no longer good. */
export interface HealthOptions {
  /**
   * The length of the window in which outcomes are counted, in milliseconds.
   *
   * @default {60_000}
   */
  readonly windowMs?: number;
  /**
   * The share of failed attempts from which it is degraded.
   *
   * @default {0.1}
   */
  readonly degradedRate?: number;
  /**
   * The share of failed attempts from which it is unhealthy.
   *
   * @default {0.5}
   */
  readonly unhealthyRate?: number;
  /**
   * How many attempts there must be in the window before the share means anything.
   *
   * @default {5}
   */
  readonly minimum?: number;
  /**
   * How long the same lag is tolerated, in milliseconds: events are there and none gets done.
   *
   * @default {60_000}
   */
  readonly stallMs?: number;
}

/** Health options with everything decided. */
export type HealthRules = Required<HealthOptions>;

/** How one listener is doing. */
export interface ListenerHealth {
  /** The worst of its reasons. */
  readonly status: HealthStatus;
  /** Why it is not healthy; empty when it is. */
  readonly reasons: readonly HealthReason[];
  /** The share of failed attempts in the window; 0 when there were none. */
  readonly errorRate: number;
  /** Events it was given and is not done with. */
  readonly lag: number;
  /** For how long the lag has not gone down, in milliseconds; 0 when there is none. */
  readonly stalledMs: number;
  /** Calls that outlived their timeout and still hold a slot. */
  readonly zombies: number;
  /** Events that `deadLetter` took in the window. */
  readonly deadLetters: number;
}

/** What health is computed from. */
export interface Vitals {
  readonly stats: SupervisedStats;
  readonly concurrency: number;
  readonly attempts: Tallied;
  readonly deadLetters: number;
  readonly stalledMs: number;
  readonly retryAfterMs: number;
}

/** Checks the options and fills in what is missing. */
export function totalHealth(options: HealthOptions = {}): HealthRules {
  requireOptions("health", options);
  return {
    windowMs: windowOption("health.windowMs", options.windowMs),
    degradedRate: shareOption("health.degradedRate", options.degradedRate, 0.1),
    unhealthyRate: shareOption("health.unhealthyRate", options.unhealthyRate, 0.5),
    minimum: integerOption("health.minimum", options.minimum, 5),
    stallMs: durationOption("health.stallMs", options.stallMs, 60_000),
  };
}

function shareOption(name: string, share: number | undefined, fallback: number): number {
  if (share === undefined) return fallback;
  if (typeof share !== "number" || !(share > 0 && share <= 1)) {
    throw new RangeError(
      `Cannot use ${show(share)} as "${name}": it must be more than 0 and at most 1`,
    );
  }
  return share;
}

/** From best to worst. */
const ORDER: readonly HealthStatus[] = ["healthy", "degraded", "unhealthy", "circuit-open"];

/** Judges the vitals by the rules. */
export function diagnose(rules: HealthRules, vitals: Vitals): ListenerHealth {
  const { stats, attempts, stalledMs, deadLetters } = vitals;
  const reasons: HealthReason[] = [];
  let status: HealthStatus = "healthy";
  const add = (than: HealthStatus, code: HealthReason["code"], message: string): void => {
    if (ORDER.indexOf(than) > ORDER.indexOf(status)) status = than;
    reasons.push({ code, message });
  };

  const { circuit, zombies } = stats;
  if (circuit === "open" || circuit === "isolated") {
    add("circuit-open", "circuit", `its circuit is ${circuit}: ${probe(vitals.retryAfterMs)}`);
  } else if (circuit === "half-open") {
    add("degraded", "circuit", "its circuit is half-open: probes are under way");
  }

  const all = attempts.successes + attempts.failures;
  const errorRate = all === 0 ? 0 : attempts.failures / all;
  if (all >= rules.minimum && errorRate >= rules.degradedRate) {
    add(
      errorRate >= rules.unhealthyRate ? "unhealthy" : "degraded",
      "error-rate",
      `${attempts.failures} of ${all} attempts failed in the last ${rules.windowMs} ms`,
    );
  }

  const lag = stats.queued + stats.delayed + stats.inFlight + stats.burying;
  if (lag > 0 && stalledMs >= rules.stallMs) {
    add("unhealthy", "lag", `${lag} events wait, and none was done with for ${stalledMs} ms`);
  }
  if (zombies > 0) {
    add(
      zombies >= vitals.concurrency ? "unhealthy" : "degraded",
      "zombies",
      `${zombies} of ${vitals.concurrency} slots are held by calls that outlived their timeout`,
    );
  }
  if (deadLetters > 0) {
    add("degraded", "dead-letters", `${deadLetters} events became dead letters of late`);
  }
  return { status, reasons, errorRate, lag, stalledMs, zombies, deadLetters };
}

function probe(retryAfterMs: number): string {
  return retryAfterMs === 0
    ? "the next attempt is a probe"
    : `no attempt passes for ${Math.ceil(retryAfterMs)} ms`;
}

/** One word for several listeners: some that are ill degrade the whole, all make it ill. */
export function overall(words: readonly HealthStatus[]): HealthStatus {
  if (words.every((word) => word === "healthy")) return "healthy";
  if (words.some((word) => word === "healthy" || word === "degraded")) return "degraded";
  return words.every((word) => word === "circuit-open") ? "circuit-open" : "unhealthy";
}
