/** For everything that hands work over: do a burst, wait until it is handled, do the next. */

import { expectCount } from "../case.ts";

/** Counts what was handled and wakes whoever waits for a number. */
export class Meter {
  hits = 0;
  #target = 0;
  #wake: () => void = () => {};

  /** Call it for every event handled. */
  hit(): void {
    this.hits += 1;
    if (this.hits === this.#target) this.#wake();
  }

  /** Resolves when `target` events have been handled. */
  until(target: number): Promise<void> {
    if (this.hits >= target) return Promise.resolve();
    this.#target = target;
    return new Promise((resolve) => this.#wake = resolve);
  }
}

/** What is in flight at once. */
export interface Burst {
  readonly meter: Meter;
  /** Hands one event over. */
  push(): unknown;
  /** How often one event is handled: the number of subscriptions. */
  readonly fanOut?: number;
}

/** A `run` for a case: bursts of `size`, each waited for. */
export function inBursts(size: number): (burst: Burst, n: number) => Promise<void> {
  return async (burst, n) => {
    const { meter, fanOut = 1 } = burst;
    for (let left = n; left > 0;) {
      const count = Math.min(size, left);
      const target = meter.hits + count * fanOut;
      for (let i = 0; i < count; i++) burst.push();
      await meter.until(target);
      left -= count;
    }
  };
}

/** The `check` that goes with it. */
export function burstsDone({ meter, fanOut = 1 }: Burst, done: number): void {
  expectCount("events handled", meter.hits, done * fanOut);
}
