/**
 * The time limits of calls under way. All limits of a listener are equally long, so the calls are due
 * in the order they began, and one timer for the oldest serves all.
 */

import { type Env, RESOLVED } from "../internal/env.ts";

/** What may take too long. */
export interface Limited {
  /** On the monotonic clock; set here. */
  deadline: number;
  /** The time is up. */
  expire(): void;
}

/**
 * After so many steps of the microtask queue without a call the timer goes. Calls that follow each
 * other closely then share one, instead of setting one each.
 */
const IDLE_STEPS = 6;

/** Watches calls. A timer is held while there are some. */
export class Deadlines {
  readonly #env: Env;
  readonly #limitMs: number;
  readonly #calls = new Set<Limited>();
  #timer: Disposable | undefined;
  #idle = 0;

  constructor(env: Env, limitMs: number) {
    this.#env = env;
    this.#limitMs = limitMs;
  }

  /** A call begins. */
  add(call: Limited): void {
    if (this.#limitMs === Infinity) return;
    call.deadline = this.#env.monotonic() + this.#limitMs;
    this.#calls.add(call);
    this.#timer ??= this.#env.setTimer(this.#fire, this.#limitMs);
  }

  /** A call is over. */
  delete(call: Limited): void {
    if (!this.#calls.delete(call) || this.#calls.size > 0 || this.#idle > 0) return;
    this.#idle = IDLE_STEPS;
    RESOLVED.then(this.#step);
  }

  /** Lets go of the timer at once if no call needs it. */
  free(): void {
    if (this.#calls.size > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    const now = this.#env.monotonic();
    for (const call of this.#calls) {
      // A runtime may fire up to a millisecond early.
      if (call.deadline - now >= 1) {
        this.#timer ??= this.#env.setTimer(this.#fire, call.deadline - now);
        return;
      }
      this.#calls.delete(call);
      call.expire();
    }
  };

  readonly #step = (): void => {
    this.#idle = this.#calls.size > 0 ? 0 : this.#idle - 1;
    if (this.#idle > 0) RESOLVED.then(this.#step);
    else this.free();
  };
}
