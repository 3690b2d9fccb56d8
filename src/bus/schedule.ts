/**
 * When a published event enters, and how long it is worth handing out.
 */

import { durationOption, show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import type { PublishOptions } from "./publishing_api.ts";

/** When an event enters, by the clock that never goes back; undefined for now. */
export function dueAtOf({ delayMs, at }: PublishOptions, env: Env): number | undefined {
  if (delayMs !== undefined && at !== undefined) {
    throw new RangeError(`Cannot use "delayMs" and "at" together: they may contradict each other`);
  }
  const delay = at === undefined
    ? durationOption("delayMs", delayMs, 0, false)
    : epochOf(at) - env.now();
  return delay > 0 ? env.monotonic() + delay : undefined;
}

/** How long it is worth handing out; undefined for ever. */
export function ttlOf({ ttlMs }: PublishOptions): number | undefined {
  const ttl = durationOption("ttlMs", ttlMs, Infinity);
  return ttl === Infinity ? undefined : ttl;
}

function epochOf(at: number | Date): number {
  const time: unknown = at instanceof Date ? at.getTime() : at;
  if (typeof time === "number" && Number.isFinite(time)) return time;
  throw new RangeError(`Cannot use ${show(at)} as "at": it must be a Date, or epoch milliseconds`);
}
