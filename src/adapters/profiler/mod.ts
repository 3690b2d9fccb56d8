/**
 * The engine's profiles on Deno, Bun and Node: for `inspector`, for `Profiles`, and into files.
 *
 * ```ts no-run needs --allow-sys and --allow-write on Deno
 * import { startCpuProfile, stopCpuProfile } from "@nova/events/profiler";
 *
 * await startCpuProfile("cpu.prof");
 * for (let i = 0; i < 1e8; i++) Math.sqrt(i);
 * await stopCpuProfile(); // go tool pprof -top cpu.prof
 * ```
 *
 * @module
 */

export { engineProfiler } from "./engine.ts";
export { startCpuProfile, startHeapProfile, stopCpuProfile, writeHeapProfile } from "./files.ts";
export { profileThread } from "./threads.ts";
export type { Profiler } from "../../profile/port.ts";
