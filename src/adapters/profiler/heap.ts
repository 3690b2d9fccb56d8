/**
 * Sampled allocations, where the engine can do that.
 */

import type { EngineHeapProfile, HeapSampler } from "../../profile/port.ts";
import { InspectorSession } from "./session.ts";

/** Go's rate. */
const EVERY_BYTES = 512 * 1024;

/** Samples the allocations of this thread. */
export class InspectorHeap implements HeapSampler {
  readonly everyBytes: number;
  #session: InspectorSession | undefined;

  constructor(everyBytes: number = EVERY_BYTES) {
    this.everyBytes = everyBytes;
  }

  async start(all: boolean): Promise<void> {
    if (this.#session !== undefined) return;
    const session = new InspectorSession();
    this.#session = session;
    try {
      await session.call("HeapProfiler.enable");
      await session.call("HeapProfiler.startSampling", {
        samplingInterval: this.everyBytes,
        includeObjectsCollectedByMajorGC: all,
        includeObjectsCollectedByMinorGC: all,
      });
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  async read(): Promise<EngineHeapProfile> {
    return (await this.#call<Answer>("HeapProfiler.getSamplingProfile")).profile;
  }

  async stop(): Promise<EngineHeapProfile> {
    try {
      return (await this.#call<Answer>("HeapProfiler.stopSampling")).profile;
    } finally {
      this.#close();
    }
  }

  async collect(): Promise<void> {
    await this.#call("HeapProfiler.collectGarbage");
  }

  #call<Result>(method: string): Promise<Result> {
    if (this.#session === undefined) throw new Error("The heap is not sampled");
    return this.#session.call(method);
  }

  #close(): void {
    this.#session?.close();
    this.#session = undefined;
  }
}

interface Answer {
  readonly profile: EngineHeapProfile;
}
