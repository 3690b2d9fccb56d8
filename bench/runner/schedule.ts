/**
 * Runs every measurement in a fresh process, one at a time, round robin: all cases once, then all
 * cases again. A slow minute of the machine then hits all of them, and not one.
 */

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Options } from "./options.ts";
import { Merged, type ProfileKind, type Sent } from "./profile.ts";
import type { Row } from "./result.ts";
import type { Runtime } from "./runtimes.ts";
import { suiteOf } from "../cases/mod.ts";

const run = promisify(execFile);
const WORKER = fileURLToPath(new URL("../worker.ts", import.meta.url));
/** No case takes a tenth of it. */
const PROCESS_TIMEOUT_MS = 60_000;

type Measurement = "time" | "bytes" | "probe" | ProfileKind;

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
  /** Why there is no profile of some cases. */
  skipped(reasons: readonly string[]): void;
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
  for (const [kind, path] of Object.entries(options.profiles) as [ProfileKind, string][]) {
    await profileAll(jobs, kind, path, hear);
  }
  return rows;
}

/** One profile of all cases. */
async function profileAll(
  jobs: readonly Job[],
  kind: ProfileKind,
  path: string,
  hear: Hearing,
): Promise<void> {
  const merged = new Merged();
  const folder = await mkdtemp(join(tmpdir(), "nova-bench-"));
  const reasons = new Set<string>();
  try {
    for (const { runtime, row } of jobs.filter((job) => job.kind === "time")) {
      hear.progress(`${runtime.name} ${row.name}, ${kind} profile`);
      const file = join(folder, "profile.json");
      const attempt: Row = { ...row, samples: [] };
      await measureOnce(runtime, kind, attempt, file);
      if (attempt.error !== undefined) reasons.add(`${runtime.name}: ${attempt.error}`);
      else {
        const { module, name } = row;
        const sent = JSON.parse(await readFile(file, "utf8")) as Sent;
        merged.add(sent, { runtime: runtime.name, module, case: name });
      }
    }
    const profile = await merged.gzip();
    if (profile !== undefined) await writeFile(path, profile);
    hear.skipped([...reasons]);
  } finally {
    await rm(folder, { recursive: true });
  }
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
  ...more: readonly string[]
): Promise<number | undefined> {
  if (row.error !== undefined) return undefined;
  const args = [
    ...runtime.arguments(kind === "bytes"),
    WORKER,
    kind,
    row.module,
    row.name,
    ...more,
  ];
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
