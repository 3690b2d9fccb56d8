/** The bars of the bus. */

import { type Bar, leastRatio, plain, type RuntimeName } from "./bar.ts";
import { POISONED } from "./bus_probes.ts";
import { busCell } from "./buses.ts";

const ALL: readonly RuntimeName[] = ["deno", "bun", "node"];
const MINE = busCell("nova tryPublish", "plain");
const MINE_BY_KEY = busCell("nova tryPublish, by key", "keyed");

/** Nova's time is at most `times` a floor. */
function within(mine: string, floor: string, times: number, text: string): Bar {
  const find: Bar["find"] = (look) => {
    const figure = (look(mine) ?? NaN) / (look(floor) ?? NaN);
    return Number.isNaN(figure) ? undefined : { figure, unit: "×" };
  };
  return { text: `${text}: ≤ ${times} ×`, runtimes: ALL, atMost: times, find };
}

/** What one thing takes longer than another, over how many. */
function further(text: string, more: string, less: string, atMost: number, over = 1): Bar {
  const find: Bar["find"] = (look) => {
    const figure = ((look(more) ?? NaN) - (look(less) ?? NaN)) / over;
    return Number.isNaN(figure) ? undefined : { figure, unit: "ns" };
  };
  return { text: `${text}: ≤ ${atMost} ns more`, runtimes: ALL, atMost, find };
}

function faster(row: string, atLeast: number, table: "plain" | "keyed" = "plain"): Bar {
  return {
    text: `${table === "plain" ? "tryPublish" : "by key"}: ≥ ${atLeast} × ${row}`,
    runtimes: ALL,
    atLeast,
    find: leastRatio([{
      mine: table === "plain" ? MINE : MINE_BY_KEY,
      theirs: busCell(row, table),
      by: "in the same run",
    }]),
  };
}

export const busBars: readonly Bar[] = [
  within(
    MINE,
    busCell("floor: ring + a promise turn", "plain"),
    1.25,
    "tryPublish and handle, of a bare ring",
  ),
  further(
    "each further subscription",
    "bus tryPublish, 3 subscriptions",
    "bus tryPublish",
    12,
    2,
  ),
  further(
    "8 partitions by integer key",
    "bus tryPublish, 8 partitions by integer key",
    "bus tryPublish, 64 events in turn",
    10,
  ),
  further(
    "8 partitions by string key",
    "bus tryPublish, 8 partitions by string key",
    "bus tryPublish, 64 events in turn",
    30,
  ),
  within(
    "bus tryPublish, subscribed by pattern",
    "bus tryPublish",
    1.1,
    "subscribed by pattern, of a direct subscription",
  ),
  within(
    "bus tryPublish, at least once",
    "bus tryPublish, at most once",
    1.15,
    "at least once, of at most once",
  ),
  within(
    "bus tryPublish, exactly once by sequence",
    "bus tryPublish, at most once",
    1.3,
    "exactly once by producer sequence, of at most once",
  ),
  further(
    "exactly once by fresh id, window 65,536, 14 characters",
    "bus tryPublish, exactly once, 65,536 ids of 14 characters",
    "bus tryPublish, different events",
    150,
  ),
  further(
    "exactly once by fresh id, window 65,536, UUIDs",
    "bus tryPublish, exactly once, 65,536 UUIDs",
    "bus tryPublish, different events",
    250,
  ),
  further(
    "exactly once by fresh id, window 1,000,000",
    "bus tryPublish, exactly once, 1,000,000 ids of 14 characters",
    "bus tryPublish, different events",
    350,
  ),
  further("publish, un-awaited", "bus publish", "bus tryPublish", 60),
  within(
    "bus publish, each awaited",
    "bare await of a resolved promise",
    4,
    "publish, awaited, of a bare await",
  ),
  within(
    MINE_BY_KEY,
    busCell("floor: async call + then (no order)", "keyed"),
    2.5,
    "async, in order per key, of a bare async call",
  ),
  faster("fastq.promise (no order)", 1.8, "keyed"),
  faster("rxjs groupBy + concatMap (no limit)", 6, "keyed"),
  faster("rxjs Subject (no queue)", 3),
  faster("mqemitter (no bound)", 12),
  faster("effect PubSub, take", 30),
  faster("effect PubSub, batched", 6),
  faster("p-queue", 8),
  faster("emittery (no queue)", 50),
  faster("better-queue (memory)", 1500),
  {
    text: "beside a poisoned event that is tried again for seconds: ≥ 0.9 × the rate",
    runtimes: ALL,
    atLeast: 0.9,
    find: plain(POISONED, "×"),
  },
];
