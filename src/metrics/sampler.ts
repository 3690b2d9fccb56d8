/**
 * Timing one call in so many.
 */

import { integerOption } from "../internal/check.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import type { Histogram } from "./histogram.ts";

/** Options of a {@linkcode Sampler}. */
export interface SamplerOptions {
  /**
   * How many calls go by for one that is timed, on average. 1 times all.
   *
   * @default {64}
   */
  readonly every?: number;
  /**
   * The clock and the randomness of the gaps.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/**
 * Times about one call in `every` and records it that many times. Two clock readings cost more than
 * most calls; a countdown costs a few nanoseconds. The gaps are random, between half and one and a
 * half of `every`, so that a sampler never falls into step with what it measures.
 *
 * @example Usage
 * ```ts
 * import { Histogram, Sampler } from "@nova/events/metrics";
 *
 * const latency = new Histogram();
 * const sampler = new Sampler(latency, { every: 1 });
 * const begun = sampler.begin();
 * JSON.stringify({ some: "work" });
 * sampler.end(begun);
 * console.log(latency.count); // 1
 * ```
 */
export class Sampler {
  readonly #histogram: Histogram;
  readonly #env: Env;
  readonly #every: number;
  #left = 0;

  /**
   * Records into `histogram`. It reads neither clock nor randomness before the first call.
   *
   * @throws {RangeError} If `every` is no integer of at least 1.
   */
  constructor(histogram: Histogram, options: SamplerOptions = {}) {
    this.#histogram = histogram;
    this.#env = options.env ?? systemEnv;
    this.#every = integerOption("every", options.every, 64);
  }

  /** When the call began, or `NaN` if this one is not timed. */
  begin(): number {
    if (this.#left > 0) {
      this.#left -= 1;
      return NaN;
    }
    const every = this.#every;
    if (every > 1) this.#left = Math.round(every * (0.5 + this.#env.random())) - 1;
    return this.#env.monotonic();
  }

  /**
   * Records the call that began then, and answers how long it took, in milliseconds; one that is not
   * timed records nothing and answers `NaN`.
   */
  end(begun: number): number {
    if (Number.isNaN(begun)) return NaN;
    const ms = Math.max(0, this.#env.monotonic() - begun);
    this.#histogram.record(ms, this.#every);
    return ms;
  }
}
