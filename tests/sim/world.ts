/**
 * A small world for seeded simulations: virtual time, one source of randomness, and a step that
 * costs microseconds, so that thousands of timers fit into one case.
 *
 * Unlike `createTestEnv`, it does not wait for every chain of microtasks before it moves on: work
 * and time interleave, as they do in a busy process, and still the same for the same seed.
 *
 * @module
 */

import { createTestEnv, type Env } from "@nova/events/testing";

/** Turns that everything started by a timer gets before the next timer fires. */
const TURNS = 24;

interface Timer {
  readonly fn: () => void;
  readonly due: number;
}

/** An {@linkcode Env} that runs by itself until nothing is left to happen. */
export class World implements Env {
  readonly #random: () => number;
  readonly #timers = new Set<Timer>();
  readonly #listeners = new Set<object>();
  readonly reported: unknown[] = [];
  #elapsed = 0;
  #ids = 0;
  /** What is added to the wall clock: it may jump, time itself does not. */
  skew: number = 0;

  constructor(seed: number) {
    this.#random = createTestEnv({ seed }).random;
  }

  now(): number {
    return 1_700_000_000_000 + this.#elapsed + this.skew;
  }

  coarse(): number {
    return this.now();
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(fn: () => void, ms: number): Disposable {
    const timer = { fn, due: this.#elapsed + Math.max(0, ms) };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  defer(fn: () => void): Disposable {
    return this.setTimer(fn, 0);
  }

  onAbort(signal: AbortSignal, fn: () => void): Disposable {
    const fire = () => {
      this.#listeners.delete(fire);
      fn();
    };
    if (signal.aborted) fire();
    else {
      this.#listeners.add(fire);
      signal.addEventListener("abort", fire, { once: true });
    }
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(fire);
        signal.removeEventListener("abort", fire);
      },
    };
  }

  random(): number {
    return this.#random();
  }

  id(): string {
    return `id-${++this.#ids}`;
  }

  report(error: unknown): void {
    this.reported.push(error);
  }

  /** An integer from 0 up to, and without, `below`. */
  below(below: number): number {
    return Math.floor(this.#random() * below);
  }

  /** Whether something of this probability happens. */
  happens(probability: number): boolean {
    return this.#random() < probability;
  }

  /** One of the items. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** Waits in virtual time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.setTimer(resolve, ms));
  }

  /** What is still held; all zero once every owner has gone (invariant I7). */
  get pending(): { readonly timers: number; readonly abortListeners: number } {
    return { timers: this.#timers.size, abortListeners: this.#listeners.size };
  }

  /** Lets time pass until nothing is left to happen, or for `ms`. */
  async run(ms: number = Infinity): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      for (let turn = 0; turn < TURNS; turn++) await undefined;
      let next = this.#next(end);
      if (next === undefined) {
        // A real macrotask: whatever still runs comes to its end, and may set another timer.
        await new Promise((resolve) => setTimeout(resolve, 0));
        next = this.#next(end);
      }
      if (next === undefined) break;
      this.#elapsed = Math.max(this.#elapsed, next.due);
      this.#timers.delete(next);
      next.fn();
    }
    if (ms !== Infinity) this.#elapsed = end;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}

/** Runs a case for every seed from 1; a failure says which seed it was. */
export async function forSeeds(
  count: number,
  run: (world: World, seed: number) => Promise<void>,
): Promise<void> {
  for (let seed = 1; seed <= count; seed++) {
    try {
      await run(new World(seed), seed);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`seed ${seed}: ${why}`, { cause });
    }
  }
}
