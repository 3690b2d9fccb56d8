/**
 * Profiles in files, as `runtime/pprof` of Go writes them.
 */

import { writeFile } from "node:fs/promises";
import { UnavailableError, UnsupportedError } from "../../errors/store.ts";
import { systemEnv } from "../../internal/env.ts";
import { CpuRun } from "../../profile/cpu_run.ts";
import { heapBookOf } from "../../profile/heap.ts";
import { engineProfiler } from "./engine.ts";

let running: { readonly path: string | URL; readonly run: CpuRun } | undefined;

/**
 * Begins a CPU profile that {@linkcode stopCpuProfile} writes to `path`. It rejects with
 * `UnavailableError` while another runs.
 *
 * @param path Where the file will be.
 * @param options `intervalUs`: microseconds between two samples, 10,000 by default.
 */
export async function startCpuProfile(
  path: string | URL,
  options: { readonly intervalUs?: number } = {},
): Promise<void> {
  const { intervalUs } = options;
  if (intervalUs !== undefined && !(Number.isInteger(intervalUs) && intervalUs >= 100)) {
    throw new RangeError(
      `Cannot use ${intervalUs} as "intervalUs": it must be an integer of at least 100`,
    );
  }
  const run = await CpuRun.start(engineProfiler(), systemEnv, intervalUs);
  running = { path, run };
}

/** Ends the CPU profile and writes its file. It rejects with `UnavailableError` when none runs. */
export async function stopCpuProfile(): Promise<void> {
  if (running === undefined) throw new UnavailableError("cpu profiling is not in use");
  const { path, run } = running;
  running = undefined;
  const profile = await run.stop();
  await writeFile(path, await profile.gzip());
}

/**
 * Begins to sample allocations, so that a later {@linkcode writeHeapProfile} has something to tell.
 * It rejects with `UnsupportedError` on Bun.
 */
export async function startHeapProfile(): Promise<void> {
  await book().start();
}

/**
 * Writes what is in use, and what was seen to be allocated, to `path`. Without
 * {@linkcode startHeapProfile} the first call begins to sample, and has nothing to tell. It rejects
 * with `UnsupportedError` on Bun.
 *
 * @param path Where the file will be.
 * @param options `gc`: whether to run the collector before, as Go's tests do.
 */
export async function writeHeapProfile(
  path: string | URL,
  options: { readonly gc?: boolean } = {},
): Promise<void> {
  const profile = await book().read(options.gc === true);
  await writeFile(path, await profile.gzip());
}

function book(): ReturnType<typeof heapBookOf> {
  const profiler = engineProfiler();
  const { heap } = profiler;
  if (typeof heap === "string") throw new UnsupportedError(heap);
  return heapBookOf(profiler, heap, systemEnv);
}
