/**
 * A world in which the test is the clock.
 */

import { show } from "../internal/check.ts";
import { type Env, NOTHING } from "../internal/env.ts";
import { IdSource } from "../internal/id.ts";

/** Options of {@linkcode createTestEnv}. */
export interface TestEnvOptions {
  /**
   * Seeds `random()`: the same seed, the same run.
   *
   * @default {1}
   */
  readonly seed?: number;
  /**
   * The wall clock at the start, in epoch milliseconds.
   *
   * @default {1_700_000_000_000}
   */
  readonly now?: number;
}

/** An {@linkcode Env} whose time stands still until the test moves it. */
export interface TestEnv extends Env {
  /**
   * Moves time forward, fires the timers that come due in order, and lets everything they start
   * settle before it goes on to the next. It rejects with a `RangeError` for what is no duration.
   */
  advance(ms: number): Promise<void>;
  /** Runs deferred work and microtasks until nothing is left that could run without time passing. */
  settle(): Promise<void>;
  /** What is still held; all zero once every owner has gone (invariant I7). */
  readonly pending: { readonly timers: number; readonly abortListeners: number };
  /** What was given to `report`, oldest first. */
  readonly reported: unknown[];
}

interface VirtualTimer {
  readonly fn: () => void;
  readonly due: number;
}

/**
 * Makes a virtual world: time moves only through `advance`, randomness repeats, and what is left
 * pending can be counted.
 *
 * @throws {RangeError} If an option is no finite number.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events";
 * import { createTestEnv } from "@nova/events/testing";
 *
 * const env = createTestEnv();
 * const emitter = new Emitter({ env });
 * emitter.on("tick", () => {});
 * emitter.tryEnqueue("tick", 1);
 * await env.settle();
 * console.log(emitter.stats().succeeded, env.pending.timers); // 1 0
 * ```
 */
export function createTestEnv(options: TestEnvOptions = {}): TestEnv {
  const { seed = 1, now: start = 1_700_000_000_000 } = options;
  requireNumber("seed", seed);
  requireNumber("now", start);
  const timers = new Set<VirtualTimer>();
  const listeners = new Set<object>();
  const deferred = new Set<() => void>();
  const reported: unknown[] = [];
  let elapsed = 0;
  let state = seed >>> 0;

  /** Mulberry32: small, and good enough to draw failures and delays. */
  function random(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  async function settle(): Promise<void> {
    // A real macrotask lets every chain of microtasks run to its end.
    do {
      // One of these may cancel a later one.
      for (const fn of [...deferred]) if (deferred.delete(fn)) fn();
      await new Promise((resolve) => setTimeout(resolve, 0));
    } while (deferred.size > 0);
  }

  async function advance(ms: number): Promise<void> {
    requireNumber("ms", ms);
    if (ms < 0) throw new RangeError(`Cannot advance by ${ms} ms: time does not go back`);
    const end = elapsed + ms;
    await settle();
    for (;;) {
      const next = nextDue(timers, end);
      if (next === undefined) break;
      elapsed = Math.max(elapsed, next.due);
      timers.delete(next);
      next.fn();
      await settle();
    }
    elapsed = Math.max(elapsed, end);
  }

  const env: Omit<TestEnv, "id"> = {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    coarse: () => start + elapsed,
    setTimer(fn, ms) {
      const timer = { fn, due: elapsed + (ms > 0 ? ms : 0) };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    defer(fn) {
      const once = () => fn();
      deferred.add(once);
      return { [Symbol.dispose]: () => void deferred.delete(once) };
    },
    onAbort(signal, fn) {
      if (signal.aborted) {
        fn();
        return NOTHING;
      }
      const fire = () => {
        listeners.delete(fire);
        fn();
      };
      listeners.add(fire);
      signal.addEventListener("abort", fire, { once: true });
      return {
        [Symbol.dispose]() {
          listeners.delete(fire);
          signal.removeEventListener("abort", fire);
        },
      };
    },
    random,
    report: (error) => void reported.push(error),
    advance,
    settle,
    get pending() {
      return { timers: timers.size, abortListeners: listeners.size };
    },
    reported,
  };
  const ids = new IdSource(env);
  return Object.assign(env, { id: () => ids.next() });
}

function requireNumber(name: string, value: unknown): void {
  if (Number.isFinite(value)) return;
  throw new RangeError(`Cannot use ${show(value)} as "${name}": it must be a finite number`);
}

/** The first timer that is due by `end`; among equals the one set first. */
function nextDue(timers: Iterable<VirtualTimer>, end: number): VirtualTimer | undefined {
  let next: VirtualTimer | undefined;
  for (const timer of timers) {
    if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
  }
  return next;
}
