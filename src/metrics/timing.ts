/**
 * How long listeners take: measured around them, so that those that nobody times cost nothing.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import type { Env } from "../internal/env.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import type { Exemplar } from "./family.ts";
import { Histogram } from "./histogram.ts";
import { Sampler } from "./sampler.ts";

/** Whose durations are measured: nobody's, one call's in 64, or everyone's. */
export type TimingMode = "off" | "sampled" | "all";

/** All of them. */
export const TIMING_MODES: readonly TimingMode[] = ["off", "sampled", "all"];

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
    this.#sampler.end(begun);
    const traceId = traceIdOf(metadata?.traceparent);
    if (traceId === undefined) return;
    this.#exemplar = {
      traceId,
      value: Math.max(0, this.#env.monotonic() - begun),
      at: this.#env.now(),
    };
  }
}

/** The trace id in a W3C `traceparent`, of which there may be several behind each other. */
function traceIdOf(traceparent: string | undefined): string | undefined {
  if (traceparent === undefined) return undefined;
  const id = /^\s*[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent)?.[1];
  return id === "0".repeat(32) ? undefined : id;
}
