/**
 * How many workers a machine can use.
 */

/** What the work mostly does: compute, wait, or both. */
export type Workload = "cpu" | "mixed" | "io";

/** Workers per core: work that waits leaves its core to others. */
export const WORKERS_PER_CORE: Readonly<Record<Workload, number>> = { cpu: 1, mixed: 2, io: 4 };

/** The logical cores this process may use; 1 where the runtime does not say, as on the edge. */
export function cores(): number {
  const told = typeof navigator === "object" ? navigator?.hardwareConcurrency : undefined;
  return typeof told === "number" && told >= 1 ? Math.floor(told) : 1;
}

/** Workers for a workload. */
export function workersFor(workload: Workload, available: number = cores()): number {
  return WORKERS_PER_CORE[workload] * available;
}
