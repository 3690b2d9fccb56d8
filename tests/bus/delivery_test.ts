import { CircuitOpenError, ValidationError } from "@nova/events";
import { Bus, createEvent, TerminalError } from "@nova/events/bus";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import {
  assertFigures,
  assertLaws,
  byKey,
  fails,
  type Keyed,
  n,
  type Numbers,
  sleep,
  step,
} from "./kit.ts";

describe("at-most-once", () => {
  const env = useTestEnv();

  it("calls a handler once, whatever becomes of it", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", {
      delivery: "at-most-once",
      onFailure: "hold",
      retry: { attempts: 5 },
    });
    const seen: number[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      seen.push(data);
      if (data === 2) await sleep(env, 5);
      if (data === 1 || data === 2) throw data === 1 ? new TerminalError("no") : undefined;
    });
    for (let i = 1; i <= 3; i++) topic.tryPublish(n(i));
    await env.advance(60_000);

    assertEquals(seen, [1, 2, 3]);
    assertFigures(subscription, { offered: 3, succeeded: 1, failed: 2 });
    assertEquals(bus.stats().topics.map(({ name }) => name), ["a"]);
  });

  it("takes an event before its handler is called; at-least-once after it", async () => {
    for (const [delivery, queued] of [["at-most-once", 0], ["at-least-once", 1]] as const) {
      const topic = new Bus({ env }).topic<Numbers>("a", { delivery });
      const seen: number[] = [];
      const subscription = topic.subscribe(() => void seen.push(subscription.stats().queued));
      topic.tryPublish(n(1));
      await env.settle();
      assertEquals(seen, [queued]);
    }
  });

  it("keeps the order of a key, and goes on behind a failure", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      delivery: "at-most-once",
      key: byKey,
      maxConcurrency: 4,
    });
    const seen: string[] = [];
    topic.subscribe(async ({ data }) => {
      await sleep(env, data.n === 1 ? 10 : 1);
      seen.push(`${data.key}${data.n}`);
      if (data.n === 1) fails();
    });
    for (const key of ["a", "b"]) for (const i of [1, 2, 3]) topic.tryPublish(step(key, i));
    await env.advance(100);

    assertEquals(seen.filter((text) => text.startsWith("a")), ["a1", "a2", "a3"]);
    assertEquals(seen.filter((text) => text.startsWith("b")), ["b1", "b2", "b3"]);
    assertLaws(topic);
  });

  it("lets an event wait for an open circuit: nobody was called with it", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { delivery: "at-most-once" });
    let open = true;
    const subscription = topic.subscribe(() => {
      if (open) throw new CircuitOpenError("c", 50);
    });
    topic.tryPublish(n(1));
    await env.settle();
    assertFigures(subscription, { offered: 1, held: 1 });
    open = false;
    await env.advance(50);
    assertFigures(subscription, { offered: 1, succeeded: 1 });
  });

  it("drops the oldest for a slow subscription, and holds nobody back", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { delivery: "at-most-once", bufferSize: 4 });
    const seen: number[] = [];
    const slow = topic.subscribe(async ({ data }) => {
      seen.push(data);
      await sleep(env, 10);
    });
    const fast = topic.subscribe(() => {});
    for (let i = 1; i <= 20; i++) {
      assertEquals(topic.tryPublish(n(i)), true);
      if (i % 4 === 0) await env.settle();
    }
    await env.advance(100);
    assertEquals(seen, [1, 17, 18, 19, 20]);
    assertFigures(slow, { offered: 20, succeeded: 5, dropped: 15 });
    assertFigures(fast, { offered: 20, succeeded: 20 });

    const patient = new Bus({ env }).topic<Numbers>("b", {
      delivery: "at-most-once",
      bufferSize: 4,
    });
    patient.subscribe(() => sleep(env, 10), { onLag: "backpressure" });
    for (let i = 1; i <= 4; i++) patient.tryPublish(n(i));
    await env.settle();
    assertEquals([patient.tryPublish(n(5)), patient.tryPublish(n(6))], [true, false]);
    await env.advance(100);
  });

  it("counts a handler that ends its own subscription", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { delivery: "at-most-once" });
    const subscription = topic.subscribe(() => {
      subscription.unsubscribe();
      fails();
    });
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();
    assertFigures(subscription, { offered: 2, failed: 1, released: 1 });
  });

  it("counts a handler that is late", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      delivery: "at-most-once",
      deadlineMs: 10,
      abandonMs: 10,
    });
    const subscription = topic.subscribe(() => sleep(env, 100));
    topic.tryPublish(n(1));
    await env.advance(50);
    assertFigures(subscription, { offered: 1, failed: 1, timedOut: 1, zombies: 1 });
    await env.advance(50);
    assertFigures(subscription, { offered: 1, failed: 1, timedOut: 1 });
  });
});

describe("exactly-once", () => {
  const env = useTestEnv();
  const delivery = "exactly-once";

  it("refuses an event that could not be recognised, and says what to do", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { delivery });

    const error = await assertRejects(() => topic.publish(n(1)), ValidationError, "dedupe.key");
    assertEquals(error.field, "id");
    assertThrows(() => topic.tryPublish(n(1)), ValidationError, "producer");
    const [result] = await topic.publishBatch([n(1)]);
    assertEquals(result?.status, "rejected");
    assertEquals(topic.stats().accepted, 0);
    assertLaws(topic);
  });

  it("takes ids, made events, a key of the topic, and producers", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { delivery });
    const made = createEvent("n", 1);
    await topic.publish(made);
    assertEquals((await topic.publish(made)).duplicate, true);
    await topic.publish({ id: "x", ...n(1) });
    assertEquals((await topic.publish({ id: "x", ...n(1) })).duplicate, true);
    await topic.producer("p").publish(n(1), { sequence: 1 });
    assertEquals((await topic.producer("p").publish(n(1), { sequence: 1 })).duplicate, true);

    const keyed = bus.topic<Numbers>("b", { delivery, dedupe: { key: ({ data }) => `${data}` } });
    await keyed.publish(n(1));
    assertEquals((await keyed.publish(n(1))).duplicate, true);
  });

  it("retries, and makes dead letters, as at-least-once does", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { delivery });
    const subscription = topic.subscribe(fails);
    topic.tryPublish({ id: "x", ...n(1) });
    await env.advance(1000);
    assertFigures(subscription, { offered: 1, deadLettered: 1, retries: 2 });
  });

  it("has its memory on, and cannot do without", () => {
    const bus = new Bus({ env, defaults: { dedupe: false } });
    assertThrows(() => bus.topic("a", { delivery, dedupe: false }), RangeError, "dedupe");
    const topic = bus.topic<Numbers>("a", { delivery });
    topic.tryPublish({ id: "x", ...n(1) });
    topic.tryPublish({ id: "x", ...n(1) });
    assertEquals(topic.stats().duplicates, 1);
  });

  it("may be the default of a bus", async () => {
    const topic = new Bus({ env, defaults: { delivery } }).topic<Numbers>("a");
    await assertRejects(() => topic.publish(n(1)), ValidationError);
  });
});
