/**
 * Work in bursts, with breaks for the rest of the process.
 */

import { type Env, RESOLVED } from "../internal/env.ts";

/**
 * Calls `run` at the end of this turn while the burst lasts, and behind pending I/O and timers once
 * it is used up. Chains of microtasks cannot starve the event loop, and light traffic never pays for
 * a macrotask.
 */
export class Pacer {
  readonly #env: Env;
  readonly #burst: number;
  readonly #run: () => void;
  #spent = 0;
  #scheduled = false;

  constructor(env: Env, burst: number, run: () => void) {
    this.#env = env;
    this.#burst = burst;
    this.#run = run;
  }

  /** How much of the burst is left. */
  get left(): number {
    return this.#burst - this.#spent;
  }

  /** Whether a run is on its way. */
  get scheduled(): boolean {
    return this.#scheduled;
  }

  /** Counts work against the burst. */
  spend(amount: number): void {
    this.#spent += amount;
  }

  /** Sees to it that `run` is called soon. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#spent < this.#burst) RESOLVED.then(this.#start);
    else this.#env.defer(this.#startAfresh);
  }

  readonly #start = (): void => {
    this.#scheduled = false;
    this.#run();
  };

  readonly #startAfresh = (): void => {
    this.#spent = 0;
    this.#start();
  };
}
