/** Profiles of cases: made in the process of a case, merged by the runner. */

import { addCpu, addHeap, newCpuProfile, newHeapProfile, Profile } from "@nova/events/profile";
import type { ProfileOptions, Sample } from "@nova/events/profile";
import { engineProfiler } from "@nova/events/profiler";
import type { Case } from "../case.ts";
import { measureTime } from "./measure.ts";

/** What of. */
export type ProfileKind = "cpu" | "mem";

/** A profile on its way from process to process. */
export interface Sent {
  readonly options: ProfileOptions;
  readonly samples: readonly Sample[];
}

/** Ten times Go's rate: a case runs for less than a second. */
const INTERVAL_US = 1_000;

/** Profiles a case while it is measured. It throws the reason where that cannot be. */
export async function profileCase(kind: ProfileKind, definition: Case): Promise<Sent> {
  const profile = kind === "cpu" ? await cpuOf(definition) : await allocationsOf(definition);
  return { options: profile.options, samples: profile.samples };
}

async function cpuOf(definition: Case): Promise<Profile> {
  const profiler = engineProfiler();
  if (typeof profiler.cpu === "string") throw new Error(profiler.cpu);
  const profile = newCpuProfile(INTERVAL_US, {});
  await profiler.cpu.start(INTERVAL_US);
  await measureTime(definition);
  addCpu(profile, profiler, await profiler.cpu.stop());
  return profile;
}

async function allocationsOf(definition: Case): Promise<Profile> {
  const profiler = engineProfiler();
  if (typeof profiler.heap === "string") throw new Error(profiler.heap);
  const profile = newHeapProfile(profiler.heap.everyBytes, { defaultType: "alloc_space" });
  await profiler.heap.start(true);
  await measureTime(definition);
  addHeap(profile, profiler, await profiler.heap.stop(), "allocated");
  return profile;
}

/** Profiles of several cases as one; labels tell them apart. */
export class Merged {
  #profile: Profile | undefined;

  /** Adds one. */
  add({ options, samples }: Sent, labels: Readonly<Record<string, string>>): void {
    this.#profile ??= new Profile({ ...options, time: Date.now(), program: "bench" });
    for (const { stack, values, labels: own } of samples) {
      this.#profile.add(stack, values, { ...own, ...labels });
    }
  }

  /** For `go tool pprof`; undefined if there was nothing. */
  async gzip(): Promise<Uint8Array | undefined> {
    return await this.#profile?.gzip();
  }
}
