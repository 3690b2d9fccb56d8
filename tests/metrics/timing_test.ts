import { Bus } from "@nova/events/bus";
import { Emitter, type TimingMode } from "@nova/events/emitter";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("timing", () => {
  const env = useTestEnv();

  function timingOf(emitter: Emitter, place = 0) {
    return emitter.stats().listeners[place]?.timing;
  }

  it("is off unless asked for, and then reads no clock", async () => {
    const emitter = new Emitter({ env });
    emitter.on("a", () => {});
    await emitter.emit("a", 1);
    assertEquals(timingOf(emitter), undefined);
  });

  it("times every call of a listener, to the end of its promise", async () => {
    const emitter = new Emitter({ env, timing: "all" });
    emitter.on("a", async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      env.setTimer(resolve, 250);
      await promise;
    });
    const done = emitter.emit("a", 1);
    await env.advance(250);
    await done;

    const { count, max } = timingOf(emitter)!.histogram;
    assertEquals([count, Math.round(max)], [1, 250]);
  });

  it("times failures, too, and fails as without", async () => {
    const emitter = new Emitter({ env, timing: "all" });
    const error = new Error("no");
    emitter.on("a", () => {
      throw error;
    });
    emitter.on("a", () => Promise.reject(error));
    await assertRejects(() => emitter.emit("a", 1), AggregateError);
    await emitter.emit("b", 1);

    assertEquals([0, 1].map((place) => timingOf(emitter, place)!.histogram.count), [1, 1]);
    assertEquals(emitter.stats().failed, 1);
  });

  it("times about one in 64, and counts it for all", async () => {
    const emitter = new Emitter({ env, timing: "sampled" });
    let runs = 0;
    emitter.on("a", () => void (runs += 1));
    for (let i = 0; i < 6400; i++) await emitter.emit("a", i);

    const { count } = timingOf(emitter)!.histogram;
    assertEquals(runs, 6400);
    assert(count % 64 === 0 && count > 3200 && count < 12_800, String(count));
  });

  it("keeps the trace of the last timed call that had one", async () => {
    const emitter = new Emitter({ env, timing: "all" });
    emitter.on("a", () => {});
    await emitter.emit("a", 1, { metadata: { traceparent: TRACEPARENT } });
    await emitter.emit("a", 2);
    await emitter.emit("a", 2, { metadata: { traceparent: "nonsense" } });
    assertEquals(timingOf(emitter)?.exemplar, {
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      value: 0,
      at: env.now(),
    });
  });

  it("works by pattern, once, with a limit and with clones", async () => {
    const emitter = new Emitter({ env, timing: "all", isolation: "clone" });
    emitter.on("**", () => {}, { concurrency: 1 });
    emitter.on("a", () => {}, { once: true, id: "first" });
    await emitter.emit("a", {});
    await emitter.emit("b", {});
    assertEquals(timingOf(emitter)?.histogram.count, 2);
  });

  it("times the listeners of a bus", async () => {
    const bus = new Bus({ env, timing: "all" });
    const topic = bus.topic("orders");
    const all = topic.subscribe(() => {});
    const typed = topic.on("placed", () => {});
    await topic.publish({ type: "placed", data: 1 });
    await env.settle();

    assertEquals(all.stats().timing?.histogram.count, 1);
    assertEquals(typed.stats().timing?.histogram.count, 1);
    assertEquals(
      new Bus({ env }).topic("x").subscribe(() => {}).stats().timing,
      undefined,
    );
    await bus.close();
  });

  it("is shown in JSON as a few figures", async () => {
    const emitter = new Emitter({ env, timing: "all" });
    emitter.on("a", () => {});
    await emitter.emit("a", 1);
    const stats = JSON.parse(JSON.stringify(emitter.stats()));
    assertEquals(Object.keys(stats.listeners[0].timing), [
      "count",
      "mean",
      "p50",
      "p90",
      "p99",
      "max",
    ]);
  });

  it("refuses other words", () => {
    for (const timing of ["on", "", true, null, 1] as unknown as TimingMode[]) {
      assertThrows(() => new Emitter({ timing }), RangeError, '"timing"');
      assertThrows(() => new Bus({ timing }), RangeError, '"timing"');
    }
  });
});
