// The job with a durable topic: what was published is in a store, and what was counted is written with
// the checkpoint of who counted it. Killed at any moment and started again, it ends with exact totals.

import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Bus, createEvent, type Topic } from "@nova/events";
import { isExtreme, plainLoop } from "./baseline.ts";
import { flightAt, type FlightColumns, timeAt } from "./columns.ts";
import { FailurePlan } from "./failures.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import type { Options } from "./options.ts";
import type { Progress } from "./progress.ts";
import { minimumFlights, type Summary, worstAirports } from "./report.ts";
import { packagedFile } from "./source.ts";
import { type FlightEvents, read, replay, StopWatch } from "./steps.ts";

/** Published without waiting for each: they share a commit. */
const TOGETHER = 512;
const STREAM = "topic/arrivals";
const SUBSCRIPTIONS = ["delay-statistics", "extreme-delays"] as const;

/** Runs the job, or what an earlier run has left of it. */
export async function runDurably(
  options: Options & { readonly store: NonNullable<Options["store"]> },
  progress: Progress,
  signal: AbortSignal,
): Promise<Summary> {
  const { seed, failures } = options;
  const path = options.file ?? packagedFile();
  const clock = new StopWatch();
  const flights = await read(path, options.limit, progress);
  const readSeconds = clock.lap();
  const expected = plainLoop(flights);
  const plainSeconds = clock.lap();

  const ledger = await openLedger(options.store);
  const { store } = ledger;
  // A process that was killed keeps its places for leaseMs.
  const bus = new Bus({ name: "flights", store, leaseMs: 1_000 });
  const arrivals = bus.topic<FlightEvents>("arrivals", {
    delivery: "exactly-once",
    partitions: 8,
    key: (event) => event.data.origin,
    maxConcurrency: 64,
    retry: { attempts: 3, backoff: "fixed", delayMs: 1, jitter: "none" },
  });
  const plans = SUBSCRIPTIONS.map((_, i) => new FailurePlan(failures, seed + i));
  const subscriptions = SUBSCRIPTIONS.map((id, i) =>
    arrivals.subscribe(({ data, timestamp }, { attempt, effect }) => {
      if (id === "delay-statistics") effect(ledger.count("delays", data, timestamp));
      else if (isExtreme(data)) effect(ledger.count("alerts", data, timestamp));
      // Nothing of it happens when the handler fails.
      plans[i]!.strike(attempt);
    }, { id, from: "earliest" })
  );
  try {
    await publish(flights, arrivals, ledger, progress, signal);
    await allHandled(ledger, signal);
  } finally {
    await bus.close();
    progress.clear();
  }
  const busSeconds = clock.lap();
  const replayed = await replay(store, flights.length, progress, STREAM);
  const replaySeconds = clock.lap();
  const live = ledger.tally();
  const retries = subscriptions.reduce((sum, one) => sum + one.stats().retries, 0);
  await ledger[Symbol.asyncDispose]();

  return {
    file: path,
    flights: live.delays.flights,
    airports: live.delays.rows().length,
    seconds: { read: readSeconds, plainLoop: plainSeconds, bus: busSeconds, replay: replaySeconds },
    eventsPerSecond: flights.length / busSeconds,
    replayedPerSecond: flights.length / replaySeconds,
    // What is handled has come through the store: it is not the object that was published.
    latencyMs: { p50: 0, p99: 0, samples: 0 },
    seed,
    injectedFailures: plans.reduce((sum, plan) => sum + plan.injected, 0),
    retries,
    alerts: live.alerts.flights,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    advice: [],
    worstAirports: worstAirports(live.delays.worst(10, minimumFlights(flights.length))),
    differences: [
      ...live.differences(expected, "bus"),
      ...replayed.differences(expected, "replay"),
    ],
  };
}

/**
 * Publishes the flights that may not be in the log yet. Only the last batch of an earlier life can be there
 * in part, as some of it waited for room: it is sent again, and what is there is recognised by its id.
 */
async function publish(
  flights: FlightColumns,
  arrivals: Topic<FlightEvents>,
  { store }: Ledger,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  let next = Math.max(0, ((await store.stream(STREAM))?.version ?? 0) - TOGETHER);
  while (next < flights.length) {
    signal.throwIfAborted();
    const end = Math.min(flights.length, next + TOGETHER);
    const publishing: Promise<unknown>[] = [];
    for (; next < end; next++) {
      const event = createEvent("flight.arrived", flightAt(flights, next), {
        id: String(next),
        timestamp: timeAt(flights, next),
      });
      publishing.push(arrivals.publish(event));
    }
    await Promise.all(publishing);
    await progress.report("publish", next, flights.length);
  }
}

/** Waits until every checkpoint is at the last flight. */
async function allHandled({ store }: Ledger, signal: AbortSignal): Promise<void> {
  const [last] = await store.read(STREAM, { reverse: true, limit: 1 });
  for (const id of SUBSCRIPTIONS) {
    while ((await store.checkpoint(`${STREAM}/${id}`) ?? 0) < (last?.position ?? 0)) {
      await setTimeout(10, undefined, { signal });
    }
  }
}
