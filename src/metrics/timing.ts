/**
 * How long listeners take: a histogram, and the trace of a call in it.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import { wordOption } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import { Histogram } from "./histogram.ts";
import { Sampler } from "./sampler.ts";
import { traceIdOf } from "./trace_context.ts";

/** Which calls of listeners are timed: none, about one in 64, or all. */
export type TimingMode = "off" | "sampled" | "all";

/** The trace of one call, for a graph to link to. */
export interface Exemplar {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** When it ended, in epoch milliseconds. */
  readonly at: number;
}

/** Checks the option. */
export function timingOption(mode: TimingMode | undefined): TimingMode {
  return wordOption("timing", mode, ["off", "sampled", "all"], "off");
}

/** The durations of the calls of one listener. */
export class Timing {
  /** In milliseconds; a sampled call stands for those that were not timed. */
  readonly durations: Histogram = new Histogram();
  /** The last timed call whose event carried a trace. */
  exemplar: Exemplar | undefined;

  /** This and another one, added up. */
  with(other: Timing): Timing {
    const both = new Timing();
    both.durations.merge(this.durations);
    both.durations.merge(other.durations);
    both.exemplar = other.exemplar ?? this.exemplar;
    return both;
  }

  /** What is worth a line of JSON. */
  toJSON(): Readonly<Record<string, number>> {
    const { count, sum, max, mean } = this.durations;
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((q) => this.durations.quantile(q)) as [
      number,
      number,
      number,
    ];
    return { count, sum, mean, p50, p90, p99, max };
  }
}

/** A listener, and how long its calls take if they are timed. */
export interface Timed<Event extends Emitted> {
  readonly listener: Listener<Event>;
  readonly timing: Timing | undefined;
}

/**
 * A listener whose calls are timed, until their promises settle; the same listener when timing is off,
 * so that nothing is in its way.
 */
export function timed<Event extends Emitted>(
  listener: Listener<Event>,
  mode: TimingMode,
  env: Env,
): Timed<Event> {
  if (mode === "off") return { listener, timing: undefined };
  const timing = new Timing();
  return { listener: clocked(listener, timing, mode, env), timing };
}

function clocked<Event extends Emitted>(
  listener: Listener<Event>,
  timing: Timing,
  mode: "sampled" | "all",
  env: Env,
): Listener<Event> {
  const sampler = new Sampler(timing.durations, { every: mode === "all" ? 1 : 64, env });
  const end = (begun: number, event: Event): void => {
    const ms = sampler.end(begun);
    const traceId = traceIdOf(event);
    if (traceId !== undefined) timing.exemplar = { traceId, ms, at: env.now() };
  };
  return (event, context) => {
    const begun = sampler.begin();
    // NaN: this call is not timed.
    if (begun !== begun) return listener(event, context);
    let pending: Promise<unknown> | undefined;
    try {
      const result: unknown = listener(event, context);
      if (isThenable(result)) pending = adopt(result);
    } finally {
      if (pending === undefined) end(begun, event);
    }
    if (pending === undefined) return;
    const ended = (): void => end(begun, event);
    pending.then(ended, ended);
    return pending as Promise<void>;
  };
}
