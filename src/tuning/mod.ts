/**
 * Sizes from figures you know, and advice from figures that parts tell.
 *
 * **Before:** each answer is a number, its reasoning, and warnings.
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
 * **Under load:** an `Advisor` looks at running parts and says what is wrong, why, and what to do;
 * `advise` is the same as a pure function of figures.
 *
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { Advisor } from "@nova/events/tuning";
 *
 * const emitter = new Emitter({ name: "orders", bufferSize: 10 });
 * emitter.on("order.placed", () => {});
 * for (let i = 0; i < 9; i++) emitter.tryEnqueue("order.placed", i);
 *
 * for (const { symptom, cause, config } of new Advisor({ emitter }).findings()) {
 *   console.log(symptom); // High latency
 *   console.log(cause); // Queue backup: events come faster than they are handled
 *   console.log(config); // new Emitter({ bufferSize: 20 })
 * }
 * await emitter.close();
 * ```
 *
 * **When a figure is wrong.** What is no number of at least 0 is a `RangeError`. What is a number but
 * looks wrong, such as a rate of 0, is answered with at least 1 and a warning.
 *
 * @module
 */

export { type AdviceOptions, advise } from "./advise.ts";
export { Advisor, type AdvisorOptions } from "./advisor.ts";
export type { Advised, AdvisedParts } from "./parts.ts";
export { checklist, type ChecklistItem } from "./checklist.ts";
export type {
  BusFigures,
  EmitterFigures,
  ListenerFigures,
  ManagerFigures,
  PartitionFigures,
  PoolFigures,
  RuntimeFigures,
  Sample,
  StoreFigures,
  SubscriptionFigures,
  TopicFigures,
} from "./figures.ts";
export type { Finding, RuleName, Severity, Thresholds } from "./finding.ts";
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
export { adviceText, checklistText } from "./text.ts";
export type { Env } from "../internal/env.ts";
