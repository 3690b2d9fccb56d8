import { Bus } from "@nova/events/bus";
import { assertEquals } from "@std/assert";
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

describe("maxHeld", () => {
  const env = useTestEnv();

  it("bounds what is set aside: at the limit no new event is taken", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      maxHeld: 2,
      bufferSize: 10,
      retry: { attempts: 2, delayMs: 1000, jitter: "none" },
    });
    const log: string[] = [];
    const subscription = topic.subscribe(({ data }, { attempt }) => {
      log.push(`${data.key}${data.n}`);
      if (data.key === "a" && data.n === 1 && attempt === 1) throw new Error("no");
    });
    topic.tryPublish(step("a", 1));
    topic.tryPublish(step("b", 1));
    topic.tryPublish(step("a", 2));
    topic.tryPublish(step("b", 2));
    await env.settle();
    assertEquals(log, ["a1", "b1"]);
    assertFigures(subscription, { offered: 4, succeeded: 1, held: 2, queued: 1 });
    await env.advance(1000);

    assertEquals(log, ["a1", "b1", "a1", "a2", "b2"]);
    assertFigures(subscription, { offered: 4, succeeded: 4, retries: 1 });
  });

  it("bounds failed events of a topic without keys too", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      maxHeld: 3,
      retry: { attempts: 2, delayMs: 1000, jitter: "none" },
    });
    const subscription = topic.subscribe((_, { attempt }) => {
      if (attempt === 1) throw new Error("no");
    });
    for (let i = 0; i < 10; i++) topic.tryPublish(n(i));
    await env.settle();
    assertFigures(subscription, { offered: 10, held: 3, queued: 7 });
    await env.advance(10_000);

    assertFigures(subscription, { offered: 10, succeeded: 10, retries: 10 });
  });

  it("is passed by no more than what ran when it was reached", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      maxHeld: 1,
      maxConcurrency: 4,
      retry: { attempts: 2, delayMs: 1000, jitter: "none" },
    });
    const subscription = topic.subscribe(async (_, { attempt }) => {
      await sleep(env, 1);
      if (attempt === 1) throw new Error("no");
    });
    for (let i = 0; i < 10; i++) topic.tryPublish(n(i));
    await env.advance(10);

    assertFigures(subscription, { offered: 10, held: 4, queued: 6 });
    await env.advance(10_000);
    assertFigures(subscription, { offered: 10, succeeded: 10, retries: 10 });
  });

  it("full with events behind one that runs lets nothing lock up", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey, maxHeld: 1, maxConcurrency: 4 });
    const log: string[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      await sleep(env, 5);
      log.push(`${data.key}${data.n}`);
    });
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 1], ["a", 3], ["b", 2]] as const) {
      topic.tryPublish(step(key, i));
    }
    await env.settle();
    assertFigures(subscription, { offered: 5, inFlight: 1, held: 1, queued: 3 });
    await env.advance(100);

    assertEquals(log, ["a1", "a2", "b1", "a3", "b2"]);
  });
});

describe("a poisoned event", () => {
  const env = useTestEnv();

  it("that is tried for seconds stops no other key, subscription or publisher (I14)", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      bufferSize: 10,
      overflow: "reject",
      retry: { attempts: 5, delayMs: 2000, backoff: "fixed", jitter: "none" },
    });
    const poisoned = topic.subscribe(({ data }) => {
      if (data.key === "bad") throw new Error("poison");
    });
    const healthy = topic.subscribe(() => {});
    await topic.publish(step("bad", 1));
    // Far more than the ring holds, all within the first delay.
    for (let i = 1; i <= 500; i++) {
      await topic.publish(step("good", i));
      if (i % 8 === 0) await env.settle();
    }
    await env.settle();

    assertEquals(env.monotonic(), 0);
    assertFigures(poisoned, { offered: 501, succeeded: 500, held: 1 });
    assertFigures(healthy, { offered: 501, succeeded: 501 });
    assertEquals(topic.stats().rejected, 0);
    await env.advance(10_000);
    assertFigures(poisoned, { offered: 501, succeeded: 500, deadLettered: 1, retries: 4 });
  });

  it("holds later events of its key up to maxHeld, then publishers: nothing is lost", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      bufferSize: 2,
      maxHeld: 3,
      retry: { attempts: 2, delayMs: 1000, jitter: "none" },
    });
    const seen: number[] = [];
    const subscription = topic.subscribe(({ data }) => {
      if (data.n === 1) throw new Error("poison");
      seen.push(data.n);
    });
    const published = [1, 2, 3, 4, 5, 6, 7].map((i) => topic.publish(step("k", i)));
    await env.settle();
    assertFigures(subscription, { offered: 5, held: 3, queued: 2 });
    assertEquals(topic.stats().waiting, 2);
    assertLaws(topic);
    await env.advance(1000);

    await Promise.all(published);
    assertEquals(seen, [2, 3, 4, 5, 6, 7]);
    assertFigures(subscription, { offered: 7, succeeded: 6, deadLettered: 1, retries: 1 });
  });

  it("fails for one subscription only: others handle each event once", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const calls: number[] = [];
    const bad = topic.subscribe(fails);
    const good = topic.subscribe(({ data }) => void calls.push(data));
    for (const i of [1, 2, 3]) topic.tryPublish(n(i));
    await env.advance(1000);

    assertEquals(calls, [1, 2, 3]);
    assertFigures(bad, { offered: 3, deadLettered: 3, retries: 6 });
    assertFigures(good, { offered: 3, succeeded: 3 });
  });
});
