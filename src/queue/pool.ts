/**
 * What a part needs of a pool. An emitter takes anything of this shape, so that it need not know the
 * pools, and so that several parts may share one.
 */

/** Work for a pool. The signal is the one it was submitted with, else the pool's own (see its `close`). */
export type PoolTask<Result = unknown> = (signal: AbortSignal) => Result | PromiseLike<Result>;

/** Options of submitting a task. */
export interface SubmitOptions {
  /**
   * Ends the waiting of the caller: a task that has not started is taken out and never runs. A task
   * that runs keeps its place until it settles; it gets the same signal.
   */
  readonly signal?: AbortSignal;
}

/** Bounded concurrency, as a part sees it. */
export interface Pool {
  /**
   * Takes a task if there is room now: false means no room, nothing else. What the task throws goes
   * to the pool's `onError`, else to `reportError`.
   */
  trySubmit(task: PoolTask): boolean;
  /** Takes a task when there is room, and answers with its result. */
  submit<Result>(task: PoolTask<Result>, options?: SubmitOptions): Promise<Result>;
}
