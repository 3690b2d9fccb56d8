/**
 * Until when events are worth handing out.
 */

import { brand } from "../event/brand.ts";
import type { NovaEvent } from "../event/event.ts";
import type { Env } from "../internal/env.ts";
import { TurnClock } from "../internal/turn_clock.ts";

/** The time limits of the events of a topic. */
export class Expiries {
  /** Whether any event ever had a limit; else nobody needs to ask. */
  inUse = false;
  readonly #clock: TurnClock;
  readonly #ends: WeakMap<NovaEvent, number> = new WeakMap();

  constructor(env: Env) {
    this.#clock = new TurnClock(env);
  }

  /** The time of an event begins. The event must be one of its own: see {@linkcode ownCopy}. */
  start(event: NovaEvent, ttlMs: number): void {
    this.inUse = true;
    this.#ends.set(event, this.#clock.now() + ttlMs);
  }

  /** Whether the time of an event is over. */
  isOver(event: NovaEvent): boolean {
    const end = this.#ends.get(event);
    return end !== undefined && this.#clock.now() >= end;
  }
}

/** The same event as an object of its own, as one that was published before has other limits. */
export function ownCopy(event: NovaEvent): NovaEvent {
  const copy = { ...event };
  brand(copy);
  return Object.freeze(copy);
}
