import { Bus } from "@nova/events/bus";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import {
  assertFigures,
  assertLaws,
  byKey,
  type Keyed,
  n,
  type Numbers,
  sleep,
  step,
} from "./kit.ts";

describe("maxConcurrency", () => {
  const env = useTestEnv();

  for (const maxConcurrency of [1, 2, 7]) {
    it(`${maxConcurrency}: so many handlers run at once in each partition`, async () => {
      const topic = new Bus({ env }).topic<Numbers>("a", { maxConcurrency, partitions: 2 });
      let running = 0;
      let most = 0;
      const subscription = topic.subscribe(async () => {
        most = Math.max(most, ++running);
        await sleep(env, 5);
        running -= 1;
      });
      for (let i = 0; i < 40; i++) topic.tryPublish(n(i));
      await env.settle();
      assertFigures(subscription, {
        offered: 40,
        inFlight: 2 * maxConcurrency,
        queued: 40 - 2 * maxConcurrency,
      });
      await env.advance(1000);

      assertEquals(most, 2 * maxConcurrency);
      assertFigures(subscription, { offered: 40, succeeded: 40 });
    });
  }

  it("of a subscription comes before that of its topic", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { maxConcurrency: 2 });
    const gate = Promise.withResolvers<void>();
    const wide = topic.subscribe(() => gate.promise, { maxConcurrency: 5 });
    const plain = topic.subscribe(() => gate.promise);
    for (let i = 0; i < 9; i++) topic.tryPublish(n(i));
    await env.settle();

    assertEquals([wide.stats().inFlight, plain.stats().inFlight], [5, 2]);
    gate.resolve();
    await env.settle();
    assertEquals([wide.stats().succeeded, plain.stats().succeeded], [9, 9]);
  });

  it("counts retries too", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      maxConcurrency: 2,
      retry: { attempts: 2, delayMs: 10, jitter: "none" },
    });
    let running = 0;
    let most = 0;
    const subscription = topic.subscribe(async (_, { attempt }) => {
      most = Math.max(most, ++running);
      await sleep(env, 10);
      running -= 1;
      if (attempt === 1) throw new Error("no");
    });
    for (let i = 0; i < 8; i++) topic.tryPublish(n(i));
    await env.advance(1000);

    assertEquals(most, 2);
    assertFigures(subscription, { offered: 8, succeeded: 8, retries: 8 });
  });

  it("may be as large as a number gets", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      maxConcurrency: Number.MAX_SAFE_INTEGER,
    });
    const gate = Promise.withResolvers<void>();
    const subscription = topic.subscribe(() => gate.promise);
    for (let i = 0; i < 500; i++) topic.tryPublish(step(`key-${i}`, 1));
    await env.settle();

    assertEquals(subscription.stats().inFlight + subscription.stats().held, 500);
    gate.resolve();
    await env.settle();
    assertFigures(subscription, { offered: 500, succeeded: 500 });
  });
});

describe("events of one key", () => {
  const env = useTestEnv();

  it("wait for each other, those of other keys do not", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey, maxConcurrency: 10 });
    const log: string[] = [];
    topic.subscribe(async ({ data }) => {
      await sleep(env, data.key === "a" && data.n === 1 ? 20 : 1);
      log.push(`${data.key}${data.n}`);
    });
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 1], ["a", 3], ["c", 1]] as const) {
      topic.tryPublish(step(key, i));
    }
    await env.settle();
    assertEquals(topic.stats().subscriptions[0]?.inFlight, 3);
    assertEquals(topic.stats().subscriptions[0]?.held, 2);
    assertLaws(topic);
    await env.advance(100);

    assertEquals(log, ["b1", "c1", "a1", "a2", "a3"]);
  });

  it("wait while one of them is tried again, those of other keys do not", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      retry: { attempts: 4, delayMs: 2000, jitter: "none" },
    });
    const log: string[] = [];
    const subscription = topic.subscribe(({ data }, { attempt }) => {
      log.push(`${data.key}${data.n}`);
      if (data.key === "a" && data.n === 1 && attempt < 4) throw new Error("not yet");
    });
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 1], ["a", 3], ["b", 2]] as const) {
      topic.tryPublish(step(key, i));
    }
    await env.settle();
    assertEquals(log, ["a1", "b1", "b2"]);
    assertFigures(subscription, { offered: 5, succeeded: 2, held: 3 });
    await env.advance(20_000);

    assertEquals(log, ["a1", "b1", "b2", "a1", "a1", "a1", "a2", "a3"]);
    assertFigures(subscription, { offered: 5, succeeded: 5, retries: 3 });
  });

  it("do not wait for events without one", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: ({ data }) => data.key === "" ? undefined : data.key,
      maxConcurrency: 3,
    });
    const gate = Promise.withResolvers<void>();
    const subscription = topic.subscribe(() => gate.promise);
    for (const key of ["", "", "a"]) topic.tryPublish(step(key, 1));
    await env.settle();

    assertFigures(subscription, { offered: 3, inFlight: 3 });
    gate.resolve();
    await env.settle();
  });
});
