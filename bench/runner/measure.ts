/**
 * How one process measures one case. It runs on Deno, Bun and Node.
 *
 * Time is CPU time of the process, user and system, all its threads: what the work costs, garbage
 * collection and compilation included, and not how busy the machine was meanwhile.
 */

import process from "node:process";
import { type Case, Trial } from "../case.ts";
import { collect, heapBytes, youngGeneration } from "./heap.ts";

/** How long a round should take: long against the clock's step, short against a neighbour's job. */
const ROUND_US = 50_000;
/** Rounds that let the compiler finish; each also corrects the number of operations. */
const WARM_UP_ROUNDS = 5;
/** Rounds that count. */
const ROUNDS = 7;

/** Nanoseconds per operation: the median of the rounds of this process. */
export async function measureTime(definition: Case): Promise<number> {
  const trial = await Trial.start(definition);
  let n = await firstGuess(trial);
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    n = corrected(n, await timed(trial, n));
  }
  const figures: number[] = [];
  for (let round = 0; round < ROUNDS; round++) figures.push(await timed(trial, n) * 1000 / n);
  await trial.check();
  return median(figures);
}

/** Bytes allocated per operation, garbage included, or `undefined` where they cannot be counted. */
export async function measureBytes(definition: Case): Promise<number | undefined> {
  if (collect === undefined) return undefined;
  const trial = await Trial.start(definition);
  // Optimized code allocates less, so the same warm-up as for the time comes first.
  let n = await firstGuess(trial);
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    n = corrected(n, await timed(trial, n));
  }
  // More operations are steadier, but a collection in between would hide what was allocated.
  let bytes: number | undefined;
  for (let ops = 1_000; ops <= 10_000_000; ops *= 10) {
    if (trial.room < ops) await trial.renew();
    if (trial.room < ops) break;
    collect();
    const before = heapBytes();
    await trial.run(ops);
    const grown = heapBytes() - before;
    if (grown > youngGeneration) break;
    // Below a byte per operation it is the measurement itself that shows.
    bytes = Math.max(0, grown / ops);
    if (grown > youngGeneration / 8) break;
  }
  await trial.check();
  return bytes;
}

/** The middle one. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/** CPU time of `n` operations in microseconds; making new states and checking old ones is free. */
async function timed(trial: Trial, n: number): Promise<number> {
  let spent = 0;
  for (let left = n; left > 0;) {
    if (trial.room < 1) {
      await trial.renew();
      // The old state is garbage now: not the work of the operations that come next.
      collect?.();
    }
    const ops = Math.min(left, trial.room);
    const before = cpuTime();
    const running = trial.run(ops);
    if (running !== undefined) await running;
    spent += cpuTime() - before;
    left -= ops;
  }
  return spent;
}

async function firstGuess(trial: Trial): Promise<number> {
  for (let n = 100;; n *= 4) {
    const spent = await timed(trial, n);
    if (spent > ROUND_US / 10) return corrected(n, spent);
  }
}

function corrected(n: number, spent: number): number {
  return Math.max(1, Math.round(n * ROUND_US / Math.max(1, spent)));
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
