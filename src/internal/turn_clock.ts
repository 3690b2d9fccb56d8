/**
 * A clock that never goes back, read once per turn: what happens within a turn happens at one time.
 */

import { type Env, RESOLVED } from "./env.ts";

/** Shares one reading of `monotonic()` among all who ask within a turn. */
export class TurnClock {
  readonly #env: Pick<Env, "monotonic">;
  #now = NaN;
  readonly #forget = (): void => {
    this.#now = NaN;
  };

  /** Reads no clock yet. */
  constructor(env: Pick<Env, "monotonic">) {
    this.#env = env;
  }

  /** The time of this turn, in milliseconds from an arbitrary start. */
  now(): number {
    if (Number.isNaN(this.#now)) {
      this.#now = this.#env.monotonic();
      // A microtask ends the sharing: later turns read again.
      RESOLVED.then(this.#forget);
    }
    return this.#now;
  }
}
