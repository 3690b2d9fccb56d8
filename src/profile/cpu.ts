/**
 * From CPU profiles of an engine to a profile.
 */

import { Frames } from "./frames.ts";
import type { EngineCpuProfile, Profiler, ThreadCpuProfile } from "./port.ts";
import { type Frame, type Labels, Profile, type ProfileOptions } from "./profile.ts";

/** What a CPU profile counts, as Go's does. */
const SAMPLE_TYPES = [
  { type: "samples", unit: "count" },
  { type: "cpu", unit: "nanoseconds" },
] as const;

/** Nodes that stand for no work. */
const NO_WORK: ReadonlySet<string> = new Set(["(root)", "(idle)"]);

/** Engines that tell about idle time have one of these. */
const TELLS_IDLE: ReadonlySet<string> = new Set(["(idle)", "(program)"]);

/** Without word of idle time a sample stands for this many intervals at most. */
const MOST_INTERVALS = 2;

/** A CPU profile without samples. */
export function newCpuProfile(intervalUs: number, options: Partial<ProfileOptions>): Profile {
  return new Profile({
    ...options,
    sampleTypes: SAMPLE_TYPES,
    period: { type: "cpu", unit: "nanoseconds", every: intervalUs * 1000 },
  });
}

/** Adds what threads did; where there are several, each gets a label. */
export function addCpu(
  profile: Profile,
  profiler: Profiler,
  threads: readonly ThreadCpuProfile[],
  labels: Labels = {},
): void {
  const intervalUs = (profile.options.period?.every ?? 0) / 1000;
  for (const { thread, profile: engine } of threads) {
    const own = threads.length === 1 ? labels : { ...labels, thread: thread || "main" };
    addThread(profile, new Frames(profiler), engine, intervalUs, own);
  }
}

function addThread(
  profile: Profile,
  frames: Frames,
  engine: EngineCpuProfile,
  intervalUs: number,
  labels: Labels,
): void {
  const parents = new Map<number, number>();
  for (const { id, children = [] } of engine.nodes) {
    for (const child of children) parents.set(child, id);
  }
  const nodes = new Map(engine.nodes.map((node) => [node.id, node]));
  for (const [id, { count, us }] of spentAt(engine, intervalUs)) {
    const node = nodes.get(id);
    if (node === undefined || NO_WORK.has(node.callFrame.functionName)) continue;
    const callers: Frame[] = [];
    for (let up = nodes.get(parents.get(id) ?? NaN); up !== undefined;) {
      if (!NO_WORK.has(up.callFrame.functionName)) callers.push(frames.of(up.callFrame));
      up = nodes.get(parents.get(up.id) ?? NaN);
    }
    const lines = linesOf(node.positionTicks ?? []);
    for (const [line, share] of lines) {
      const leaf = frames.of(node.callFrame, line);
      profile.add([leaf, ...callers], [count * share, us * 1000 * share], labels);
    }
  }
}

/** How often each node was seen, and for how long: until the next sample. */
function spentAt(
  engine: EngineCpuProfile,
  intervalUs: number,
): Map<number, { count: number; us: number }> {
  const tellsIdle = engine.nodes.some(({ callFrame }) => TELLS_IDLE.has(callFrame.functionName));
  const most = tellsIdle ? Infinity : intervalUs * MOST_INTERVALS;
  const { samples = [], timeDeltas = [] } = engine;
  const spent = new Map<number, { count: number; us: number }>();
  for (const [i, id] of samples.entries()) {
    const us = Math.min(most, Math.max(0, timeDeltas[i + 1] ?? intervalUs));
    const at = spent.get(id);
    if (at === undefined) spent.set(id, { count: 1, us });
    else {
      at.count += 1;
      at.us += us;
    }
  }
  return spent;
}

/** The share of each line in a function; of no known line, if the engine does not say. */
function linesOf(
  ticks: readonly { readonly line: number; readonly ticks: number }[],
): Map<number | undefined, number> {
  const total = ticks.reduce((sum, { ticks }) => sum + ticks, 0);
  if (total === 0) return new Map([[undefined, 1]]);
  const shares = new Map<number, number>();
  for (const { line, ticks: own } of ticks) {
    shares.set(line, (shares.get(line) ?? 0) + own / total);
  }
  return shares;
}
