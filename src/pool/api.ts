/**
 * What both pools take and tell.
 */

import type { Env } from "../internal/env.ts";

/** Options of both pools. */
export interface PoolOptions {
  /**
   * Names it in errors and figures.
   *
   * @default {"pool"}
   */
  readonly name?: string;
  /**
   * How many tasks run at once.
   *
   * @default {twice the cores; for threads as many as there are cores}
   */
  readonly workers?: number;
  /**
   * How many tasks may wait for a worker.
   *
   * @default {1000}
   */
  readonly queueSize?: number;
  /**
   * What a full queue says: `"wait"` for room, or `"reject"` with a `BufferFullError`. To drop, use
   * `trySubmit` and count.
   *
   * @default {"wait"}
   */
  readonly overflow?: "wait" | "reject";
  /**
   * How long a caller waits for room, in milliseconds.
   *
   * @default {30_000}
   */
  readonly waitMs?: number;
  /**
   * Clock, timers and randomness.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/** Options of `drain`. */
export interface DrainOptions {
  /** Ends the waiting; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Figures of a pool. Every task it took is counted once:
 * `submitted = completed + failed + cancelled + released + queued + running`.
 */
export interface PoolStats {
  /** How many tasks may run at once. */
  readonly workers: number;
  /** Tasks that were taken. */
  readonly submitted: number;
  /** Tasks that returned. */
  readonly completed: number;
  /** Tasks that threw, rejected, or were lost with their thread. */
  readonly failed: number;
  /** Tasks that their signal ended: before they started, or in a thread. */
  readonly cancelled: number;
  /** Tasks that closing gave up. */
  readonly released: number;
  /** Tasks that wait for a worker. */
  readonly queued: number;
  /** How many may wait. */
  readonly queueSize: number;
  /** Tasks that run. */
  readonly running: number;
  /** Callers that wait for room. Their tasks are not taken yet. */
  readonly waiting: number;
  /** Tasks that were not taken: no room, or the caller went away. */
  readonly refused: number;
}
