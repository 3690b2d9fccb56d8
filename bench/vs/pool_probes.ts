/**
 * Whether two threads are faster than one, beside what the machine gives to two processes in the
 * same minute. Wall time: nothing else shows it.
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
export const BESIDE_MAIN = "100 µs tasks: 1 thread against this one";

const execute = promisify(execFile);
const SPIN = fileURLToPath(new URL("./threads/spin.mjs", import.meta.url));
const TASKS = 4_000;

function spin(turns: number): number {
  let sum = 0;
  for (let i = 0; i < turns; i++) sum = (sum * 31 + i) | 0;
  return sum;
}

/** How many turns take 100 µs here. */
function calibrate(): number {
  const turns = 2_000_000;
  spin(turns);
  const start = performance.now();
  spin(turns);
  return Math.max(1, Math.round(turns * 0.1 / (performance.now() - start)));
}

async function withThreads(workers: number, turns: number): Promise<number> {
  const pool = new ThreadPool<Tasks>(makeWorker, { workers, queueSize: TASKS });
  const all = (): Promise<number[]> =>
    Promise.all(Array.from({ length: TASKS }, () => pool.run("work", turns)));
  await all();
  const start = performance.now();
  expectCount("answers", (await all()).filter((each) => each === spin(turns)).length, TASKS);
  const took = performance.now() - start;
  await pool.close();
  return took;
}

/** Two processes that each do half, against one that does all. Starting them is not counted. */
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

export const probes: readonly Probe[] = [
  {
    name: TWO_THREADS,
    unit: "×",
    async measure() {
      const turns = calibrate();
      return await withThreads(1, turns) / await withThreads(2, turns);
    },
  },
  {
    name: TWO_PROCESSES,
    unit: "×",
    async measure() {
      const turns = calibrate();
      return await withProcesses(1, turns) / await withProcesses(2, turns);
    },
  },
  {
    name: BESIDE_MAIN,
    unit: "×",
    async measure() {
      const turns = calibrate();
      const start = performance.now();
      for (let n = 0; n < TASKS; n++) spin(turns);
      const here = performance.now() - start;
      return here / await withThreads(1, turns);
    },
  },
];
