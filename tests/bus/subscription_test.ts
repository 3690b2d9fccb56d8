import { Bus, type TopicSubscription } from "@nova/events/bus";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import {
  assertFigures,
  assertLaw,
  assertLaws,
  byKey,
  fails,
  type Keyed,
  n,
  type Numbers,
  sleep,
  step,
} from "./kit.ts";

describe("TopicSubscription.unsubscribe()", () => {
  const env = useTestEnv();

  it("ends it, once, and releases what it was not given", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    let calls = 0;
    const subscription = topic.subscribe(() => void calls++);
    assert(subscription.active);
    topic.tryPublish(n(1));
    await env.settle();
    topic.tryPublish(n(2));
    topic.tryPublish(n(3));
    subscription.unsubscribe();
    subscription.unsubscribe();
    subscription[Symbol.dispose]();
    topic.tryPublish(n(4));
    await env.settle();

    assertEquals([subscription.active, calls], [false, 1]);
    assertFigures(subscription, { offered: 3, succeeded: 1, released: 2 });
    assertEquals(topic.stats().subscriptions, []);
  });

  it("delivers nothing more when a handler that ran settles", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { maxConcurrency: 2 });
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    const subscription = topic.subscribe(({ data }) => {
      seen.push(data);
      return gate.promise;
    });
    for (let i = 1; i <= 5; i++) topic.tryPublish(n(i));
    await env.settle();
    subscription.unsubscribe();
    assertFigures(subscription, { offered: 5, released: 3, inFlight: 2 });
    gate.resolve();
    await env.settle();

    assertEquals(seen, [1, 2]);
    assertFigures(subscription, { offered: 5, succeeded: 2, released: 3 });
  });

  it("delivers nothing more when the handler that ran fails: its event is released", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Keyed>("a", { key: byKey, maxConcurrency: 2 });
    const seen: string[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      seen.push(`${data.key}${data.n}`);
      await sleep(env, 1);
      throw new Error("no");
    });
    for (const i of [1, 2]) topic.tryPublish(step("a", i));
    topic.tryPublish(step("b", 1));
    await env.settle();
    assertFigures(subscription, { offered: 3, inFlight: 2, held: 1 });
    subscription.unsubscribe();
    await env.advance(1000);

    assertEquals(seen, ["a1", "b1"]);
    assertFigures(subscription, { offered: 3, released: 3 });
  });

  it("inside its own handler lets that event count as handled, or as released", async () => {
    for (const failing of [false, true]) {
      for (const isAsync of [false, true]) {
        const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey });
        let calls = 0;
        const subscription = topic.subscribe(
          ((_, { subscription }) => {
            calls += 1;
            subscription.unsubscribe();
            if (isAsync) return failing ? Promise.reject(new Error("no")) : Promise.resolve();
            if (failing) throw new Error("no");
          }) as (...args: [unknown, { subscription: TopicSubscription }]) => Promise<void> as never,
        );
        for (const i of [1, 2, 3]) topic.tryPublish(step("k", i));
        await env.settle();

        assertEquals(calls, 1);
        assertFigures(
          subscription,
          failing ? { offered: 3, released: 3 } : { offered: 3, succeeded: 1, released: 2 },
        );
      }
    }
  });

  it("inside a retry delivers nothing more, not even what waited behind it", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey });
    let calls = 0;
    const subscription = topic.subscribe((_, { attempt, subscription }) => {
      calls += 1;
      if (attempt === 1) throw new Error("no");
      subscription.unsubscribe();
    });
    for (const i of [1, 2, 3]) topic.tryPublish(step("k", i));
    await env.advance(1000);

    assertEquals(calls, 2);
    assertFigures(subscription, { offered: 3, succeeded: 1, released: 2, retries: 1 });
  });

  it("inside another's handler takes effect for the event of that moment", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    let calls = 0;
    topic.subscribe(() => second.unsubscribe());
    const second = topic.subscribe(() => void calls++);
    topic.tryPublish(n(1));
    await env.settle();

    assertEquals(calls, 0);
    assertFigures(second, { offered: 1, released: 1 });
  });

  it("frees the timers of its retries", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const subscription = topic.subscribe(fails);
    for (let i = 0; i < 10; i++) topic.tryPublish(n(i));
    await env.settle();
    assertEquals(env.pending.timers, 1);
    subscription.unsubscribe();

    assertEquals(env.pending.timers, 0);
    assertFigures(subscription, { offered: 10, released: 10 });
  });

  it("lets the rest go on: an ended subscription gates nothing", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1 });
    const stuck = topic.subscribe(() => new Promise(() => {}), { deadlineMs: Infinity });
    const good = topic.subscribe(() => {});
    topic.tryPublish(n(1));
    await env.settle();
    topic.tryPublish(n(2));
    await env.settle();
    assertEquals(topic.tryPublish(n(3)), false);
    stuck.unsubscribe();

    assertEquals(topic.tryPublish(n(3)), true);
    await env.settle();
    assertFigures(good, { offered: 3, succeeded: 3 });
    assertFigures(stuck, { offered: 2, inFlight: 1, released: 1 });
  });

  it("of many leaves nothing behind", () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { partitions: 2 });
    const controller = new AbortController();
    for (let i = 0; i < 2000; i++) {
      topic.subscribe(() => {}, { signal: controller.signal }).unsubscribe();
    }

    assertEquals(env.pending.abortListeners, 0);
    assertEquals(topic.stats().subscriptions, []);
  });
});

describe("signal of a subscription", () => {
  const env = useTestEnv();

  it("ends it when it aborts", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const controller = new AbortController();
    const subscription = topic.subscribe(() => {}, { signal: controller.signal });
    topic.tryPublish(n(1));
    await env.settle();
    topic.tryPublish(n(2));
    controller.abort();
    await env.settle();

    assertEquals(subscription.active, false);
    assertFigures(subscription, { offered: 2, succeeded: 1, released: 1 });
  });

  it("that is already aborted makes it inactive from the start", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    topic.tryPublish(n(1));
    let calls = 0;
    const subscription = topic.subscribe(() => void calls++, {
      from: "earliest",
      signal: AbortSignal.abort(),
    });
    topic.tryPublish(n(2));
    await env.settle();

    assertEquals([subscription.active, calls], [false, 0]);
    assertEquals(topic.stats().subscriptions, []);
  });

  it("is no longer listened to once the bus is closed", async () => {
    const bus = new Bus({ env });
    const controller = new AbortController();
    bus.topic("a").subscribe(() => {}, { signal: controller.signal });
    assertEquals(env.pending.abortListeners, 1);
    await bus.close();

    assertEquals(env.pending.abortListeners, 0);
  });
});

describe("stats()", () => {
  const env = useTestEnv();

  it("of a subscription count every event once, at every moment", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      partitions: 3,
      maxConcurrency: 2,
      maxHeld: 4,
      retry: { attempts: 2, delayMs: 7, jitter: "none" },
    });
    const subscription = topic.subscribe(async ({ data }, { attempt }) => {
      await sleep(env, data.n % 4);
      if (data.n % 5 === 0 || data.n % 3 === 0 && attempt === 1) throw new Error("no");
    });
    for (let i = 1; i <= 60; i++) topic.tryPublish(step(`key-${i % 7}`, i));
    for (let at = 0; at < 30; at++) {
      assertLaws(topic);
      assertEquals(subscription.stats().offered, 60);
      await env.advance(at % 3);
    }
    await env.advance(1000);

    // By hand: multiples of 5 fail twice, other multiples of 3 once.
    assertFigures(subscription, { offered: 60, succeeded: 48, deadLettered: 12, retries: 12 + 16 });
  });

  it("of a topic list its subscriptions and what publishers tried", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 2 });
    const subscription = topic.subscribe(() => {}, { id: "s" });
    for (let i = 0; i < 3; i++) topic.tryPublish(n(i));
    const waiting = topic.publish(n(4));

    assertEquals(topic.stats(), {
      name: "a",
      attempts: 4,
      accepted: 2,
      duplicates: 0,
      rejected: 1,
      dropped: 0,
      waiting: 1,
      delayed: 0,
      queued: 2,
      bufferSize: 2,
      keyed: false,
      partitions: [
        { accepted: 2, queued: 2, kept: 2, lag: 2, oldestAgeMs: 0, waiting: 1 },
      ],
      subscriptions: [subscription.stats()],
    });
    await waiting;
  });

  it("change nothing: looking does not move what earliest means (I10)", async () => {
    const received: number[] = [];
    for (const looks of [false, true]) {
      const bus = new Bus({ env });
      const topic = bus.topic<Numbers>("a", { bufferSize: 100 });
      for (let i = 0; i < 60; i++) {
        topic.tryPublish(n(i));
        if (looks) bus.stats();
      }
      const subscription = topic.subscribe(() => {}, { from: "earliest" });
      await env.settle();
      received.push(subscription.stats().succeeded);
    }

    assertEquals(received, [60, 60]);
  });

  it("of an ended subscription stay what they are", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const subscription = topic.subscribe(() => {});
    topic.tryPublish(n(1));
    await env.settle();
    subscription.unsubscribe();
    const { offered } = subscription.stats();
    topic.tryPublish(n(2));
    await env.settle();

    assertStrictEquals(subscription.stats().offered, offered);
    assertLaw(subscription.stats());
  });
});
