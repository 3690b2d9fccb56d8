import {
  ClosedError,
  LimitExceededError,
  NovaError,
  TopicExistsError,
  TopicNotFoundError,
} from "@nova/events";
import { Bus, type TopicOptions } from "@nova/events/bus";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, byKey, n, type Numbers } from "./kit.ts";

describe("new Bus()", () => {
  const env = useTestEnv();

  it("has a name, bus unless told otherwise, for its errors and figures", async () => {
    assertEquals(new Bus({ env }).name, "bus");
    const bus = new Bus({ env, name: "shop", maxTopics: 1 });
    bus.topic("a");

    assertEquals(bus.stats().name, "shop");
    assertThrows(() => bus.topic("b"), LimitExceededError, '"shop"');
    await bus.close();
    assertThrows(() => bus.topic("c"), ClosedError, 'bus "shop"');
  });

  it("refuses nonsense as maxTopics", () => {
    for (const maxTopics of [0, -1, 1.5, NaN, Infinity, "2", null] as never[]) {
      assertThrows(() => new Bus({ env, maxTopics }), RangeError, "maxTopics");
    }
  });

  it("uses its own clock, timers and randomness, and no others", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { jitter: "none" } });
    const at: number[] = [];
    topic.subscribe(({ timestamp }, { attempt }) => {
      at.push(timestamp, env.now());
      if (attempt === 1) throw new Error("no");
    });
    await env.advance(5);
    topic.tryPublish(n(1));
    await env.advance(1000);

    const start = 1_700_000_000_005;
    assertEquals(at, [start, start, start, start + 100]);
  });

  it("works without options, on the clock of the runtime", async () => {
    const bus = new Bus();
    const seen: number[] = [];
    bus.topic<Numbers>("a").subscribe(({ data }, { attempt }) => {
      if (attempt === 1) throw new Error("no");
      seen.push(data);
    }, { retry: { delayMs: 1 } });
    await bus.publish("a", n(1));
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));

    assertEquals(await bus.close(), { completed: 0, left: 0 });
  });
});

describe("Bus.topic()", () => {
  const env = useTestEnv();

  it("answers the same handle for the same name and options, or for none", () => {
    const bus = new Bus({ env });
    const options: TopicOptions = {
      partitions: 2,
      bufferSize: 5,
      retry: { attempts: 4 },
      deadLetter: { maxEvents: 7 },
    };
    const topic = bus.topic("a", options);

    assertStrictEquals(bus.topic("a"), topic);
    assertStrictEquals(bus.topic("a", options), topic);
    assertStrictEquals(bus.topic("a", structuredClone(options)), topic);
    assertStrictEquals(bus.topic("a", { ...options, overflow: "wait", waitMs: 30_000 }), topic);
  });

  const OTHERS: Readonly<Record<string, TopicOptions>> = {
    partitions: { partitions: 2 },
    key: { key: () => "k" },
    bufferSize: { bufferSize: 5, maxHeld: 1000 },
    overflow: { overflow: "reject" },
    waitMs: { waitMs: 5 },
    maxConcurrency: { maxConcurrency: 2 },
    retry: { retry: { attempts: 4 } },
    maxHeld: { maxHeld: 5 },
    "deadLetter.maxEvents": { deadLetter: { maxEvents: 5 } },
  };

  for (const [option, options] of Object.entries(OTHERS)) {
    it(`refuses another ${option} for a topic that exists, and keeps it as it is`, () => {
      const bus = new Bus({ env });
      const topic = bus.topic("a");
      const error = assertThrows(() => bus.topic("a", options), TopicExistsError);

      assertEquals([error.code, error.topic, error.option], ["topic-exists", "a", option]);
      assertStrictEquals(bus.topic("a"), topic);
      // Options that say nothing are those of the defaults, not those of the topic.
      const other = new Bus({ env });
      other.topic("a", options);
      assertThrows(() => other.topic("a", {}), TopicExistsError, option);
    });
  }

  it("compares every retry option by value, and functions by identity", () => {
    const bus = new Bus({ env });
    const topic = bus.topic("a", { key: byKey as never, retry: { jitter: "none" } });

    assertStrictEquals(bus.topic("a", { key: byKey as never, retry: { jitter: "none" } }), topic);
    for (
      const retry of [
        { attempts: 4 },
        { backoff: "linear" },
        { delayMs: 1 },
        { factor: 3 },
        { maxDelayMs: 1 },
        { jitter: "full" },
      ] as const
    ) {
      const options = { key: byKey as never, retry: { jitter: "none", ...retry } } as const;
      assertThrows(() => bus.topic("a", options), TopicExistsError, "retry");
    }
    const same = (event: never): string => byKey(event);
    assertThrows(
      () => bus.topic("a", { key: same as never, retry: { jitter: "none" } }),
      TopicExistsError,
      "key",
    );
  });

  it("refuses a topic beyond maxTopics, 1000 unless told otherwise", () => {
    const few = new Bus({ env, maxTopics: 2 });
    few.topic("a");
    few.topic("b");
    const error = assertThrows(() => few.topic("c"), LimitExceededError);
    assertEquals([error.code, error.option, error.limit], ["limit-exceeded", "maxTopics", 2]);
    few.topic("a");
    const many = new Bus({ env });
    for (let i = 0; i < 1000; i++) many.topic(`topic-${i}`);
    assertThrows(() => many.topic("topic-1000"), LimitExceededError);
  });
});

describe("Bus.publish()", () => {
  const env = useTestEnv();

  it("publishes to a topic by its name, as its handle does", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { partitions: 2 });
    const subscription = topic.subscribe(() => {});
    await bus.publish("a", n(1));

    assertEquals(await bus.publish("a", { ...n(2), id: "e-2" }), {
      id: "e-2",
      partition: 1,
      sequence: 2,
      duplicate: false,
      dropped: false,
    });
    const reason = new Error("enough");
    const aborted = bus.publish("a", n(3), { signal: AbortSignal.abort(reason) });
    assertStrictEquals(await aborted.catch((error) => error), reason);
    await env.settle();
    assertFigures(subscription, { offered: 2, succeeded: 2 });
  });

  it("rejects, and makes no topic, when there is none of that name", async () => {
    const bus = new Bus({ env });
    const error = await assertRejects(() => bus.publish("a", n(1)), TopicNotFoundError);

    assertEquals([error.code, error.topic, error instanceof NovaError], [
      "topic-not-found",
      "a",
      true,
    ]);
    assertEquals(bus.stats().topics, []);
  });
});

describe("Bus.subscribe()", () => {
  const env = useTestEnv();

  it("subscribes to a topic by its name", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const seen: unknown[] = [];
    const subscription = bus.subscribe("a", ({ data }) => void seen.push(data), { id: "s" });
    topic.tryPublish(n(1));
    await env.settle();

    assertEquals([seen, subscription.id], [[1], "s"]);
    subscription.unsubscribe();
    assertEquals(topic.stats().subscriptions, []);
  });

  it("never declares a topic", () => {
    const bus = new Bus({ env });

    assertThrows(() => bus.subscribe("a", () => {}), TopicNotFoundError, 'bus.topic("a")');
    assertEquals(bus.stats().topics, []);
  });
});

describe("Bus.stats()", () => {
  const env = useTestEnv();

  it("has the figures of every topic", async () => {
    const bus = new Bus({ env });
    const [a, b] = [bus.topic<Numbers>("a"), bus.topic<Numbers>("b")];
    a.subscribe(() => {});
    await a.publish(n(1));
    await b.publish(n(2));
    await env.settle();

    assertEquals(bus.stats(), { name: "bus", topics: [a.stats(), b.stats()] });
    assertEquals(a.stats().accepted, 1);
  });
});

describe("topics of one bus", () => {
  const env = useTestEnv();

  it("know nothing of each other", async () => {
    const bus = new Bus({ env });
    const [a, b] = [bus.topic<Numbers>("a", { bufferSize: 1 }), bus.topic<Numbers>("b")];
    a.subscribe(() => new Promise(() => {}), { deadlineMs: Infinity });
    const other = b.subscribe(() => {});
    a.tryPublish(n(1));
    await env.settle();
    a.tryPublish(n(2));
    assertEquals(a.tryPublish(n(3)), false);
    for (let i = 1; i <= 5; i++) assertEquals((await b.publish(n(i))).sequence, i);
    await env.settle();

    assertFigures(other, { offered: 5, succeeded: 5 });
  });

  it("may publish to each other from their handlers", async () => {
    const bus = new Bus({ env });
    const [a, b] = [bus.topic<Numbers>("a"), bus.topic<Numbers>("b")];
    const seen: number[] = [];
    a.subscribe(async ({ data }) => void await b.publish(n(data * 10)));
    b.subscribe(({ data }) => void seen.push(data));
    for (const i of [1, 2, 3]) a.tryPublish(n(i));
    await env.settle();

    assertEquals(seen, [10, 20, 30]);
  });

  // Until a handler can publish together with its acknowledgement, this is what a full topic does.
  it("lock up for waitMs when a handler awaits room in its own full topic", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1, waitMs: 50 });
    const subscription = topic.subscribe(async ({ data }) => {
      if (data === 1) await topic.publish(n(3));
    }, { retry: { attempts: 1 } });
    topic.tryPublish(n(1));
    await env.settle();
    assertFigures(subscription, { offered: 2, succeeded: 2 });
    await Promise.all([topic.publish(n(1)), topic.publish(n(2))]);
    await env.settle();
    assertEquals(subscription.stats().inFlight, 1);
    await env.advance(50);

    assertFigures(subscription, { offered: 4, succeeded: 3, deadLettered: 1 });
  });
});
