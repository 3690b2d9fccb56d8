/**
 * The bars of metrics.
 */

import { type Bar, leastRatio, plain } from "./bar.ts";

const ALL = ["deno", "bun", "node"] as const;

/** What sampled timing adds to a call. */
function added(what: string): Bar["find"] {
  return (look) => {
    const [sampled, off] = [look(`${what}, timing sampled`), look(`${what}, timing off`)];
    return sampled === undefined || off === undefined
      ? undefined
      : { figure: sampled - off, unit: "ns" };
  };
}

export const metricsBars: readonly Bar[] = [
  {
    text: "timing one emit in 64: ≤ 10 ns a call",
    runtimes: ALL,
    atMost: 10,
    find: added("emit"),
  },
  {
    text: "timing one delivery of a bus in 64: ≤ 10 ns a call",
    runtimes: ALL,
    atMost: 10,
    find: added("publish"),
  },
  {
    text: "a scrape of 10,000 series: ≤ 6 ms",
    runtimes: ALL,
    atMost: 6,
    find: plain("scrape of 10,000 series | nova", "ms", 1e6),
  },
  ...["scrape of 10,000 series", "scrape of 500 histograms"].map((what): Bar => ({
    text: `${what}: ≥ 3 × faster than prom-client`,
    runtimes: ALL,
    atLeast: 3,
    find: leastRatio([{
      mine: `${what} | nova`,
      theirs: `${what} | prom-client`,
      by: "prom-client",
    }]),
  })),
];
