/**
 * The instruments of the engine that runs this.
 */

import process from "node:process";
import { Readable } from "node:stream";
import { getHeapSnapshot } from "node:v8";
import type { HeapSampler, Profiler } from "../../profile/port.ts";
import { ProcessProfiler } from "./cpu.ts";
import { InspectorHeap } from "./heap.ts";
import { locate } from "./source_maps.ts";

/** Longer profiles hold more than anybody looks at. */
const MAX_SECONDS = 300;

/** Bun keeps every function alive that it samples, for as long as it does. */
const MAX_SECONDS_ON_BUN = 30;

const NO_HEAP_ON_BUN =
  "heap profile is not supported by this runtime (bun has no heap sampler): the option " +
  "heapSnapshots makes one from a snapshot";

let only: Profiler | undefined;

/**
 * The profiler of the runtime: Deno, Bun or Node. There is one; every call answers the same.
 *
 * Deno needs `--allow-sys` for it; without, profiles of the engine say so.
 *
 * @returns What `inspector`, `Profiles` and the like take as `profiler`.
 */
export function engineProfiler(): Profiler {
  return only ??= makeProfiler();
}

function makeProfiler(): Profiler {
  const { versions, argv, execPath } = process;
  const name = versions.deno !== undefined ? "deno" : versions.bun !== undefined ? "bun" : "node";
  const heap: HeapSampler | string = name === "bun" ? NO_HEAP_ON_BUN : new InspectorHeap();
  return {
    runtime: `${name}-${versions[name]}`,
    cpu: new ProcessProfiler(name === "bun" ? MAX_SECONDS_ON_BUN : MAX_SECONDS),
    heap,
    snapshot: () => Readable.toWeb(getHeapSnapshot()) as unknown as ReadableStream<Uint8Array>,
    commandLine: () => [execPath, ...argv.slice(1)],
    locate,
  };
}
