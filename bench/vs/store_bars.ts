/**
 * The bars of the store. Bars of the disk are wall time.
 */

import type { Bar } from "./bar.ts";

const ALL = ["deno", "bun", "node"] as const;

function atMost(name: string, most: number, text: string, unit = "ns", scale = 1): Bar {
  return {
    text,
    runtimes: ALL,
    atMost: most,
    find: (look) => {
      const figure = look(name);
      return figure === undefined ? undefined : { figure: figure / scale, unit };
    },
  };
}

function atLeast(
  name: string,
  least: number,
  text: string,
  unit: string,
  runtimes: Bar["runtimes"] = ALL,
): Bar {
  return {
    text,
    runtimes,
    atLeast: least,
    find: (look) => {
      const figure = look(name);
      return figure === undefined ? undefined : { figure, unit };
    },
  };
}

export const storeBars: readonly Bar[] = [
  atMost("store raw log append", 60, "raw log append, one stream: ≤ 60 ns"),
  atMost("store raw log append, 1000 streams", 80, "raw log append, 1,000 streams: ≤ 80 ns"),
  atMost(
    "raw log append, 10⁷ in one stream against 10⁴",
    2.5,
    "… growth 10⁴ → 10⁷: ≤ 2.5 ×",
    "×",
  ),
  atMost(
    "store append, creating the event, bursts of 64, records made",
    500,
    "append as a user does, own ids, records made: ≤ 500 ns",
  ),
  atMost(
    "store append, creating the event, ids looked up",
    1,
    "… awaited one by one: ≤ 1 µs",
    "µs",
    1000,
  ),
  {
    text: "pages of 1,000 at 10⁶, all fields read: ≥ 15 M/s",
    runtimes: ALL,
    atLeast: 15,
    find: (look) => {
      const figure = look("store read, pages of 1000, all fields");
      return figure === undefined ? undefined : { figure: 1000 / figure, unit: "M/s" };
    },
  },
  atMost("store read, the last 100 of 1,000,000", 2, "the last 100 of 10⁶: ≤ 2 µs", "µs", 1000),
  atMost("store read, 1000 by time of 1,000,000", 50, "1,000 by time of 10⁶: ≤ 50 µs", "µs", 1000),
  {
    text: "live, by the page: ≤ 8 ns per follower and append",
    runtimes: ALL,
    atMost: 8,
    find: (look) => {
      const [many, one] = [100, 1].map((n) =>
        look(`store append in bursts of 256, ${n} followers, by the page`)
      );
      return many === undefined || one === undefined
        ? undefined
        : { figure: (many - one) / 99, unit: "ns" };
    },
  },
  {
    text:
      "append to one stream of up to 20,000, awaited: ≥ 100 × @event-driven-io/emmett in memory",
    runtimes: ALL,
    atLeast: 100,
    find: (look) => {
      const [mine, theirs] = ["nova", "emmett"].map((who) =>
        look(`${who} append | one stream, awaited`)
      );
      return mine === undefined || theirs === undefined
        ? undefined
        : { figure: theirs / mine, unit: "×" };
    },
  },
  atLeast(
    "sqlite FULL, 100 appenders",
    25_000,
    "SQLite FULL, 100 appenders: ≥ 25,000 events/s",
    "events/s",
  ),
  atLeast(
    "sqlite FULL, 100 appenders, against lines with one fdatasync per group",
    12,
    "… ≥ 12 % of lines with one fdatasync per group",
    "%",
  ),
  atMost(
    "sqlite FULL, 100 appenders, event loop blocked, p99",
    15,
    "… event loop blocked, p99: ≤ 15 ms",
    "ms",
  ),
  atMost(
    "sqlite FULL in a thread, 100 appenders, event loop blocked, p99",
    1,
    "… in a thread: ≤ 1 ms",
    "ms",
  ),
  atLeast("sqlite readAll, decoded", 200_000, "SQLite readAll, decoded: ≥ 200,000/s", "events/s", [
    "deno",
    "node",
  ]),
  atLeast("sqlite readAll, decoded", 500_000, "SQLite readAll, decoded: ≥ 500,000/s", "events/s", [
    "bun",
  ]),
  atLeast(
    "sqlite FULL, exactly-once effects, 64 per commit",
    40_000,
    "SQLite, exactly-once effects: ≥ 40,000/s",
    "effects/s",
  ),
];
