/** A page of metrics beside prom-client. */

import { LISTENERS } from "../cases/metrics.ts";
import { type Case, defineCase, expectCount } from "../case.ts";
import { load } from "./load.ts";

/** What is used of prom-client. */
interface PromClient {
  readonly Registry: new () => Registry;
  readonly Counter: new (options: object) => { inc(labels: object, by: number): void };
  readonly Histogram: new (options: object) => { observe(labels: object, value: number): void };
}

interface Registry {
  metrics(): Promise<string>;
}

function scraping(
  name: string,
  fill: (registry: Registry) => void,
  line: RegExp,
  lines: number,
): Case {
  return defineCase<{ registry: Registry; scrapes: number; body: string }>({
    name,
    bytes: false,
    setup() {
      const registry = new (load<PromClient>("prom-client").Registry)();
      fill(registry);
      return { registry, scrapes: 0, body: "" };
    },
    async run(state, n) {
      for (let i = 0; i < n; i++) {
        state.body = await state.registry.metrics();
        state.scrapes += 1;
      }
    },
    check({ body, scrapes }, done) {
      expectCount("scrapes", scrapes, done);
      expectCount("lines", body.match(line)!.length, lines);
    },
  });
}

export const cases: readonly Case[] = [
  scraping(
    "scrape of 10,000 series | prom-client",
    (registry) => {
      const counter = new (load<PromClient>("prom-client").Counter)({
        name: "nova_events_processed_total",
        help: "Events by what became of them in a listener.",
        labelNames: ["component", "listener", "result"],
        registers: [registry],
      });
      for (let i = 0; i < LISTENERS; i++) {
        for (const result of ["success", "failed"]) {
          counter.inc({ component: "emitter/shop", listener: `listener-${i}`, result }, i + 1);
        }
      }
    },
    /\nnova_events_processed_total\{/g,
    LISTENERS * 2,
  ),
  scraping(
    "scrape of 500 histograms | prom-client",
    (registry) => {
      const histogram = new (load<PromClient>("prom-client").Histogram)({
        name: "nova_listener_duration_seconds",
        help: "How long listeners take.",
        labelNames: ["component", "listener"],
        buckets: Array.from({ length: 17 }, (_, i) => 0.00001 * 2.5 ** i),
        registers: [registry],
      });
      for (let i = 0; i < 500; i++) {
        const labels = { component: "emitter/shop", listener: `listener-${i}` };
        for (let s = 0.000001; s < 1; s *= 3) histogram.observe(labels, s);
      }
    },
    /\nnova_listener_duration_seconds_count\{/g,
    500,
  ),
];
