/**
 * The one door to the outside: clocks, timers, randomness, and the place where failures go that
 * nobody awaits. Every part takes an `env`, so that a test can be the clock.
 *
 * Nothing here runs at import, and the constructor reads no clock: edge workers forbid both.
 */

import { AbortListeners } from "./abort.ts";
import { IdSource } from "./id.ts";
import { MacrotaskQueue } from "./macrotask.ts";

/** What Nova needs from the world. {@linkcode createTestEnv} of `./testing` makes a virtual one. */
export interface Env {
  /** The wall clock, in epoch milliseconds. It may go back. */
  now(): number;
  /** A clock that never goes back, in milliseconds from an arbitrary start. */
  monotonic(): number;
  /** The wall clock read once per turn and shared by all who ask within it. */
  coarse(): number;
  /**
   * Calls `fn` once after `ms`. Disposing the result cancels it. Delays beyond 2³¹ ms are kept.
   * With `ref: false` the timer does not keep the process alive, where the runtime can do that.
   */
  setTimer(fn: () => void, ms: number, options?: { readonly ref?: boolean }): Disposable;
  /** Calls `fn` once after pending I/O and timers had their turn. Disposing the result cancels it. */
  defer(fn: () => void): Disposable;
  /**
   * Calls `fn` once when `signal` aborts (at once if it already has). Disposing the result detaches
   * it. All of Nova listens to signals through here, so that a test can count who still does.
   */
  onAbort(signal: AbortSignal, fn: () => void): Disposable;
  /** A random number in [0, 1). */
  random(): number;
  /** A new id: unique, and sortable by the time it was made. */
  id(): string;
  /** Where a failure goes that nobody awaits and no `onError` handled. */
  report(error: unknown): void;
}

/** What disposing something already gone does. */
export const NOTHING: Disposable = { [Symbol.dispose]: () => {} };

/** Runtimes fire a longer delay at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** One promise for every "at the end of this turn"; it is resolved, so edge workers may share it. */
export const RESOLVED: Promise<void> = Promise.resolve();

class SystemEnv implements Env {
  readonly #macrotasks = new MacrotaskQueue();
  readonly #abortListeners = new AbortListeners((error) => this.report(error));
  readonly #ids: IdSource = new IdSource(this);
  #coarse = 0;
  readonly #forget = (): void => {
    this.#coarse = 0;
  };

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  coarse(): number {
    if (this.#coarse === 0) {
      this.#coarse = Date.now();
      // A microtask ends the sharing: later turns read again.
      RESOLVED.then(this.#forget);
    }
    return this.#coarse;
  }

  setTimer(fn: () => void, ms: number, options?: { readonly ref?: boolean }): Disposable {
    return new Timer(fn, ms, options?.ref !== false);
  }

  defer(fn: () => void): Disposable {
    return this.#macrotasks.add(fn);
  }

  onAbort(signal: AbortSignal, fn: () => void): Disposable {
    if (signal.aborted) {
      fn();
      return NOTHING;
    }
    return this.#abortListeners.add(signal, fn);
  }

  random(): number {
    return Math.random();
  }

  id(): string {
    return this.#ids.next();
  }

  report(error: unknown): void {
    // Node has no reportError; an error thrown from a timer ends up in the same place.
    if (typeof reportError === "function") reportError(error);
    else {
      setTimeout(() => {
        throw error;
      });
    }
  }
}

/** A timer of any length: delays the runtime cannot hold are waited for in pieces. */
class Timer implements Disposable {
  #left: number;
  #handle: ReturnType<typeof setTimeout>;
  readonly #fn: () => void;
  readonly #ref: boolean;

  constructor(fn: () => void, ms: number, ref: boolean) {
    this.#fn = fn;
    this.#ref = ref;
    this.#left = ms;
    this.#handle = this.#start();
  }

  #start(): ReturnType<typeof setTimeout> {
    const piece = Math.min(this.#left, LONGEST_DELAY);
    this.#left -= piece;
    const handle: unknown = setTimeout(() => {
      if (this.#left > 0) this.#handle = this.#start();
      else this.#fn();
    }, piece);
    if (!this.#ref) (handle as { unref?: () => void }).unref?.();
    return handle as ReturnType<typeof setTimeout>;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#handle);
  }
}

/** The real world. */
export const systemEnv: Env = new SystemEnv();
