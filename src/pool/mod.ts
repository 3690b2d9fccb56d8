/**
 * Bounded concurrency: promises in a `WorkerPool`, computing in the threads of a `ThreadPool`.
 *
 * ```ts
 * import { inline, WorkerPool } from "@nova/events/pool";
 *
 * // Waiting: at most two of these at once, in order.
 * const mail = new WorkerPool({ name: "mail", workers: 2, queueSize: 100 });
 * console.log(await mail.submit(() => Promise.resolve("sent"))); // sent
 *
 * // Computing: tasks by name. Here in this thread; with a worker's file, in threads.
 * const maths = inline({ square: (n: number) => n * n });
 * console.log(await maths.run("square", 12)); // 144
 *
 * await mail.close();
 * await maths.close();
 * ```
 *
 * **Order.** Tasks start in the order they came in. Those of several workers overlap.
 *
 * **Failure.** What a task throws rejects its own promise and nothing else. A thread that crashes is
 * replaced: what it had started fails with `WorkerLostError` or runs again, the rest runs elsewhere.
 *
 * **Backpressure.** `queueSize` tasks wait. Then callers wait for room, at most `waitMs`, or are
 * rejected with `BufferFullError`; `trySubmit` says false.
 *
 * **Closing.** `close` takes nothing more, finishes what it took and answers what was left.
 *
 * **On the edge.** workerd has no threads: `inline` runs the same tasks in place. Make a pool per
 * request, or keep it in a Durable Object.
 *
 * @module
 */

export { WorkerPool, type WorkerPoolOptions } from "./worker_pool.ts";
export { ThreadPool } from "./thread_pool.ts";
export type { LeftTask, RunOptions, ThreadPoolOptions, ThreadPoolStats } from "./thread_options.ts";
export { expose } from "./expose.ts";
export { inline } from "./inline.ts";
export { threadListener, type ThreadListenerOptions } from "./thread_listener.ts";
export { transferring } from "./transfer.ts";
export type { DrainOptions, PoolOptions, PoolStats } from "./api.ts";
export type { WorkerLike } from "./protocol.ts";
export type { TaskContext, TaskInput, TaskMap, TaskName, TaskOutput } from "./tasks.ts";
export type { Pool, PoolTask, SubmitOptions } from "../queue/pool.ts";
export type { Emitted, Metadata } from "../event/event.ts";
export type { Listener, ListenerContext, Subscription } from "../event/listener.ts";
export type { CloseOptions, CloseResult } from "../internal/closing.ts";
export type { Env } from "../internal/env.ts";
export { type ErrorCode, NovaError, type NovaErrorOptions, WorkerLostError } from "../errors.ts";
