/**
 * One CPU profile, from its start to its end.
 */

import { UnsupportedError } from "../errors/store.ts";
import type { Env } from "../internal/env.ts";
import { addCpu, newCpuProfile } from "./cpu.ts";
import { pause } from "./pause.ts";
import type { CpuSampler, Profiler } from "./port.ts";
import type { Profile } from "./profile.ts";

/** Go's rate: a hundred samples a second. */
export const DEFAULT_INTERVAL_US = 10_000;

/** A CPU profile under way. */
export class CpuRun {
  readonly #profiler: Profiler;
  readonly #sampler: CpuSampler;
  readonly #env: Env;
  readonly #intervalUs: number;
  readonly #begun: number;
  readonly #cpuBefore: number;

  private constructor(profiler: Profiler, sampler: CpuSampler, env: Env, intervalUs: number) {
    this.#profiler = profiler;
    this.#sampler = sampler;
    this.#env = env;
    this.#intervalUs = intervalUs;
    this.#begun = env.now();
    this.#cpuBefore = sampler.cpuTimeMs();
  }

  /**
   * Starts one. It rejects with `UnavailableError` while another runs, and with `UnsupportedError`
   * where there can be none.
   */
  static async start(
    profiler: Profiler,
    env: Env,
    intervalUs: number = DEFAULT_INTERVAL_US,
  ): Promise<CpuRun> {
    const { cpu } = profiler;
    if (typeof cpu === "string") throw new UnsupportedError(cpu);
    await cpu.start(intervalUs);
    return new CpuRun(profiler, cpu, env, intervalUs);
  }

  /** Ends it. To be called once. */
  async stop(): Promise<Profile> {
    const time = this.#env.now();
    const cpuMs = this.#sampler.cpuTimeMs() - this.#cpuBefore;
    const threads = await this.#sampler.stop();
    const comments = [
      "elapsed time on the stack, also while other processes had the core",
      `the process used ${Math.round(cpuMs)} ms of CPU time meanwhile`,
    ];
    if (threads.every(({ profile }) => (profile.samples ?? []).length === 0)) {
      comments.push("the engine took no samples");
    }
    const profile = newCpuProfile(this.#intervalUs, {
      time: this.#begun,
      durationMs: time - this.#begun,
      program: this.#profiler.runtime,
      comments,
    });
    addCpu(profile, this.#profiler, threads);
    return profile;
  }
}

/** Options of {@linkcode profileCpu}. */
export interface CpuOptions {
  /** How long. */
  readonly seconds: number;
  /** Microseconds between two samples. */
  readonly intervalUs?: number;
  /** Ends it at once; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A CPU profile of so many seconds. */
export async function profileCpu(
  profiler: Profiler,
  env: Env,
  { seconds, intervalUs, signal }: CpuOptions,
): Promise<Profile> {
  signal?.throwIfAborted();
  const run = await CpuRun.start(profiler, env, intervalUs);
  try {
    await pause(env, seconds * 1000, signal);
  } catch (error) {
    await run.stop();
    throw error;
  }
  return await run.stop();
}
