/**
 * Whether two threads are faster than one, beside what the machine gives to two processes in the
 * same minute, on the clock on the wall: nothing else shows it. And what handing over adds to the
 * CPU time of such tasks.
 */

import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { ThreadPool } from "../../src/pool/mod.ts";
import { expectCount, type Probe } from "../case.ts";
import { makeWorker } from "../threads/make.ts";
import type { Tasks } from "../threads/tasks.ts";

/** The names of the probes. */
export const TWO_THREADS = "100 µs tasks: 2 threads against 1";
export const TWO_PROCESSES = "the same work: 2 processes against 1 (control)";
export const BESIDE_MAIN = "100 µs tasks: CPU time here against in a thread";

const execute = promisify(execFile);
const SPIN = fileURLToPath(new URL("./threads/spin.mjs", import.meta.url));
const TASKS = 1_000;
/** Both sides in turn, so often; the best of each counts, for a busy machine only ever slows down. */
const ROUNDS = 5;

function spin(turns: number): number {
  let x = 1;
  for (let i = 0; i < turns; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

/** CPU time of this process in milliseconds, all threads. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** How many turns take 100 µs here, by the CPU's time. */
function calibrate(): number {
  const turns = 50_000_000;
  let least = Infinity;
  for (let round = 0; round < 3; round++) {
    const before = cpuTime();
    expectCount("a spin", spin(turns) | 0, spin(turns));
    least = Math.min(least, (cpuTime() - before) / 2);
  }
  return Math.max(1, Math.round(turns * 0.1 / least));
}

/** The best time of each of two ways, measured in turn after a round that does not count. */
async function bestOf(
  first: () => Promise<number>,
  second: () => Promise<number>,
): Promise<number> {
  let best = [Infinity, Infinity];
  for (let round = 0; round <= ROUNDS; round++) {
    const times = [await first(), await second()];
    if (round > 0) best = best.map((each, index) => Math.min(each, times[index]!));
  }
  return best[0]! / best[1]!;
}

function poolOf(workers: number): ThreadPool<Tasks> {
  return new ThreadPool<Tasks>(makeWorker, { workers, queueSize: TASKS });
}

/** What all tasks take on the clock in question. */
async function timed(pool: ThreadPool<Tasks>, turns: number, clock: () => number): Promise<number> {
  const expected = spin(turns);
  const before = clock();
  const all = await Promise.all(Array.from({ length: TASKS }, () => pool.run("work", turns)));
  const took = clock() - before;
  expectCount("answers", all.filter((each) => each === expected).length, TASKS);
  return took;
}

/** Processes that share the work out. Starting them is not counted. */
async function withProcesses(processes: number, turns: number): Promise<number> {
  const args = [...process.versions.deno === undefined ? [] : ["run", "-A"], SPIN];
  const share = String(turns * TASKS / processes);
  const took = await Promise.all(
    Array.from({ length: processes }, async () => {
      const { stdout } = await execute(process.execPath, [...args, share]);
      return Number(stdout.trim());
    }),
  );
  return Math.max(...took);
}

const wallTime = (): number => performance.now();

export const probes: readonly Probe[] = [
  {
    name: TWO_THREADS,
    unit: "×",
    async measure() {
      const turns = calibrate();
      const [one, two] = [poolOf(1), poolOf(2)];
      return await bestOf(() => timed(one, turns, wallTime), () => timed(two, turns, wallTime));
    },
  },
  {
    name: TWO_PROCESSES,
    unit: "×",
    async measure() {
      const turns = calibrate();
      return await bestOf(() => withProcesses(1, turns), () => withProcesses(2, turns));
    },
  },
  {
    name: BESIDE_MAIN,
    unit: "×",
    async measure() {
      const turns = calibrate();
      const pool = poolOf(1);
      const here = (): Promise<number> => {
        const before = cpuTime();
        let wrong = 0;
        const expected = spin(turns);
        for (let n = 0; n < TASKS; n++) if (spin(turns) !== expected) wrong += 1;
        expectCount("wrong answers", wrong, 0);
        return Promise.resolve(cpuTime() - before);
      };
      return await bestOf(here, () => timed(pool, turns, cpuTime));
    },
  },
];
