/**
 * How large to make things, from figures a team knows: rates, latencies, bursts. Each answer comes
 * with its reasoning, so that it can be argued with, and with warnings where a figure looks wrong.
 */

import { requireOptions, show, wordOption } from "../internal/check.ts";
import { cores, WORKERS_PER_CORE, workersFor, type Workload } from "../internal/cores.ts";
import { count, each } from "./words.ts";

export type { Workload } from "../internal/cores.ts";

/** A number, and why. */
export interface Sizing {
  /** What to set. A whole number of at least 1. */
  readonly value: number;
  /** How it was found, in one or two sentences. */
  readonly reasoning: string;
  /** What looks wrong about the figures; empty when nothing does. */
  readonly warnings: readonly string[];
}

/** Options of {@linkcode optimalWorkers}. */
export interface OptimalWorkersOptions {
  /**
   * The cores to plan for.
   *
   * @default {those of this machine}
   */
  readonly cores?: number;
}

/**
 * How many workers a pool should have: as many as cores for work that computes, twice as many for
 * mixed work, four times as many for work that waits.
 *
 * @param workload What the tasks mostly do.
 *
 * @example Usage
 * ```ts
 * import { optimalWorkers } from "@nova/events/tuning";
 *
 * const { value, reasoning } = optimalWorkers("io", { cores: 8 });
 * console.log(value); // 32
 * console.log(reasoning); // Work that waits leaves its core to others: 8 cores × 4.
 * ```
 */
export function optimalWorkers(
  workload: Workload = "mixed",
  options: OptimalWorkersOptions = {},
): Sizing {
  wordOption("workload", workload, ["cpu", "mixed", "io"], "mixed");
  requireOptions("optimalWorkers", options);
  const warnings: string[] = [];
  const available = options.cores === undefined ? cores() : amount("cores", options.cores);
  if (available < 1 || available % 1 !== 0) {
    throw new RangeError(`Cannot use ${show(available)} as "cores": it must be a whole number`);
  }
  if (workload === "cpu") {
    warnings.push(
      "a WorkerPool runs on one core whatever its size: work that computes needs a ThreadPool",
    );
  }
  if (workload === "io") {
    warnings.push("four per core is where to start: the limit is what the other side can take");
  }
  return {
    value: workersFor(workload, available),
    reasoning: `${WHY[workload]}: ${count(available, "core")} × ${WORKERS_PER_CORE[workload]}.`,
    warnings,
  };
}

const WHY: Readonly<Record<Workload, string>> = {
  cpu: "Work that computes gains nothing from more workers than cores",
  mixed: "Work that computes and waits keeps its core for about half of the time",
  io: "Work that waits leaves its core to others",
};

/** What {@linkcode queueSizeFor} needs to know. */
export interface QueueSizeFigures {
  /** How many events a second come in during a burst. */
  readonly eventsPerSecond: number;
  /** How long a burst lasts, in milliseconds. */
  readonly burstMs: number;
}

/**
 * How large a queue or buffer must be to take a burst while nothing is handled: rate × duration.
 * For `queueSize` of a pool and `bufferSize` of an emitter.
 *
 * @example Usage
 * ```ts
 * import { queueSizeFor } from "@nova/events/tuning";
 *
 * console.log(queueSizeFor({ eventsPerSecond: 50_000, burstMs: 100 }).value); // 5000
 * ```
 */
export function queueSizeFor(figures: QueueSizeFigures): Sizing {
  requireFigures(figures);
  const eventsPerSecond = amount("eventsPerSecond", figures.eventsPerSecond);
  const burstMs = amount("burstMs", figures.burstMs);
  return sized(
    (eventsPerSecond * burstMs) / 1000,
    `A burst of ${each(burstMs)} ms at ${each(eventsPerSecond)} events/s`,
    [...zeros({ eventsPerSecond, burstMs }), ...longBurst(burstMs)],
  );
}

/** What {@linkcode partitionBufferFor} needs to know. */
export interface PartitionBufferFigures {
  /** How many events a second the whole topic gets. */
  readonly eventsPerSecond: number;
  /** Over how many partitions the keys spread them. */
  readonly partitions: number;
  /** How long a handler takes, in milliseconds. */
  readonly latencyMs: number;
  /**
   * How much more than the average a partition must take: keys are never even.
   *
   * @default {3}
   */
  readonly safetyFactor?: number;
}

/**
 * How large the buffer of a partition must be: what arrives in it while one event is handled, times
 * a factor for uneven keys. For `bufferSize` of a topic.
 *
 * @example Usage
 * ```ts
 * import { partitionBufferFor } from "@nova/events/tuning";
 *
 * const { value } = partitionBufferFor({
 *   eventsPerSecond: 100_000,
 *   partitions: 16,
 *   latencyMs: 10,
 *   safetyFactor: 3,
 * });
 * console.log(value); // 188
 * ```
 */
export function partitionBufferFor(figures: PartitionBufferFigures): Sizing {
  requireFigures(figures);
  const eventsPerSecond = amount("eventsPerSecond", figures.eventsPerSecond);
  const partitions = amount("partitions", figures.partitions);
  const latencyMs = amount("latencyMs", figures.latencyMs);
  const safetyFactor = amount("safetyFactor", figures.safetyFactor ?? 3);
  if (partitions < 1 || partitions % 1 !== 0) {
    throw new RangeError(`Cannot use ${partitions} as "partitions": it must be a whole number`);
  }
  const warnings = zeros({ eventsPerSecond, latencyMs, safetyFactor });
  if (safetyFactor > 0 && safetyFactor < 1) {
    warnings.push(`safetyFactor ${safetyFactor} plans for less than the average load`);
  }
  const perPartition = eventsPerSecond / partitions;
  if (perPartition * latencyMs > 1000) {
    warnings.push(
      `a partition gets ${each(perPartition)} events/s and handles ${each(1000 / latencyMs)} one ` +
        "by one: without more maxConcurrency or partitions no buffer is large enough",
    );
  }
  return sized(
    (perPartition * latencyMs * safetyFactor) / 1000,
    `${each(eventsPerSecond)} events/s over ${count(partitions, "partition")} while one takes ` +
      `${each(latencyMs)} ms, times ${each(safetyFactor)} for uneven keys`,
    warnings,
  );
}

/** What {@linkcode concurrencyFor} needs to know. */
export interface ConcurrencyFigures {
  /** How many events a second must be handled. */
  readonly eventsPerSecond: number;
  /** How long a handler takes, in milliseconds. */
  readonly latencyMs: number;
  /**
   * How many requests the other side takes at once. The answer is never more, over all partitions.
   *
   * @default {no limit}
   */
  readonly downstreamLimit?: number;
  /**
   * Partitions among which the concurrency is shared: `maxConcurrency` of a topic is per partition.
   *
   * @default {1}
   */
  readonly partitions?: number;
}

/**
 * How many events must be in flight at once to keep up: by Little's law, rate × latency. For
 * `maxConcurrency` of an emitter or a topic, and `workers` of a pool.
 *
 * @example Usage
 * ```ts
 * import { concurrencyFor } from "@nova/events/tuning";
 *
 * const { value, reasoning } = concurrencyFor({ eventsPerSecond: 2_000, latencyMs: 20 });
 * console.log(value); // 40
 * console.log(reasoning); // Little's law: 2,000 events/s × 20 ms in flight at once: 40.
 * ```
 */
export function concurrencyFor(figures: ConcurrencyFigures): Sizing {
  requireFigures(figures);
  const eventsPerSecond = amount("eventsPerSecond", figures.eventsPerSecond);
  const latencyMs = amount("latencyMs", figures.latencyMs);
  const partitions = amount("partitions", figures.partitions ?? 1);
  const limit = amount("downstreamLimit", figures.downstreamLimit ?? Number.MAX_SAFE_INTEGER);
  if (partitions < 1 || partitions % 1 !== 0 || limit < 1) {
    throw new RangeError(
      `Cannot use ${partitions} partitions and a downstreamLimit of ${limit}: both must be at least 1`,
    );
  }
  const warnings = zeros({ eventsPerSecond, latencyMs });
  const inFlight = (eventsPerSecond * latencyMs) / 1000;
  let needed = inFlight / partitions;
  let why = `Little's law: ${each(eventsPerSecond)} events/s × ${
    each(latencyMs)
  } ms in flight at once`;
  if (partitions > 1) why += `, shared by ${count(partitions, "partition")}`;
  if (inFlight > limit) {
    warnings.push(
      `the other side takes ${each(limit)} at once, which is ` +
        `${each((limit * 1000) / latencyMs)} events/s of the ${each(eventsPerSecond)}: ` +
        "the rest will queue",
    );
    needed = Math.max(1, Math.floor(limit / partitions));
    why += `, limited to the ${each(limit)} of the other side`;
    if (partitions > limit) {
      warnings.push(`${partitions} partitions have at least one each, more than ${each(limit)}`);
    }
  } else if (inFlight > 1000) {
    warnings.push(
      `${each(inFlight)} at once is more than most servers take: start low and measure`,
    );
  }
  return sized(needed, why, warnings);
}

function sized(exact: number, why: string, warnings: readonly string[]): Sizing {
  // What is whole but for the last bits of a product stays whole.
  const value = Math.max(1, Math.ceil(Number(exact.toPrecision(12))));
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`Cannot size anything for ${exact} events: check the figures`);
  }
  const told = [...warnings];
  if (value > 1_000_000) {
    told.push(`${each(value)} is a great many: a queue this long only hides that work is too slow`);
  }
  return { value, reasoning: `${why}: ${each(value)}.`, warnings: told };
}

function requireFigures(figures: unknown): void {
  if (typeof figures !== "object" || figures === null) {
    throw new TypeError(
      `Cannot size anything from ${show(figures)}: it must be an object of figures`,
    );
  }
}

function amount(name: string, value: number): number {
  if (typeof value !== "number" || !(value >= 0) || value === Infinity) {
    throw new RangeError(
      `Cannot use ${show(value)} as "${name}": it must be a number of at least 0`,
    );
  }
  return value;
}

/** Nothing times anything is nothing: most likely a unit or a division went wrong. */
function zeros(figures: Readonly<Record<string, number>>): string[] {
  return Object.entries(figures).filter(([, value]) => value === 0)
    .map(([name]) => `${name} is 0, so that the answer is the least there is and means nothing`);
}

function longBurst(burstMs: number): string[] {
  if (burstMs <= 60_000) return [];
  return [`a burst of ${each(burstMs / 1000)} s is no burst but the load: size the workers for it`];
}
