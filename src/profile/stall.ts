/**
 * A profile that is taken by itself when the event loop was blocked for too long.
 */

import { UnavailableError } from "../errors/store.ts";
import { durationOption, requireFunction, requireOptions } from "../internal/check.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { CpuRun } from "./cpu_run.ts";
import type { Profiler } from "./port.ts";
import type { Profile } from "./profile.ts";

/** A stall, and a profile that tells about it. */
export interface Stall {
  /** How long the event loop was blocked, in milliseconds; what was profiled, if it came again. */
  readonly blockedMs: number;
  /** Whether the profile contains a stall, or only what came after one. */
  readonly caught: boolean;
  /** From the stall before on, to this one. */
  readonly profile: Profile;
}

/** Options of {@linkcode stallProfile}. */
export interface StallProfileOptions {
  /** Gets the profiles. */
  readonly onProfile: (stall: Stall) => void;
  /**
   * How long the loop may be blocked, in milliseconds.
   *
   * @default {100}
   */
  readonly overMs?: number;
  /**
   * How long a profile waits for the stall to come again, in milliseconds.
   *
   * @default {10_000}
   */
  readonly profileMs?: number;
  /**
   * How long it rests after a profile, in milliseconds.
   *
   * @default {60_000}
   */
  readonly restMs?: number;
  /**
   * Clock and timers.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/** How often it looks, as a part of what it looks for. */
const LOOKS = 4;

/**
 * Watches the event loop. When it was blocked for longer than `overMs`, a CPU profile begins, and
 * ends with the next stall, which it then contains, or after `profileMs`. A profile cannot begin in
 * the past: a stall that comes only once is noticed, but not seen.
 *
 * While nothing stalls it costs a timer that does not keep the program alive.
 *
 * @returns Ends it when it is disposed of.
 * @throws {TypeError} If `onProfile` is no function.
 * @throws {RangeError} If a duration makes no sense.
 *
 * @example Usage
 * ```ts no-run needs --allow-sys on Deno
 * import { stallProfile } from "@nova/events/profile";
 * import { engineProfiler } from "@nova/events/profiler";
 *
 * const watch = stallProfile(engineProfiler(), {
 *   overMs: 200,
 *   onProfile: ({ blockedMs, profile }) => console.log(blockedMs, profile.samples.length),
 * });
 * watch[Symbol.dispose]();
 * ```
 */
export function stallProfile(profiler: Profiler, options: StallProfileOptions): Disposable {
  requireOptions("a stall profile", options);
  requireFunction("onProfile", options?.onProfile);
  return new StallWatch(profiler, options);
}

class StallWatch implements Disposable {
  readonly #profiler: Profiler;
  readonly #env: Env;
  readonly #onProfile: (stall: Stall) => void;
  readonly #overMs: number;
  readonly #profileMs: number;
  readonly #restMs: number;
  #timer: Disposable | undefined;
  #ended = false;

  constructor(profiler: Profiler, options: StallProfileOptions) {
    this.#profiler = profiler;
    this.#env = options.env ?? systemEnv;
    this.#onProfile = options.onProfile;
    this.#overMs = Math.max(1, durationOption("overMs", options.overMs, 100, false));
    this.#profileMs = durationOption("profileMs", options.profileMs, 10_000, false);
    this.#restMs = durationOption("restMs", options.restMs, 60_000, false);
    void this.#run();
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
  }

  /** One stall after the other, until the end; a failure ends it, too. */
  async #run(): Promise<void> {
    try {
      while (!this.#ended) {
        const blockedMs = await this.#nextStall(Infinity);
        if (blockedMs > 0) await this.#profile(blockedMs);
      }
    } catch (error) {
      this.#env.report(error);
    }
  }

  async #profile(first: number): Promise<void> {
    let run: CpuRun;
    try {
      run = await CpuRun.start(this.#profiler, this.#env);
    } catch (error) {
      // Whoever profiles now has priority.
      if (error instanceof UnavailableError) return;
      throw error;
    }
    // Starting is work that may take long, and no stall of the program.
    const again = await this.#nextStall(this.#profileMs);
    const profile = await run.stop();
    if (this.#ended) return;
    try {
      this.#onProfile({ blockedMs: again || first, caught: again > 0, profile });
    } catch (error) {
      this.#env.report(error);
    }
    await this.#sleep(this.#restMs);
  }

  /** How long the next stall took; 0 when none came in time, or at the end. */
  async #nextStall(withinMs: number): Promise<number> {
    const everyMs = this.#overMs / LOOKS;
    const begun = this.#env.monotonic();
    let last = begun;
    while (!this.#ended && last - begun < withinMs) {
      await this.#sleep(everyMs);
      const now = this.#env.monotonic();
      const late = now - last - everyMs;
      last = now;
      if (late > this.#overMs) return late;
    }
    return 0;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ended) return resolve();
      const timer = this.#env.setTimer(resolve, ms, { ref: false });
      this.#timer = {
        [Symbol.dispose]: () => {
          timer[Symbol.dispose]();
          resolve();
        },
      };
    });
  }
}
