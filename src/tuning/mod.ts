/**
 * Sizes from figures you know: each answer is a number, its reasoning, and warnings.
 *
 * ```ts
 * import { WorkerPool } from "@nova/events/pool";
 * import { concurrencyFor, queueSizeFor } from "@nova/events/tuning";
 *
 * const workers = concurrencyFor({ eventsPerSecond: 500, latencyMs: 40 });
 * const queue = queueSizeFor({ eventsPerSecond: 5_000, burstMs: 200 });
 * console.log(workers.value, queue.value); // 20 1000
 * console.log(workers.reasoning); // Little's law: 500 events/s × 40 ms in flight at once: 20.
 *
 * const pool = new WorkerPool({ workers: workers.value, queueSize: queue.value });
 * await pool.close();
 * ```
 *
 * **When a figure is wrong.** What is no number of at least 0 is a `RangeError`. What is a number but
 * looks wrong, such as a rate of 0, is answered with at least 1 and a warning.
 *
 * @module
 */

export {
  type ConcurrencyFigures,
  concurrencyFor,
  optimalWorkers,
  type OptimalWorkersOptions,
  type PartitionBufferFigures,
  partitionBufferFor,
  type QueueSizeFigures,
  queueSizeFor,
  type Sizing,
  type Workload,
} from "./sizing.ts";
