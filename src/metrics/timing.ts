/**
 * How long listeners take: measured around them, so that those that nobody times cost nothing.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import { wordOption } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import type { Exemplar } from "./family.ts";
import { Histogram } from "./histogram.ts";
import { Sampler } from "./sampler.ts";
import { parseTraceparent } from "./trace_context.ts";

/** Whose durations are measured: nobody's, one call's in 64, or everyone's. */
export type TimingMode = "off" | "sampled" | "all";

const ONE_IN = 64;

/** The durations of one listener, in milliseconds. */
export class Timing {
  /** Every timed call, sampled ones as often as they stand for. */
  readonly histogram: Histogram = new Histogram();
  readonly #sampler: Sampler;
  readonly #env: Env;
  #exemplar: Exemplar | undefined;

  /** Reads no clock before the first call. */
  constructor(mode: "sampled" | "all", env: Env) {
    this.#env = env;
    this.#sampler = new Sampler(this.histogram, { every: mode === "all" ? 1 : ONE_IN, env });
  }

  /** The last timed call that was part of a trace; its value in milliseconds. */
  get exemplar(): Exemplar | undefined {
    return this.#exemplar;
  }

  /** A few figures, for whoever writes statistics as JSON. */
  toJSON(): Readonly<Record<string, number>> {
    const { count, mean, max } = this.histogram;
    const at = (q: number): number => this.histogram.quantile(q);
    return { count, mean, p50: at(0.5), p90: at(0.9), p99: at(0.99), max };
  }

  /** The listener with a stop watch. A promise counts until it settles. */
  around(listener: Listener): Listener {
    return (event, context) => {
      const begun = this.#sampler.begin();
      if (Number.isNaN(begun)) return listener(event, context);
      let result: void | Promise<void>;
      try {
        result = listener(event, context);
      } catch (error) {
        this.#end(begun, event);
        throw error;
      }
      if (!isThenable(result)) {
        this.#end(begun, event);
        return result;
      }
      const end = (): void => this.#end(begun, event);
      const promise = adopt(result) as Promise<void>;
      promise.then(end, end);
      return promise;
    };
  }

  #end(begun: number, { metadata }: Emitted): void {
    const value = this.#sampler.end(begun);
    const trace = parseTraceparent(metadata?.["traceparent"]);
    if (trace !== undefined) {
      this.#exemplar = { traceId: trace.traceId, value, at: this.#env.now() };
    }
  }
}

/** Makes the timing of each listener of a part, as its option says; none when it is off. */
export function timings(mode: TimingMode | undefined, env: Env): () => Timing | undefined {
  const total = wordOption("timing", mode, ["off", "sampled", "all"], "off");
  return () => total === "off" ? undefined : new Timing(total, env);
}
