/**
 * What happened within so many seconds, as a Chrome trace: handlers from start to end, queues as
 * counters, and the stacks of the engine where it samples them. `chrome://tracing`, Perfetto and
 * speedscope open it.
 */

import { UnavailableError, UnsupportedError } from "../errors/store.ts";
import type { Env } from "../internal/env.ts";
import type { NamedPart } from "../internal/parts.ts";
import { type Duty, rosterOf } from "../internal/roster.ts";
import { DEFAULT_INTERVAL_US } from "./cpu_run.ts";
import { Frames } from "./frames.ts";
import { pause } from "./pause.ts";
import type { CpuSampler, EngineCpuProfile, Profiler, ThreadCpuProfile } from "./port.ts";
import { partName, tasksOf } from "./tasks.ts";

/** One event of the format; times are in microseconds from the start of the trace. */
export interface TraceEvent {
  /** Begin or end of a stack, of a handler; a counter; a name. */
  readonly ph: "B" | "E" | "b" | "e" | "C" | "M";
  /** What it is about. */
  readonly name: string;
  /** The part it belongs to. */
  readonly cat?: string;
  /** When, in microseconds. */
  readonly ts: number;
  /** There is one process. */
  readonly pid: 1;
  /** 0 for handlers and counters; a number for each thread with stacks. */
  readonly tid: number;
  /** Joins the two ends of a handler. */
  readonly id?: number;
  /** More to show. */
  readonly args?: Readonly<Record<string, string | number>>;
}

/** A trace in the format's object form. */
export interface Trace {
  /** All of it; viewers bring it into order. */
  readonly traceEvents: readonly TraceEvent[];
  /** What viewers show. */
  readonly displayTimeUnit: "ms";
  /** The runtime. */
  readonly otherData: Readonly<Record<string, string>>;
}

/** How long from one look at the queues to the next, in milliseconds. */
const EVERY_MS = 20;

/** Records a trace of the parts, and of the engine if there is a profiler. */
export async function recordTrace(
  parts: readonly NamedPart[],
  profiler: Profiler | undefined,
  env: Env,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<Trace> {
  signal?.throwIfAborted();
  const tracing = new Tracing(env);
  const cpu = await startCpu(profiler);
  const watches = parts.map((part) => tracing.watch(part));
  let threads: readonly ThreadCpuProfile[] = [];
  try {
    const end = env.monotonic() + seconds * 1000;
    for (let left = seconds * 1000; left > 0; left = end - env.monotonic()) {
      tracing.count(parts);
      await pause(env, Math.min(EVERY_MS, left), signal);
    }
    tracing.endAll(parts);
  } finally {
    for (const watch of watches) watch?.[Symbol.dispose]();
    if (cpu !== undefined) threads = await cpu.stop();
  }
  for (const [i, { thread, profile }] of threads.entries()) {
    tracing.addStacks(profiler!, profile, thread || "main", i + 1);
  }
  return {
    traceEvents: tracing.events,
    displayTimeUnit: "ms",
    otherData: { runtime: profiler?.runtime ?? "unknown" },
  };
}

/** Stacks are welcome, but a trace is one without them, too. */
async function startCpu(profiler: Profiler | undefined): Promise<CpuSampler | undefined> {
  if (profiler === undefined || typeof profiler.cpu === "string") return undefined;
  try {
    await profiler.cpu.start(DEFAULT_INTERVAL_US);
    return profiler.cpu;
  } catch (error) {
    if (error instanceof UnavailableError || error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

class Tracing {
  readonly events: TraceEvent[] = [];
  readonly #env: Env;
  readonly #begun: number;
  readonly #counters = new Map<string, number>();
  #spans = 0;

  constructor(env: Env) {
    this.#env = env;
    this.#begun = env.now();
  }

  /** Notes the handlers of a part as they settle. */
  watch(part: NamedPart): Disposable | undefined {
    return rosterOf(part.part)?.watch((duty, until) => this.#span(part, duty, until));
  }

  /** Notes the handlers that have not settled, as if they did now. */
  endAll(parts: readonly NamedPart[]): void {
    for (const part of parts) {
      const now = this.#env.now();
      for (const duty of rosterOf(part.part)?.duties ?? []) this.#span(part, duty, now);
    }
  }

  /** Notes how many wait, where that has changed. */
  count(parts: readonly NamedPart[]): void {
    const ts = this.#at(this.#env.now());
    const counts = new Map(Array.from(this.#counters.keys(), (name) => [name, 0]));
    for (const { place, state, count } of tasksOf(parts, 0)) {
      if (state === "running") continue;
      const name = `${place.join(" ")} ${state}`;
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
    for (const [name, count] of counts) {
      if (this.#counters.get(name) === count) continue;
      this.#counters.set(name, count);
      this.events.push({ ph: "C", name, ts, pid: 1, tid: 0, args: { count } });
    }
  }

  /** The stacks of a thread, from sample to sample. */
  addStacks(profiler: Profiler, profile: EngineCpuProfile, thread: string, tid: number): void {
    this.events.push({
      ph: "M",
      name: "thread_name",
      ts: 0,
      pid: 1,
      tid,
      args: { name: `${thread} stacks` },
    });
    const paths = pathsOf(profile, new Frames(profiler));
    const { samples = [], timeDeltas = [], startTime, endTime } = profile;
    let open: readonly string[] = [];
    let at = startTime;
    const move = (path: readonly string[]): void => {
      let same = 0;
      while (same < path.length && same < open.length && path[same] === open[same]) same++;
      const ts = at - startTime;
      for (const name of open.slice(same).reverse()) {
        this.events.push({ ph: "E", name, ts, pid: 1, tid });
      }
      for (const name of path.slice(same)) this.events.push({ ph: "B", name, ts, pid: 1, tid });
      open = path;
    };
    for (const [i, id] of samples.entries()) {
      at += Math.max(0, timeDeltas[i] ?? 0);
      move(paths.get(id) ?? []);
    }
    at = Math.max(at, endTime);
    move([]);
  }

  /** Handlers overlap, so they are asynchronous events, each with an id. */
  #span(part: NamedPart, { at, attempt, since }: Duty, until: number): void {
    const { station } = at;
    const shared = { cat: partName(part), name: station.at(-1) ?? "", id: ++this.#spans };
    const args = { place: station.join(" "), attempt };
    this.events.push({ ph: "b", ...shared, ts: this.#at(since), pid: 1, tid: 0, args });
    this.events.push({ ph: "e", ...shared, ts: this.#at(until), pid: 1, tid: 0 });
  }

  #at(time: number): number {
    return Math.max(0, time - this.#begun) * 1000;
  }
}

/** The names from the outermost to each node. */
function pathsOf({ nodes }: EngineCpuProfile, frames: Frames): Map<number, readonly string[]> {
  const paths = new Map<number, readonly string[]>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const children = new Set(nodes.flatMap(({ children = [] }) => children));
  const open = nodes.filter(({ id }) => !children.has(id)).map((node) => ({
    node,
    above: [] as readonly string[],
  }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, above } = next;
    const { functionName } = node.callFrame;
    const idle = functionName === "(root)" || functionName === "(idle)";
    const path = idle ? above : [...above, frames.of(node.callFrame).name];
    paths.set(node.id, path);
    for (const id of node.children ?? []) open.push({ node: byId.get(id)!, above: path });
  }
  return paths;
}
