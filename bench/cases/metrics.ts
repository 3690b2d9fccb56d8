/** What seeing inside costs: per event, and per scrape. */

import { createEvent, Emitter, type NovaEvent, type TimingMode } from "../../src/emitter/mod.ts";
import { Bus } from "../../src/bus/mod.ts";
import { Histogram, Metrics, type Part } from "../../src/metrics/mod.ts";
import { type Case, defineCase, expectCount } from "../case.ts";
import { type Burst, burstsDone, inBursts, Meter } from "./bursts.ts";

/** Several, so that the compiler cannot treat the one event there is as a constant. */
const EVENTS: readonly NovaEvent[] = Array.from(
  { length: 8 },
  (_, i) => createEvent("order.placed", { total: i }),
);

interface Emitting {
  readonly emitter: Emitter;
  readonly meter: Meter;
}

/** Made events to one synchronous listener. */
function emitting(timing: TimingMode): Case {
  return defineCase<Emitting>({
    name: `emit, timing ${timing}`,
    setup() {
      const emitter = new Emitter({ timing });
      const meter = new Meter();
      emitter.on("order.placed", () => {
        meter.hits += 1;
      });
      return { emitter, meter };
    },
    run({ emitter }, n) {
      for (let i = 0; i < n; i++) void emitter.emit(EVENTS[i & 7]!);
    },
    check({ emitter, meter }, done) {
      expectCount("listener calls", meter.hits, done);
      const [listener] = emitter.stats().listeners;
      expectCount("timed or not", Number(listener!.timing !== undefined), Number(timing !== "off"));
    },
  });
}

/** Events through a topic, up to the handler. */
function publishing(timing: TimingMode): Case {
  return defineCase<Burst>({
    name: `publish, timing ${timing}`,
    setup() {
      const topic = new Bus({ timing }).topic("orders");
      const meter = new Meter();
      topic.subscribe(() => meter.hit());
      return { meter, push: () => topic.tryPublish(EVENTS[meter.hits & 7]!) };
    },
    run: inBursts(1000),
    check: burstsDone,
  });
}

export const LISTENERS = 5000;

/** An emitter with so many listeners: two series for each. */
const crowd: Part = {
  name: "shop",
  stats: () => ({
    types: [],
    listeners: Array.from({ length: LISTENERS }, (_, i) => ({
      id: `listener-${i}`,
      runs: i + 2,
      runFailures: 1,
      inFlight: 0,
    })),
  }),
};

/** An emitter whose 500 listeners are timed. */
function timedCrowd(): Part {
  const histogram = new Histogram();
  for (let ms = 0.001; ms < 1000; ms *= 1.1) histogram.record(ms);
  const listeners = Array.from({ length: 500 }, (_, i) => ({
    id: `listener-${i}`,
    runs: 1,
    runFailures: 0,
    inFlight: 0,
    timing: { histogram },
  }));
  return { name: "shop", stats: () => ({ types: [], listeners }) };
}

function scraping(name: string, part: () => Part, line: string, lines: number): Case {
  return defineCase<{ metrics: Metrics; scrapes: number; body: string }>({
    name,
    bytes: false,
    setup: () => ({
      metrics: new Metrics({ emitter: part() }, { maxSeries: 20_000 }),
      scrapes: 0,
      body: "",
    }),
    run(state, n) {
      for (let i = 0; i < n; i++) {
        state.body = state.metrics.expose("text/plain").body;
        state.scrapes += 1;
      }
    },
    check({ body, scrapes }, done) {
      expectCount("scrapes", scrapes, done);
      expectCount("lines", body.split(`\n${line}{`).length - 1, lines);
    },
  });
}

export const cases: readonly Case[] = [
  emitting("off"),
  emitting("sampled"),
  emitting("all"),
  publishing("off"),
  publishing("sampled"),
  scraping(
    "scrape of 10,000 series | nova",
    () => crowd,
    "nova_events_processed_total",
    LISTENERS * 2,
  ),
  scraping(
    "scrape of 500 histograms | nova",
    timedCrowd,
    "nova_listener_duration_seconds_count",
    500,
  ),
];
