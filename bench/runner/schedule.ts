/**
 * Runs every measurement in a fresh process, one at a time, round robin: all cases once, then all
 * cases again. A slow minute of the machine then hits all of them, and not one.
 */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Options } from "./options.ts";
import type { Row } from "./result.ts";
import type { Runtime } from "./runtimes.ts";
import { suiteOf } from "../cases/mod.ts";

const run = promisify(execFile);
const WORKER = fileURLToPath(new URL("../worker.ts", import.meta.url));
/** No case takes a tenth of it. */
const PROCESS_TIMEOUT_MS = 60_000;

type Measurement = "time" | "bytes" | "probe";

interface Job {
  readonly runtime: Runtime;
  readonly row: Row;
  readonly kind: "time" | "probe";
  readonly bytes: boolean;
}

/** Who follows a run. */
export interface Hearing {
  /** What comes next. */
  progress(line: string): void;
  /** Every case has been measured once more. */
  round(rows: readonly Row[]): void;
}

/** Measures everything that was asked for. */
export async function measureAll(
  modules: readonly string[],
  runtimes: readonly Runtime[],
  options: Options,
  hear: Hearing,
): Promise<Row[]> {
  const jobs = await plan(modules, runtimes, options);
  const rows = jobs.map((job) => job.row);
  const inBytes = jobs.filter((job) => job.bytes);
  const total = jobs.length * options.count + inBytes.length;
  let done = 0;
  for (let round = 0; round < options.count; round++) {
    for (const { runtime, row, kind } of jobs) {
      hear.progress(`${++done}/${total} ${runtime.name} ${row.name}`);
      const figure = await measureOnce(runtime, kind, row);
      if (figure !== undefined) row.samples.push(figure);
    }
    hear.round(rows);
  }
  for (const { runtime, row } of inBytes) {
    hear.progress(`${++done}/${total} ${runtime.name} ${row.name}, bytes`);
    const bytes = await measureOnce(runtime, "bytes", row);
    if (bytes !== undefined) row.bytes = bytes;
  }
  return rows;
}

async function plan(
  modules: readonly string[],
  runtimes: readonly Runtime[],
  { filter, baseline, bytes }: Options,
): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const module of modules) {
    const { cases, probes } = await suiteOf(module);
    for (const runtime of runtimes) {
      const row = { module, runtime: runtime.name };
      for (const { name, cell, bytes: worthIt = true, runtimes: only } of cases) {
        if (!filter.test(name) || only?.includes(runtime.name) === false) continue;
        const place = cell === undefined ? {} : { cell };
        jobs.push({
          runtime,
          row: { ...row, name, ...place, unit: "ns", samples: [] },
          kind: "time",
          bytes: bytes && worthIt,
        });
      }
      for (const { name, unit } of probes) {
        if (!filter.test(name)) continue;
        jobs.push({
          runtime,
          row: { ...row, name, unit, samples: [] },
          kind: "probe",
          bytes: false,
        });
      }
    }
  }
  if (baseline !== undefined && !jobs.some(({ row }) => row.name === baseline)) {
    throw new RangeError(`--baseline must name a case of this run, got "${baseline}"`);
  }
  return jobs;
}

/** One process. A failure is remembered in the row: the other cases go on. */
async function measureOnce(
  runtime: Runtime,
  kind: Measurement,
  row: Row,
): Promise<number | undefined> {
  if (row.error !== undefined) return undefined;
  const args = [...runtime.arguments(kind === "bytes"), WORKER, kind, row.module, row.name];
  try {
    const { stdout } = await run(runtime.executable, args, { timeout: PROCESS_TIMEOUT_MS });
    const lastLine = stdout.trim().split("\n").at(-1) ?? "";
    const { figure, error } = JSON.parse(lastLine) as { figure?: number; error?: string };
    if (error !== undefined) row.error = error;
    return figure;
  } catch (error) {
    const { message, stderr = "", killed } = error as Error & { stderr?: string; killed?: boolean };
    row.error = killed === true
      ? `not done after ${PROCESS_TIMEOUT_MS / 1000} s`
      : `the process failed: ${stderr.trim().split("\n")[0] || message}`;
    return undefined;
  }
}
