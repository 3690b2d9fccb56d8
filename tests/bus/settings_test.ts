import { Bus } from "@nova/events/bus";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertLaws, fails, n, type Numbers, withRandom } from "./kit.ts";

const NO_COUNTS: readonly unknown[] = [0, -1, 1.5, NaN, Infinity, "2", null, {}, 2 ** 53];
const NO_DURATIONS: readonly unknown[] = [-1, NaN, "5", null, {}];
const NO_WORDS: readonly unknown[] = ["", "block", 1, null, {}];

/** By option: what nobody may set it to. */
const NONSENSE: readonly (readonly [string, (value: unknown) => object, readonly unknown[]])[] = [
  ["partitions", (partitions) => ({ partitions }), NO_COUNTS],
  ["bufferSize", (bufferSize) => ({ bufferSize }), NO_COUNTS],
  ["maxConcurrency", (maxConcurrency) => ({ maxConcurrency }), NO_COUNTS],
  ["maxHeld", (maxHeld) => ({ maxHeld }), NO_COUNTS],
  ["deadLetter.maxEvents", (maxEvents) => ({ deadLetter: { maxEvents } }), NO_COUNTS],
  ["retention.maxEvents", (maxEvents) => ({ retention: { maxEvents } }), NO_COUNTS],
  ["retention.maxAgeMs", (maxAgeMs) => ({ retention: { maxAgeMs } }), NO_DURATIONS],
  ["dedupe.maxIds", (maxIds) => ({ dedupe: { maxIds } }), NO_COUNTS],
  ["dedupe.windowMs", (windowMs) => ({ dedupe: { windowMs } }), [...NO_DURATIONS, 0]],
  ["waitMs", (waitMs) => ({ waitMs }), NO_DURATIONS],
  ["deadlineMs", (deadlineMs) => ({ deadlineMs }), [0, ...NO_DURATIONS]],
  ["abandonMs", (abandonMs) => ({ abandonMs }), NO_DURATIONS],
  ["delivery", (delivery) => ({ delivery }), NO_WORDS],
  ["overflow", (overflow) => ({ overflow }), [...NO_WORDS, "drop-oldest"]],
  ["isolation", (isolation) => ({ isolation }), NO_WORDS],
  ["retry.attempts", (attempts) => ({ retry: { attempts } }), NO_COUNTS],
  ["retry.delayMs", (delayMs) => ({ retry: { delayMs } }), [...NO_DURATIONS, Infinity]],
  ["retry.maxDelayMs", (maxDelayMs) => ({ retry: { maxDelayMs } }), [...NO_DURATIONS, Infinity]],
  ["retry.factor", (factor) => ({ retry: { factor } }), [0, 0.5, -2, NaN, Infinity, "2", null, {}]],
  ["retry.backoff", (backoff) => ({ retry: { backoff } }), NO_WORDS],
  ["retry.jitter", (jitter) => ({ retry: { jitter } }), NO_WORDS],
];

describe("topic options", () => {
  const env = useTestEnv();

  for (const [name, options, values] of NONSENSE) {
    it(`refuse nonsense as ${name}, and declare nothing`, () => {
      for (const value of values) {
        const bus = new Bus({ env });

        assertThrows(() => bus.topic("a", options(value)), RangeError, name);
        assertEquals(bus.stats().topics, []);
        bus.topic("a");
        assertThrows(() => bus.topic("a", options(value)), RangeError, name);
        assertThrows(() => new Bus({ env, defaults: options(value) }), RangeError, name);
      }
    });
  }

  it("refuse what is no object", () => {
    const bus = new Bus({ env });

    for (const value of [5, "x", null, true] as never[]) {
      assertThrows(() => bus.topic("a", value), TypeError, "must be an object");
      assertThrows(() => bus.topic("a", { retry: value }), TypeError, "must be an object");
      assertThrows(() => bus.topic("a", { deadLetter: value }), TypeError, "must be an object");
      assertThrows(() => bus.topic("a", { retention: value }), TypeError, "must be an object");
      assertThrows(() => bus.topic("a", { dedupe: value }), TypeError, "must be an object");
      assertThrows(() => new Bus({ env, defaults: value }), TypeError, "must be an object");
      assertThrows(() => new Bus(value), TypeError, "must be an object");
    }
    assertEquals(bus.stats().topics, []);
  });

  it("refuse a key that is no function", () => {
    for (const key of ["id", 5, null, {}] as never[]) {
      assertThrows(() => new Bus({ env }).topic("a", { key }), TypeError, "key");
      assertThrows(() => new Bus({ env }).topic("a", { dedupe: { key } }), TypeError, "dedupe.key");
    }
  });

  it("take an undefined option for one that is not given", async () => {
    const bus = new Bus({ env, defaults: { partitions: 2 } });
    const topic = bus.topic<Numbers>("a", { partitions: undefined, key: undefined } as never);

    await topic.publish(n(1));
    assertEquals((await topic.publish(n(2))).partition, 1);
  });
});

describe("topic defaults", () => {
  const env = useTestEnv();

  it("are one partition, no key, a buffer of 1000 for each slow subscription", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    topic.subscribe(() => new Promise(() => {}), { deadlineMs: Infinity });

    assertStrictEquals((await topic.publish(n(0))).partition, 0);
    await env.settle();
    for (let i = 1; i <= 1000; i++) assertEquals(topic.tryPublish(n(i)), true, `event ${i}`);
    assertEquals(topic.tryPublish(n(1001)), false);
    assertLaws(topic);
  });

  it("are to let a publisher wait for 30 s", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1 });
    topic.subscribe(() => new Promise(() => {}), { deadlineMs: Infinity });
    topic.tryPublish(n(1));
    await env.settle();
    topic.tryPublish(n(2));
    let refused = false;
    const third = topic.publish(n(3)).catch(() => refused = true);

    await env.advance(29_999);
    assertEquals(refused, false);
    await env.advance(1);
    assertEquals(refused, true);
    await third;
  });

  it("are one handler at a time for each subscription and partition", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { partitions: 2 });
    const subscription = topic.subscribe(() => new Promise(() => {}), { deadlineMs: Infinity });
    for (let i = 0; i < 6; i++) topic.tryPublish(n(i));
    await env.settle();

    assertEquals(subscription.stats().inFlight, 2);
  });

  it("are three attempts, 100 ms and twice as long apart, with full jitter", async () => {
    const at: number[] = [];
    const half = withRandom(env, () => 0.5);
    const topic = new Bus({ env: half }).topic<Numbers>("a");
    topic.subscribe(() => {
      at.push(env.monotonic());
      throw new Error("no");
    });
    topic.tryPublish(n(1));
    await env.advance(60_000);

    assertEquals(at, [0, 50, 150]);
  });

  it("are delays of at most 30 s", async () => {
    const at: number[] = [];
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { attempts: 12, jitter: "none" } });
    topic.subscribe(() => {
      at.push(env.monotonic());
      throw new Error("no");
    });
    topic.tryPublish(n(1));
    await env.advance(200_000);
    const delays = at.map((time, i) => time - (at[i - 1] ?? 0)).slice(1);

    assertEquals(delays.slice(0, 4), [100, 200, 400, 800]);
    assertEquals(delays.slice(-3), [25_600, 30_000, 30_000]);
  });

  it("are as many events set aside as the buffer holds", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 5 });
    const subscription = topic.subscribe(fails);
    for (let i = 0; i < 5; i++) topic.tryPublish(n(i));
    await env.settle();
    for (let i = 5; i < 10; i++) topic.tryPublish(n(i));
    await env.settle();

    assertEquals(subscription.stats().held, 5);
    assertEquals(subscription.stats().queued, 5);
    subscription.unsubscribe();
  });

  it("are 10,000 dead letters", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { bufferSize: 20_000, retry: { attempts: 1 } });
    const subscription = topic.subscribe(fails);
    for (let i = 0; i < 10_001; i++) topic.tryPublish(n(i));
    await env.settle();

    assertEquals(subscription.stats().deadLettered, 10_000);
    assertEquals(subscription.stats().held, 1);
    assertEquals(bus.topic("a.dlq").stats().accepted, 10_000);
  });
});

describe("Bus defaults", () => {
  const env = useTestEnv();

  it("hold for topics that say nothing", async () => {
    const bus = new Bus({ env, defaults: { partitions: 3, bufferSize: 1, overflow: "reject" } });
    const topic = bus.topic<Numbers>("a");
    topic.subscribe(() => {});

    for (let i = 0; i < 3; i++) assertEquals((await topic.publish(n(i))).partition, i);
    await env.settle();
    for (let i = 0; i < 3; i++) topic.tryPublish(n(i));
    await assertRejects(() => topic.publish(n(4)), Error, "buffer of 1 is full");
  });

  it("yield to the topic's own options, one by one", async () => {
    const bus = new Bus({ env, defaults: { partitions: 3, bufferSize: 1, overflow: "reject" } });
    const topic = bus.topic<Numbers>("a", { partitions: 1, overflow: "drop-newest" });
    topic.subscribe(() => {});

    topic.tryPublish(n(1));
    const { partition, dropped } = await topic.publish(n(2));
    assertEquals([partition, dropped], [0, true]);
  });

  it("are merged field by field into retry and deadLetter", async () => {
    const bus = new Bus({
      env,
      defaults: {
        retry: { attempts: 5, jitter: "none", delayMs: 10 },
        deadLetter: { maxEvents: 1 },
      },
    });
    const topic = bus.topic<Numbers>("a", { retry: { delayMs: 7, factor: 1 }, deadLetter: {} });
    const at: number[] = [];
    topic.subscribe(() => {
      at.push(env.monotonic());
      throw new Error("no");
    });
    topic.tryPublish(n(1));
    await env.advance(1000);
    assertEquals(at, [0, 7, 14, 21, 28]);

    topic.tryPublish(n(2));
    await env.advance(1000);
    assertEquals(bus.topic("a.dlq").stats().accepted, 1);
    assertEquals(topic.stats().subscriptions[0]?.held, 1);
  });

  it("let maxHeld follow the bufferSize of the topic", async () => {
    const bus = new Bus({ env, defaults: { bufferSize: 100 } });
    const topic = bus.topic<Numbers>("a", { bufferSize: 2 });
    const subscription = topic.subscribe(fails);
    for (let i = 0; i < 2; i++) topic.tryPublish(n(i));
    await env.settle();
    for (let i = 0; i < 2; i++) topic.tryPublish(n(i));
    await env.settle();

    assertEquals([subscription.stats().held, subscription.stats().queued], [2, 2]);
    subscription.unsubscribe();
  });

  it("are those of the moment the bus was made", async () => {
    const retry = { attempts: 1 };
    const defaults = { partitions: 1, retry };
    const bus = new Bus({ env, defaults });
    defaults.partitions = 7;
    retry.attempts = 9;
    const topic = bus.topic<Numbers>("a");
    const subscription = topic.subscribe(fails);

    assertEquals((await topic.publish(n(1))).partition, 0);
    assertEquals((await topic.publish(n(2))).partition, 0);
    await env.settle();
    assertEquals(subscription.stats().deadLettered, 2);
  });
});
