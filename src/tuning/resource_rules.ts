/**
 * Rules about memory and processors.
 */

import type { PoolFigures, Sample, StoreFigures } from "./figures.ts";
import type { Finding } from "./finding.ts";
import { optimalWorkers } from "./sizing.ts";
import type { Trail } from "./trail.ts";
import { count, each, megabytes, percent, quote, rate, time } from "./words.ts";

/** A timer that comes later than this on average finds a busy event loop. */
const LATE_MS = 50;

/** With fewer readings of the heap a low point is chance. */
const FEWEST_HEAPS = 6;

/** A store that keeps everything. */
export function noRetention(store: Trail<StoreFigures>): Finding | undefined {
  const { events, bytes, retained } = store.now;
  if (retained || events === 0) return undefined;
  const perSecond = store.seconds === 0
    ? 0
    : store.gained((figures) => figures.events) / store.seconds;
  const size = bytes > 0 ? ` (${megabytes(bytes)})` : "";
  return {
    rule: "no-retention",
    severity: perSecond > 0 ? "warning" : "notice",
    part: `store ${quote(store.name)}`,
    symptom: "Memory growth",
    evidence: `${count(events, "event")}${size} are kept` +
      (perSecond > 0 ? `, ${rate(perSecond)} more` : ""),
    cause: "No retention",
    remedy: "Configure retention by age, number or bytes",
    config: "retention: { maxAgeMs: 3_600_000 }",
  };
}

/** A heap whose low points rise: what is held does not come back. */
export function memoryGrowth(window: Trail<Sample>): Finding | undefined {
  // NaN where nobody measures fails every comparison.
  const heaps = window.values(({ runtime }) => runtime?.heapBytes ?? NaN);
  if (heaps.length < FEWEST_HEAPS) return undefined;
  const before = Math.min(...heaps.slice(0, heaps.length / 2));
  const after = Math.min(...heaps.slice(heaps.length / 2));
  if (!(after - before > 16e6 && after > before * 1.2)) return undefined;
  const suspects = window.members(({ store }) => store)
    .filter(({ now }) => !now.retained).map(({ name }) => `store ${quote(name)} without retention`);
  return {
    rule: "memory-growth",
    severity: "warning",
    part: "the process",
    symptom: "Memory growth",
    evidence: `the heap holds ${megabytes(after)} at its lowest, up from ${megabytes(before)} ` +
      `(${percent(after / before - 1)}) within ${time(window.seconds * 1000)}`,
    cause: suspects.length > 0 ? `No retention: ${suspects.join(", ")}` : "Something is kept",
    remedy: suspects.length > 0
      ? "Configure retention"
      : "Compare two heap profiles: go tool pprof -base first second",
    config: undefined,
  };
}

/** An event loop that has too much to do. */
export function cpuSaturation(window: Trail<Sample>): Finding | undefined {
  const late = window.mean(({ runtime }) => runtime?.lateMs ?? 0);
  if (late <= LATE_MS) return undefined;
  return {
    rule: "cpu-saturation",
    severity: late > 1000 ? "critical" : "warning",
    part: "the process",
    symptom: "CPU saturation",
    evidence: `timers come ${time(late)} late on average`,
    cause: "Handlers compute on the event loop",
    remedy: "Take a CPU profile; move what computes to a ThreadPool with one worker for each core",
    config: "new ThreadPool(makeWorker)",
  };
}

/** More threads than cores; or, on a busy event loop, more promises than any load needs. */
export function tooManyWorkers(
  pool: Trail<PoolFigures>,
  window: Trail<Sample>,
  cores: number,
): Finding | undefined {
  const { workers, threads } = pool.now;
  const most = threads === undefined ? optimalWorkers("io", { cores }).value : cores;
  const busy = threads !== undefined ||
    window.mean(({ runtime }) => runtime?.lateMs ?? 0) > LATE_MS;
  if (workers <= most || !busy) return undefined;
  const fit = optimalWorkers("cpu", { cores }).value;
  return {
    rule: "too-many-workers",
    severity: "warning",
    part: `pool ${quote(pool.name)}`,
    symptom: "CPU saturation",
    evidence: `${count(workers, "worker")} for ${count(cores, "core")}`,
    cause: "Too many workers",
    remedy: "Reduce to match cores",
    config: threads === undefined
      ? `new WorkerPool({ name: ${quote(pool.name)}, workers: ${fit} })`
      : `new ThreadPool(makeWorker, { name: ${quote(pool.name)}, workers: ${fit} })`,
  };
}

/** Threads that crash take the tasks along that they had started. */
export function lostThreads(pool: Trail<PoolFigures>): Finding | undefined {
  const lost = pool.gained((figures) => figures.lost ?? 0);
  if (lost === 0) return undefined;
  return {
    rule: "lost-threads",
    severity: "critical",
    part: `pool ${quote(pool.name)}`,
    symptom: "Tasks fail with WorkerLostError",
    evidence: `${count(lost, "thread")} lost, ${each(pool.now.threads ?? 0)} ready`,
    cause: "A thread crashed, closed itself or never became ready",
    remedy: "Read the error of the task; tasks that may run twice can be tried again",
    config: `new ThreadPool(makeWorker, { name: ${quote(pool.name)}, retry: { attempts: 2 } })`,
  };
}
