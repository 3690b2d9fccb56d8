/**
 * Profiles that `go tool pprof` opens: of the engine, and of what the parts of a program are doing.
 *
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { Profiles } from "@nova/events/profile";
 *
 * const emitter = new Emitter({ name: "shop" });
 * emitter.on("order.placed", () => new Promise(() => {}), { id: "mail" });
 *
 * const profiles = new Profiles({ emitter });
 * void emitter.emit("order.placed", 1);
 * const [handler] = profiles.live("goroutine").samples;
 * console.log(handler?.stack[0]?.name, handler?.labels.state); // mail running
 * await emitter.close({ signal: AbortSignal.abort() });
 * ```
 *
 * The engine is reached through `engineProfiler()` of `./profiler`; `inspector` of `./http` serves all
 * of it.
 *
 * @module
 */

export { type CpuOptions, profileCpu } from "./cpu_run.ts";
export { addCpu, newCpuProfile } from "./cpu.ts";
export { addHeap, newHeapProfile } from "./heap.ts";
export type {
  CallFrame,
  CpuSampler,
  EngineCpuProfile,
  EngineHeapProfile,
  HeapNode,
  HeapSampler,
  Profiler,
  SourcePlace,
  ThreadCpuProfile,
} from "./port.ts";
export {
  type Frame,
  type Labels,
  Profile,
  type ProfileOptions,
  type Sample,
  type ValueType,
} from "./profile.ts";
export { type LiveProfile, Profiles, type ProfilesOptions, type Window } from "./profiles.ts";
export { type Stall, stallProfile, type StallProfileOptions } from "./stall.ts";
export { profileText } from "./text.ts";
export type { Trace, TraceEvent } from "./trace.ts";
export type { Env } from "../internal/env.ts";
export type { Part, PartKind, Parts } from "../internal/parts.ts";
