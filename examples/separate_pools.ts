// deno-lint-ignore-file no-console -- an example prints
/**
 * Fast and slow handlers side by side: what the fast ones wait when they share a pool with the slow
 * ones, and when each kind has its own.
 *
 *     deno run -A examples/separate_pools.ts
 */

import { WorkerPool } from "@nova/events/pool";
import { concurrencyFor, queueSizeFor } from "@nova/events/tuning";

/** A fast handler asks a cache, a slow one sends a mail. */
const FAST_MS = 2;
const SLOW_MS = 200;
const FAST_EVENTS = 400;
const SLOW_EVENTS = 40;

const workers = concurrencyFor({ eventsPerSecond: 1_000, latencyMs: FAST_MS * 4 }).value;
const queueSize = queueSizeFor({ eventsPerSecond: 5_000, burstMs: 200 }).value;

/** The middle and the worst of the times from submitting a fast task until its end. */
async function measure(
  fast: WorkerPool,
  slow: WorkerPool,
): Promise<[median: number, worst: number]> {
  const waits: number[] = [];
  const all: Promise<unknown>[] = [];
  for (let n = 0; n < FAST_EVENTS; n++) {
    if (n % (FAST_EVENTS / SLOW_EVENTS) === 0) all.push(slow.submit(() => sleep(SLOW_MS)));
    const submitted = performance.now();
    all.push(
      fast.submit(() => sleep(FAST_MS)).then(() => waits.push(performance.now() - submitted)),
    );
    if (n % 4 === 0) await sleep(1);
  }
  await Promise.all(all);
  waits.sort((a, b) => a - b);
  return [waits[waits.length >> 1] ?? NaN, waits.at(-1) ?? NaN];
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const shared = new WorkerPool({ name: "shared", workers: workers * 2, queueSize });
const [sharedMedian, sharedWorst] = await measure(shared, shared);

// The same number of workers, but the slow ones cannot take them all.
const fast = new WorkerPool({ name: "fast", workers, queueSize });
const slow = new WorkerPool({ name: "slow", workers, queueSize });
const [median, worst] = await measure(fast, slow);

console.log(
  `fast handlers of ${FAST_MS} ms beside slow ones of ${SLOW_MS} ms, ${workers * 2} workers`,
);
console.log(
  `one pool for both:   median ${sharedMedian.toFixed(0)} ms, worst ${sharedWorst.toFixed(0)} ms`,
);
console.log(`a pool for each:     median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms`);
await Promise.all([shared, fast, slow].map((pool) => pool.close()));
