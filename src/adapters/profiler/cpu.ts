/**
 * CPU profiles of this thread and of those that take part.
 */

import process from "node:process";
import type { CpuSampler, ThreadCpuProfile } from "../../profile/port.ts";
import { ThreadProfiler } from "./thread_profiler.ts";
import { ThreadGroup } from "./threads.ts";

/** This thread, and with it those that called `profileThread`. */
export class ProcessProfiler implements CpuSampler {
  readonly maxSeconds: number;
  readonly #own: ThreadProfiler = new ThreadProfiler();
  #threads: ThreadGroup | undefined;

  constructor(maxSeconds: number) {
    this.maxSeconds = maxSeconds;
  }

  cpuTimeMs(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }

  async start(intervalUs: number): Promise<void> {
    await this.#own.start(intervalUs);
    try {
      this.#threads = new ThreadGroup(intervalUs);
    } catch (error) {
      await this.#own.stop();
      throw error;
    }
  }

  async stop(): Promise<readonly ThreadCpuProfile[]> {
    const threads = this.#threads;
    this.#threads = undefined;
    const others = threads?.stop();
    const profile = await this.#own.stop();
    return [{ thread: "", profile }, ...await others ?? []];
  }
}
