/**
 * What a thread pool takes and tells beside what every pool does.
 */

import type { PoolOptions, PoolStats } from "./api.ts";

/** Options of a `ThreadPool`. */
export interface ThreadPoolOptions extends PoolOptions {
  /**
   * What becomes of a task whose thread was lost: with 1 attempt in all it fails, with more it runs
   * again in another thread. A task that its thread had not started always does, and that is no
   * attempt. What was transferred is gone, so such a task fails in any case.
   *
   * @default {{ attempts: 1 }}
   */
  readonly retry?: { readonly attempts?: number };
  /**
   * How long a cancelled task may go on before its thread is ended and replaced, in milliseconds.
   *
   * @default {1_000}
   */
  readonly graceMs?: number;
  /**
   * How long a thread may take until it offers its tasks, in milliseconds.
   *
   * @default {10_000}
   */
  readonly startMs?: number;
  /**
   * After how many idle milliseconds a thread is ended. `Infinity` keeps it until the pool closes.
   *
   * @default {30_000}
   */
  readonly idleMs?: number;
}

/** Options of `ThreadPool.run`. */
export interface RunOptions {
  /**
   * Rejects the call with its reason. A task that waits is taken out; one that runs sees its own
   * signal abort, and its thread is ended if it still runs after `graceMs`.
   */
  readonly signal?: AbortSignal;
  /** What moves to the thread instead of being copied; it is gone from here. */
  readonly transfer?: readonly Transferable[];
}

/** A task that closing gave up. */
export interface LeftTask {
  /** Its name. */
  readonly name: string;
  /** Its input; undefined if it was transferred. */
  readonly input: unknown;
  /** Whether a thread had started it. */
  readonly started: boolean;
}

/** Figures of a thread pool. A task that was handed to a thread counts as running. */
export interface ThreadPoolStats extends PoolStats {
  /** Threads that are ready. */
  readonly threads: number;
  /** Threads that start. */
  readonly starting: number;
  /** Threads that were lost: crashed, closed by themselves, never ready, or answered nonsense. */
  readonly lost: number;
  /** Threads that were ended because a cancelled task went on. */
  readonly ended: number;
  /** Tasks that were handed to another thread after theirs was gone. */
  readonly retried: number;
}
