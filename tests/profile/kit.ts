/** A profiler whose answers are written by hand, and the oracle that reads profiles. */

import type {
  CallFrame,
  EngineCpuProfile,
  EngineHeapProfile,
  HeapSampler,
  Profiler,
  ThreadCpuProfile,
} from "@nova/events/profile";
import { UnavailableError } from "@nova/events/store";
import { Profile as Oracle } from "pprof-format";

/** A function at a line (from 0) of a file. */
export function frame(functionName: string, lineNumber = 0, url = "/app/main.ts"): CallFrame {
  return { functionName, url, lineNumber, columnNumber: 2 };
}

/** Idle, then `outer` calling `inner`, which is on two lines. */
export const CPU: EngineCpuProfile = {
  nodes: [
    { id: 1, callFrame: frame("(root)", -1, ""), children: [2, 3] },
    { id: 2, callFrame: frame("(idle)", -1, "") },
    { id: 3, callFrame: frame("outer", 9), children: [4] },
    {
      id: 4,
      callFrame: frame("inner", 19),
      positionTicks: [{ line: 22, ticks: 1 }, { line: 23, ticks: 2 }, { line: 22, ticks: 1 }],
    },
  ],
  startTime: 1_000,
  endTime: 71_000,
  samples: [2, 4, 4, 3, 4, 4],
  timeDeltas: [0, 10_000, 10_000, 10_000, 10_000, 10_000],
};

/** A heap with one object of `make` for each ordinal. */
export function heapOf(...ordinals: readonly number[]): EngineHeapProfile {
  const leaf = { id: 2, callFrame: frame("make", 4), selfSize: 0, children: [] };
  const caller = { id: 3, callFrame: frame("main", 1), selfSize: 0, children: [leaf] };
  return {
    head: { id: 1, callFrame: frame("(root)", -1, ""), selfSize: 0, children: [caller] },
    samples: ordinals.map((ordinal) => ({ nodeId: 2, size: 1024, ordinal })),
  };
}

/** What a test may look at and set. */
export interface FakeProfiler extends Profiler {
  /** Calls, in order. */
  readonly calls: string[];
  threads: readonly ThreadCpuProfile[];
  live: EngineHeapProfile;
  all: EngineHeapProfile;
}

/** A profiler of no engine. */
export function fakeProfiler(changes: Partial<Profiler> = {}): FakeProfiler {
  const calls: string[] = [];
  let running = false;
  let everything = false;
  const heap: HeapSampler = {
    everyBytes: 512 * 1024,
    start: (all) => {
      calls.push(all ? "heap start all" : "heap start");
      everything = all;
      return Promise.resolve();
    },
    read: () => Promise.resolve(everything ? fake.all : fake.live),
    stop: () => {
      calls.push("heap stop");
      return Promise.resolve(everything ? fake.all : fake.live);
    },
    collect: () => {
      calls.push("collect");
      return Promise.resolve();
    },
  };
  const fake: FakeProfiler = {
    calls,
    threads: [{ thread: "", profile: CPU }],
    live: heapOf(1),
    all: heapOf(1),
    runtime: "fake-1.0",
    cpu: {
      maxSeconds: 60,
      cpuTimeMs: () => 0,
      start: (intervalUs) => {
        if (running) return Promise.reject(new UnavailableError("cpu profiling already in use"));
        running = true;
        calls.push(`cpu start ${intervalUs}`);
        return Promise.resolve();
      },
      stop: () => {
        running = false;
        calls.push("cpu stop");
        return Promise.resolve(fake.threads);
      },
    },
    heap,
    snapshot: () => new Blob(["{}"]).stream(),
    commandLine: () => ["fake", "main.ts"],
    locate: (file, line) => ({ file, line: line + 1 }),
    ...changes,
  };
  return fake;
}

/** A sample as the oracle reads it. */
export interface Read {
  readonly stack: readonly string[];
  readonly values: readonly number[];
  readonly labels: Readonly<Record<string, string | number>>;
}

/** A whole profile as the oracle reads it. */
export interface ReadProfile {
  readonly types: readonly string[];
  readonly defaultType: string;
  readonly program: string;
  readonly time: bigint;
  readonly duration: bigint;
  readonly period: string;
  readonly comments: readonly string[];
  readonly samples: readonly Read[];
}

/** Reads the protocol buffer, with names in place of numbers: `inner /app/main.ts:22 (20)`. */
export function read(bytes: Uint8Array): ReadProfile {
  const profile = Oracle.decode(bytes);
  const text = (place: number | bigint): string => profile.stringTable.strings[Number(place)]!;
  const places = new Map(profile.location.map((location) => [Number(location.id), location]));
  const functions = new Map(profile.function.map((each) => [Number(each.id), each]));
  const nameOf = (id: number | bigint): string => {
    const { functionId, line } = places.get(Number(id))!.line[0]!;
    const { name, filename, startLine } = functions.get(Number(functionId))!;
    if (text(filename) === "") return text(name);
    return `${text(name)} ${text(filename)}:${line} (${startLine})`;
  };
  return {
    types: profile.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`),
    defaultType: text(profile.defaultSampleType),
    program: text(profile.mapping[0]!.filename),
    time: BigInt(profile.timeNanos),
    duration: BigInt(profile.durationNanos),
    period: profile.periodType === undefined
      ? ""
      : `${text(profile.periodType.type)} ${profile.period}`,
    comments: profile.comment.map(text),
    samples: profile.sample.map(({ locationId, value, label }) => ({
      stack: locationId.map(nameOf),
      // The oracle leaves it at that: a negative one is in two's complement.
      values: value.map((each) => Number(BigInt.asIntN(64, BigInt(each)))),
      labels: Object.fromEntries(
        label.map(({ key, str, num }) => [text(key), Number(str) > 0 ? text(str) : Number(num)]),
      ),
    })),
  };
}

/** Undoes gzip. */
export async function unzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
