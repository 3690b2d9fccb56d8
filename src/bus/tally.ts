/**
 * The figures of cursors, added up.
 */

import type { Env } from "../internal/env.ts";
import type { SubscriptionStats } from "./stats_api.ts";

/** What can be added up. */
export type Tally = {
  -readonly [Name in keyof Omit<SubscriptionStats, "id" | "slots" | "oldestAgeMs" | "timing">]:
    number;
};

/** No figures yet. */
export function newTally(): Tally {
  return {
    offered: 0,
    succeeded: 0,
    failed: 0,
    deadLettered: 0,
    expired: 0,
    dropped: 0,
    released: 0,
    queued: 0,
    held: 0,
    inFlight: 0,
    lag: 0,
    stops: 0,
    retries: 0,
    timedOut: 0,
    zombies: 0,
  };
}

/** Adds figures to others. */
export function addTallies(tally: Tally, more: Readonly<Tally>): void {
  for (const name of Object.keys(tally) as (keyof Tally)[]) tally[name] += more[name];
}

/** How old the oldest event is that waits in one of these, in milliseconds; 0 when none does. */
export function ageSince(cursors: Iterable<{ readonly oldestTime: number }>, env: Env): number {
  let oldest = Infinity;
  for (const { oldestTime } of cursors) oldest = Math.min(oldest, oldestTime);
  return oldest === Infinity ? 0 : Math.max(0, env.now() - oldest);
}
