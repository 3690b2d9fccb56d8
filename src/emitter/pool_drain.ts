/**
 * Delivering a backlog on a pool that others may share.
 *
 * An event stays in the backlog until the pool starts a task, which then takes the oldest one. So
 * what waits for the pool is bounded and counted where it was accepted, and starts in order.
 */

import { ClosedError } from "../errors.ts";
import { requireFunction, show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import type { Pool } from "../queue/pool.ts";

/** How soon a pool without room is asked again, in milliseconds. */
const ASK_AGAIN_MS = 10;

/** What it asks of the backlog. */
export interface PoolDrainOptions {
  readonly pool: Pool;
  /** How many deliveries may be in flight. */
  readonly limit: number;
  readonly env: Env;
  /** How many events wait. */
  queued(): number;
  /** Delivers the oldest event; answers a promise when that takes longer than the turn. */
  deliver(): Promise<void> | undefined;
  /** A delivery is done, and another may start. */
  done(): void;
  /** The pool is closed and takes no task any more. */
  gone(): void;
}

/** The deliveries of one backlog on a pool. */
export class PoolDrain {
  readonly #options: PoolDrainOptions;
  /** Tasks that the pool has taken and not started. */
  #asked = 0;
  #running = 0;
  #again: Disposable | undefined;

  constructor(options: PoolDrainOptions) {
    this.#options = options;
  }

  /** Submits a task for each event that waits, within the limit. */
  ask(): void {
    const { pool, limit, queued } = this.#options;
    while (this.#asked < queued() && this.#asked + this.#running < limit) {
      this.#asked += 1;
      let answer: Promise<void>;
      try {
        answer = Promise.resolve(pool.submit<void>(this.#task));
      } catch (error) {
        answer = Promise.reject(error);
      }
      answer.then(this.#options.done, this.#refused);
    }
  }

  /** Asks no more. */
  [Symbol.dispose](): void {
    this.#again?.[Symbol.dispose]();
    this.#again = undefined;
  }

  readonly #task = async (): Promise<void> => {
    this.#asked -= 1;
    const pending = this.#options.deliver();
    if (pending === undefined) return;
    this.#running += 1;
    try {
      await pending;
    } catch (error) {
      this.#options.env.report(error);
    } finally {
      this.#running -= 1;
    }
  };

  /** Tasks do not fail: the pool has not run this one, and its event still waits. */
  readonly #refused = (error: unknown): void => {
    this.#asked -= 1;
    if (error instanceof ClosedError) {
      this.#options.gone();
      return;
    }
    this.#again ??= this.#options.env.setTimer(() => {
      this.#again = undefined;
      this.ask();
    }, ASK_AGAIN_MS);
  };
}

/** Checks the `pool` option of an emitter. */
export function requirePool(pool: unknown): Pool {
  if (typeof pool !== "object" || pool === null) {
    throw new TypeError(`pool must be a pool such as a WorkerPool, got ${show(pool)}`);
  }
  requireFunction("the submit of a pool", (pool as Partial<Pool>).submit);
  return pool as Pool;
}
