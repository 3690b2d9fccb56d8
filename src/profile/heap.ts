/**
 * From sampled allocations to a profile with the four types of Go's heap profile.
 *
 * An engine's sampler either forgets what the collector takes, or keeps it; it cannot tell one from
 * the other. So what is in use is what the sampler holds, and what was allocated is added up here:
 * whatever a look finds that the look before did not. What lives shorter than from look to look is
 * seen only while a window of everything is open, see {@linkcode HeapBook.window}.
 */

import { UnavailableError } from "../errors/store.ts";
import type { Env } from "../internal/env.ts";
import { Frames } from "./frames.ts";
import type { EngineHeapProfile, HeapNode, HeapSampler, Profiler } from "./port.ts";
import { type Frame, type Labels, Profile, type ProfileOptions } from "./profile.ts";
import { pause } from "./pause.ts";

/** What a heap profile counts, as Go's does. */
const SAMPLE_TYPES = [
  { type: "alloc_objects", unit: "count" },
  { type: "alloc_space", unit: "bytes" },
  { type: "inuse_objects", unit: "count" },
  { type: "inuse_space", unit: "bytes" },
] as const;

/** A heap profile without samples. */
export function newHeapProfile(everyBytes: number, options: Partial<ProfileOptions>): Profile {
  const period = { type: "space", unit: "bytes", every: everyBytes };
  return new Profile({ ...options, sampleTypes: SAMPLE_TYPES, period });
}

/** Adds allocations: all of them, or those whose number is above `after`; answers the highest number. */
export function addHeap(
  profile: Profile,
  profiler: Profiler,
  { head, samples }: EngineHeapProfile,
  as: "allocated" | "in use",
  after = -1,
  labels: Labels = {},
): number {
  const stacks = stacksOf(head, new Frames(profiler));
  let highest = after;
  for (const { size, nodeId, ordinal } of samples) {
    if (ordinal <= after) continue;
    highest = Math.max(highest, ordinal);
    const values = as === "allocated" ? [1, size, 0, 0] : [0, 0, 1, size];
    profile.add(stacks.get(nodeId) ?? [], values, labels);
  }
  return highest;
}

/** The stack of each node, innermost first, without the root. */
function stacksOf(head: HeapNode, frames: Frames): Map<number, readonly Frame[]> {
  const stacks = new Map<number, readonly Frame[]>([[head.id, []]]);
  const open: HeapNode[] = [head];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const callers = stacks.get(node.id)!;
    for (const child of node.children) {
      stacks.set(child.id, [frames.of(child.callFrame), ...callers]);
      open.push(child);
    }
  }
  return stacks;
}

const OBJECTS = "objects are sampled allocations, not extrapolated; space is";

/** What one sampler has seen, over all looks. */
export class HeapBook {
  readonly #profiler: Profiler;
  readonly #sampler: HeapSampler;
  readonly #env: Env;
  readonly #allocated: Profile;
  /** Settles when the sampler runs that forgets what is collected; undefined while it does not. */
  #starting: Promise<void> | undefined;
  /** When it began, in epoch milliseconds. */
  #liveSince = 0;
  #firstSince = 0;
  #lastOrdinal = -1;
  #windowOpen = false;

  constructor(profiler: Profiler, sampler: HeapSampler, env: Env) {
    this.#profiler = profiler;
    this.#sampler = sampler;
    this.#env = env;
    this.#allocated = newHeapProfile(sampler.everyBytes, {});
  }

  /** Begins to sample. Does nothing if it has. */
  start(): Promise<void> {
    return this.#starting ??= this.#start();
  }

  async #start(): Promise<void> {
    try {
      await this.#sampler.start(false);
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
    this.#lastOrdinal = -1;
    this.#liveSince = this.#env.now();
    this.#firstSince ||= this.#liveSince;
  }

  /** What is in use, and what was seen to be allocated. The first call begins to sample. */
  async read(gc: boolean): Promise<Profile> {
    this.#requireNoWindow();
    await this.start();
    if (gc) await this.#sampler.collect();
    const found = await this.#sampler.read();
    this.#lastOrdinal = this.#add(found, this.#lastOrdinal);
    const since = (time: number): string => new Date(time).toISOString();
    const profile = this.#newProfile("inuse_space", [
      `inuse: sampled since ${since(this.#liveSince)}`,
      `alloc: seen since ${since(this.#firstSince)}; what was collected between two looks is ` +
      "only there from windows of allocs?seconds=N",
      OBJECTS,
    ]);
    for (const { stack, values } of this.#allocated.samples) profile.add(stack, values);
    addHeap(profile, this.#profiler, found, "in use");
    return profile;
  }

  /**
   * Everything that is allocated in the time, also what the collector takes. What is in use counts
   * anew from its end.
   */
  async window(seconds: number, signal: AbortSignal | undefined): Promise<Profile> {
    this.#requireNoWindow();
    this.#windowOpen = true;
    const begun = this.#env.now();
    const sampler = this.#sampler;
    const wasLive = this.#starting !== undefined;
    try {
      await this.#starting;
      if (wasLive) this.#lastOrdinal = this.#add(await sampler.stop(), this.#lastOrdinal);
      this.#starting = undefined;
      await sampler.start(true);
      let found: EngineHeapProfile;
      try {
        await pause(this.#env, seconds * 1000, signal);
      } finally {
        found = await sampler.stop();
        this.#firstSince ||= begun;
        this.#add(found, -1);
      }
      const durationMs = this.#env.now() - begun;
      const comments = ["alloc: everything allocated in the window", "inuse: not sampled", OBJECTS];
      const profile = this.#newProfile("alloc_space", comments, durationMs);
      addHeap(profile, this.#profiler, found, "allocated");
      return profile;
    } finally {
      this.#windowOpen = false;
      if (wasLive) await this.start();
    }
  }

  #add(found: EngineHeapProfile, after: number): number {
    return addHeap(this.#allocated, this.#profiler, found, "allocated", after);
  }

  #newProfile(defaultType: string, comments: readonly string[], durationMs = 0): Profile {
    return newHeapProfile(this.#sampler.everyBytes, {
      defaultType,
      comments,
      durationMs,
      time: this.#env.now(),
      program: this.#profiler.runtime,
    });
  }

  #requireNoWindow(): void {
    if (this.#windowOpen) throw new UnavailableError("heap profiling already in use");
  }
}

/** There is one sampler per thread, so its book is shared by all who look. */
const books = new WeakMap<HeapSampler, HeapBook>();

/** The book of a sampler. */
export function heapBookOf(profiler: Profiler, sampler: HeapSampler, env: Env): HeapBook {
  let book = books.get(sampler);
  if (book === undefined) books.set(sampler, book = new HeapBook(profiler, sampler, env));
  return book;
}
