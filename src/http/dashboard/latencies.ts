/**
 * How long listeners took of late: histograms count since the start, and the start is long ago.
 */

import { Histogram } from "../../metrics/histogram.ts";

/** The latency of one listener within the last seconds. */
export interface Latency {
  readonly name: string;
  /** In milliseconds. */
  readonly p50: number;
  /** In milliseconds. */
  readonly p99: number;
}

/** A window is between one and two of these long, in milliseconds. */
const WINDOW_MS = 10_000;

/** More than this are not looked at: what is remembered of each takes 13 kB. */
const MOST = 200;

/** Something with an id that may be timed. */
interface Timed {
  readonly id?: string;
  readonly timing?: { readonly histogram: Histogram };
}

/** Remembers what histograms said some seconds ago. */
export class Latencies {
  #before = new Map<string, Histogram>();
  #later = new Map<string, Histogram>();
  #since = -Infinity;

  /** The latencies of every timed listener that was called within the window. */
  read(parts: readonly { readonly figures: object }[], now: number): Latency[] {
    const all = new Map(parts.flatMap(timedIn).slice(0, MOST));
    if (now - this.#since >= WINDOW_MS || now < this.#since) {
      this.#since = now;
      this.#before = this.#later;
      this.#later = new Map([...all].map(([name, histogram]) => [name, histogram.copy()]));
    }
    return [...all].flatMap(([name, histogram]) => {
      const recent = histogram.since(this.#before.get(name) ?? new Histogram());
      if (recent.count === 0) return [];
      return { name, p50: recent.quantile(0.5), p99: recent.quantile(0.99) };
    }).toSorted((a, b) => b.p99 - a.p99);
  }
}

/** The histograms of a part by a name for each; of equal names one is shown. */
function timedIn(
  { figures }: { readonly figures: object },
): [name: string, histogram: Histogram][] {
  const { listeners, topics } = figures as {
    readonly listeners?: readonly Timed[] | Readonly<Record<string, Timed>>;
    readonly topics?: readonly { readonly subscriptions: readonly Timed[] }[];
  };
  const timed = [
    ...Object.entries(listeners ?? {}),
    ...(topics ?? []).flatMap(({ subscriptions }) => Object.entries(subscriptions)),
  ];
  return timed.flatMap(([key, { id = key, timing }]) =>
    timing === undefined ? [] : [[id, timing.histogram] as [string, Histogram]]
  );
}
