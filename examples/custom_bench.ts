/**
 * A benchmark of your own handler: what one order costs, from `emit` to the end of the handler.
 *
 *     deno run -A examples/custom_bench.ts
 *
 * A case is plain data: `setup` makes the thing, `run` does `n` operations in a tight loop, `check`
 * throws unless all of them were done. mitata measures it here, as it would under Bun and Node.
 */

import { runWithMitata } from "../bench/adapters/mitata.ts";
import { defineCase, expectCount } from "../bench/case.ts";
import { createEvent, Emitter } from "@nova/events/emitter";

type Orders = { "order.placed": { country: string; total: number } };

const myHandler = defineCase({
  name: "revenue per country",

  setup() {
    const emitter = new Emitter<Orders>();
    const revenue = new Map<string, number>();
    // The handler under test. Put yours here.
    emitter.on("order.placed", ({ data: { country, total } }) => {
      revenue.set(country, (revenue.get(country) ?? 0) + total);
    });
    const events = ["AT", "BR", "CA", "DE"].map((country) =>
      createEvent("order.placed", { country, total: 1 })
    );
    return { emitter, events, revenue };
  },

  run({ emitter, events }, n) {
    // Made events are checked once, when they are made: `emit` passes them on as they are.
    for (let i = 0; i < n; i++) emitter.emit(events[i & 3]!);
  },

  check({ revenue }, done) {
    const total = [...revenue.values()].reduce((sum, each) => sum + each, 0);
    expectCount("revenue", total, done);
  },
});

await runWithMitata([myHandler]);
