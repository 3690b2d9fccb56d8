import { Bus } from "@nova/events/bus";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertLaws, byKey, fails, type Keyed, n, type Numbers, step } from "./kit.ts";

describe("lag and age", () => {
  const env = useTestEnv();

  it("tell how much a subscription is behind, and for how long", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { partitions: 2 });
    const gate = Promise.withResolvers<void>();
    const slow = topic.subscribe(() => gate.promise, { deadlineMs: Infinity });
    const fast = topic.subscribe(() => {});
    for (let i = 0; i < 10; i++) {
      topic.tryPublish(n(i));
      await env.advance(100);
    }

    // Two are in hand: the third is the oldest that waits.
    assertEquals([slow.stats().lag, slow.stats().oldestAgeMs], [10, 800]);
    assertEquals([fast.stats().lag, fast.stats().oldestAgeMs], [0, 0]);
    assertEquals(
      topic.stats().partitions.map(({ lag, oldestAgeMs, queued }) => [lag, oldestAgeMs, queued]),
      [[5, 800, 4], [5, 700, 4]],
    );
    gate.resolve();
    await env.settle();
    assertEquals([slow.stats().lag, slow.stats().oldestAgeMs], [0, 0]);
  });

  it("count what is set aside: for another attempt, behind a key, parked", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      retry: { attempts: 2, delayMs: 1000, jitter: "none" },
    });
    const retries = topic.subscribe(({ data }) => data.key === "a" ? fails() : undefined);
    const holds = topic.subscribe(({ data }) => data.key === "a" ? fails() : undefined, {
      onFailure: "hold",
      retry: { attempts: 1 },
    });
    const parks = topic.subscribe(({ data }) => data.n === 1 ? fails() : undefined, {
      onFailure: "park-key",
      retry: { attempts: 1 },
    });
    for (const i of [1, 2]) topic.tryPublish(step("a", i));
    topic.tryPublish(step("b", 2));
    await env.advance(300);

    const figures = [retries, holds, parks].map((subscription) => subscription.stats());
    assertEquals(figures.map(({ lag }) => lag), [2, 2, 1]);
    assertEquals(figures.map(({ oldestAgeMs }) => oldestAgeMs), [300, 300, 300]);
    assertEquals(figures.map(({ stops }) => stops), [0, 1, 1]);
    assertLaws(topic);
    for (const subscription of [holds, parks]) subscription.release("a");
    retries.unsubscribe();
    await env.settle();
    assertEquals([holds.stats().stops, parks.stats().stops], [1, 0]);
  });

  it("go by the timestamp of an event, and never below zero", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const stuck = topic.subscribe(() => {});
    topic.tryPublish({ ...n(1), timestamp: env.now() + 5000 });
    assertEquals(stuck.stats().oldestAgeMs, 0);
    topic.tryPublish({ ...n(2), timestamp: env.now() - 5000 });
    assertEquals(topic.stats().partitions[0]?.oldestAgeMs, 0);
    await env.settle();
  });

  it("of a pattern are those of its topics", async () => {
    const bus = new Bus({ env });
    const [a, b] = [bus.topic<Numbers>("x.a"), bus.topic<Numbers>("x.b")];
    const subscription = bus.subscribe("x.*", () => {});
    a.tryPublish({ ...n(1), timestamp: env.now() - 10 });
    b.tryPublish({ ...n(1), timestamp: env.now() - 30 });

    assertEquals([subscription.stats().lag, subscription.stats().oldestAgeMs], [2, 30]);
    await env.settle();
  });

  it("of a partition say how much is kept", () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retention: { maxEvents: 3 } });
    for (let i = 0; i < 5; i++) topic.tryPublish(n(i));

    assertEquals(topic.stats().partitions[0]?.kept, 3);
  });
});
