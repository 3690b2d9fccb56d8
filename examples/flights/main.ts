/**
 * The main job: three million flights are read from a file, published to a topic, handled by three
 * subscriptions, written to a store, read back, and compared with a plain loop over the same flights.
 *
 *     deno run -A examples/flights/main.ts        (or: bun …, or: node …)
 *
 * With `--store` the topic is durable, and a run that was killed goes on where it was: see `durable.ts`.
 */

import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Bus, createEvent, MemoryStore, type Topic } from "@nova/events";
import { Advisor, type Finding } from "@nova/events/tuning";
import { isExtreme, plainLoop, Tally } from "./baseline.ts";
import { flightAt, type FlightColumns, timeAt } from "./columns.ts";
import { command } from "./command.ts";
import { FailurePlan } from "./failures.ts";
import { LatencyProbe } from "./latency.ts";
import type { Options } from "./options.ts";
import type { Progress } from "./progress.ts";
import { minimumFlights, type Summary, worstAirports } from "./report.ts";
import { runDurably } from "./durable.ts";
import { packagedFile } from "./source.ts";
import { type FlightEvents, read, replay, REPORT_EVERY, StopWatch } from "./steps.ts";

async function run(options: Options, progress: Progress, signal: AbortSignal): Promise<Summary> {
  if (options.store !== undefined) {
    return await runDurably({ ...options, store: options.store }, progress, signal);
  }
  const { seed, failures } = options;
  const path = options.file ?? packagedFile();
  const clock = new StopWatch();
  const flights = await read(path, options.limit, progress);
  const readSeconds = clock.lap();

  // What is right: a plain loop, without any events.
  const expected = plainLoop(flights);
  const plainSeconds = clock.lap();

  // A topic keeps the order of the events of one key: here of one airport.
  const bus = new Bus({ name: "flights" });
  const arrivals = bus.topic<FlightEvents>("arrivals", {
    partitions: 8,
    key: (event) => event.data.origin,
    retry: { attempts: 3, backoff: "fixed", delayMs: 1, jitter: "none" },
  });
  const store = new MemoryStore<FlightEvents>({ name: "history" });
  const live = new Tally();
  const probe = new LatencyProbe(3, 1_000);

  // One: delay statistics per airport. A handler that throws is called again with the same event.
  const statisticsFailures = new FailurePlan(failures, seed);
  const statistics = arrivals.subscribe((event, { attempt }) => {
    statisticsFailures.strike(attempt);
    live.delays.add(event.data, event.timestamp);
    probe.handled(event);
  }, { id: "delay-statistics" });

  // Two: an alert on extreme delays.
  const alertFailures = new FailurePlan(failures, seed + 1);
  const alerts = arrivals.on("flight.arrived", (event, { attempt }) => {
    alertFailures.strike(attempt);
    if (isExtreme(event.data)) live.alerts.add(event.data, event.timestamp);
    probe.handled(event);
  }, { id: "extreme-delays" });

  // Three: the history, one stream per airport. It fails at the worst moment, between the append and
  // its acknowledgement, so a second attempt looks first whether the event is there already.
  const writerFailures = new FailurePlan(failures, seed + 2);
  const writer = arrivals.subscribe(async (event, { attempt }) => {
    const airport = event.data.origin;
    if (attempt === 1 || await lastId(store, airport) !== event.id) {
      await store.append(airport, [event]);
    }
    writerFailures.strike(attempt);
    probe.handled(event);
  }, { id: "history-writer" });

  // Looks at the bus and the store twice a second, and says at the end what could run better.
  const advisor = new Advisor({ bus, store }, {
    everyMs: 500,
    heapBytes: () => process.memoryUsage().heapUsed,
  });
  let advice: readonly Finding[] = [];

  clock.lap();
  advisor.start();
  try {
    await publish(flights, arrivals, probe, progress, signal);
    advice = advisor.findings();
    await allHandled(arrivals, signal);
  } finally {
    advisor.stop();
    // Closing takes in nothing more and waits for what runs or is queued, not for retries.
    const { left } = await bus.close();
    progress.clear();
    if (signal.aborted) {
      const handled = live.delays.flights.toLocaleString("en-US");
      process.stderr.write(`Closed the bus: ${handled} flights handled, ${left} left.\n`);
    }
  }
  const busSeconds = clock.lap();

  // The other way to the same tables: read the history back.
  const replayed = await replay(store, flights.length, progress);
  const replaySeconds = clock.lap();
  await store.close();

  const stats = [statistics.stats(), alerts.stats(), writer.stats()];
  const plans = [statisticsFailures, alertFailures, writerFailures];
  return {
    file: path,
    flights: live.delays.flights,
    airports: live.delays.rows().length,
    seconds: { read: readSeconds, plainLoop: plainSeconds, bus: busSeconds, replay: replaySeconds },
    eventsPerSecond: flights.length / busSeconds,
    replayedPerSecond: flights.length / replaySeconds,
    latencyMs: {
      p50: probe.histogram.quantile(0.5),
      p99: probe.histogram.quantile(0.99),
      samples: probe.histogram.count,
    },
    seed,
    injectedFailures: plans.reduce((sum, plan) => sum + plan.injected, 0),
    retries: stats.reduce((sum, { retries }) => sum + retries, 0),
    alerts: live.alerts.flights,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    advice,
    worstAirports: worstAirports(live.delays.worst(10, minimumFlights(flights.length))),
    differences: [
      ...stats.flatMap(({ id, succeeded }) =>
        succeeded === flights.length ? [] : [`${id} handled ${succeeded} of ${flights.length}`]
      ),
      ...live.differences(expected, "bus"),
      ...replayed.differences(expected, "replay"),
    ],
  };
}

/** Publishes every flight as an event, no faster than the subscriptions can follow. */
async function publish(
  flights: FlightColumns,
  arrivals: Topic<FlightEvents>,
  probe: LatencyProbe,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  for (let i = 0; i < flights.length; i++) {
    // An id of our own: the row in the file, the same in every run. Without it Nova makes one.
    const event = createEvent("flight.arrived", flightAt(flights, i), {
      id: String(i),
      timestamp: timeAt(flights, i),
    });
    probe.publishing(event);
    // Costs no promise while there is room; when a partition is full, wait for it.
    if (!arrivals.tryPublish(event)) await arrivals.publish(event, { signal });
    if (i % REPORT_EVERY === 0) await progress.report("publish", i, flights.length);
  }
}

/** Waits until every subscription is done with every event, those that wait for a retry included. */
async function allHandled(arrivals: Topic<FlightEvents>, signal: AbortSignal): Promise<void> {
  const open = (): boolean =>
    arrivals.stats().subscriptions.some(({ queued, held, inFlight }) =>
      queued + held + inFlight > 0
    );
  while (open()) await setTimeout(1, undefined, { signal });
}

/** The id of the last event of a stream. */
async function lastId(
  store: MemoryStore<FlightEvents>,
  stream: string,
): Promise<string | undefined> {
  const [last] = await store.read(stream, { reverse: true, limit: 1 });
  return last?.id;
}

process.exitCode = await command(process.argv.slice(2), run);
