import { ClosedError, ValidationError } from "@nova/events";
import { Bus, type TopicSubscription } from "@nova/events/bus";
import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
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

describe("Topic.subscribe()", () => {
  const env = useTestEnv();

  it("begins with what is published from now on", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const seen: number[] = [];
    topic.tryPublish(n(1));
    topic.subscribe(({ data }) => void seen.push(data));
    topic.subscribe(({ data }) => void seen.push(-data), { from: "latest" });
    topic.tryPublish(n(2));
    await env.settle();

    assertEquals(seen, [2, -2]);
  });

  it('from "earliest" begins with the oldest event that is still held', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 3 });
    const seen: number[] = [];
    for (let i = 1; i <= 5; i++) topic.tryPublish(n(i));
    const subscription = topic.subscribe(({ data }) => void seen.push(data), { from: "earliest" });
    assertFigures(subscription, { offered: 3, queued: 3 });
    await env.settle();
    topic.tryPublish(n(6));
    await env.settle();

    assertEquals(seen, [3, 4, 5, 6]);
    assertFigures(subscription, { offered: 4, succeeded: 4 });
  });

  it('from "earliest" gates publishers until it has caught up', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 3 });
    for (let i = 1; i <= 5; i++) topic.tryPublish(n(i));
    topic.subscribe(() => {}, { from: "earliest" });

    assertEquals(topic.tryPublish(n(6)), false);
    await env.settle();
    assertEquals(topic.tryPublish(n(6)), true);
  });

  it("refuses wrong code, and subscribes nothing", () => {
    const topic = new Bus({ env }).topic<Numbers>("a");

    for (const listener of [undefined, null, {}, "f", 5] as never[]) {
      assertThrows(() => topic.subscribe(listener), TypeError, "a listener");
      assertThrows(() => topic.on("n", listener), TypeError, "a listener");
    }
    for (const options of [null, 5, "x"] as never[]) {
      assertThrows(() => topic.subscribe(() => {}, options), TypeError, "must be an object");
      assertThrows(() => topic.on("n", () => {}, options), TypeError, "must be an object");
      assertThrows(() => topic.subscribe(() => {}, { retry: options }), TypeError);
    }
    for (const maxConcurrency of [0, -1, NaN, 1.5, "2"] as never[]) {
      assertThrows(() => topic.subscribe(() => {}, { maxConcurrency }), RangeError);
    }
    for (const attempts of [0, NaN, Infinity] as never[]) {
      assertThrows(() => topic.subscribe(() => {}, { retry: { attempts } }), RangeError);
    }
    for (const from of ["first", 5, null] as never[]) {
      assertThrows(() => topic.subscribe(() => {}, { from }), RangeError, "from");
    }
    for (const signal of [{}, 5, "x"] as never[]) {
      assertThrows(() => topic.subscribe(() => {}, { signal }), TypeError);
    }
    assertEquals(topic.stats().subscriptions, []);
  });

  it("that is refused for its signal gets no event", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    let called = false;
    assertThrows(() => topic.subscribe(() => void (called = true), { signal: {} as never }));
    topic.tryPublish(n(1));
    await env.settle();

    assertEquals(called, false);
  });

  it("is refused once the bus closes", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const closed = bus.close();

    assertThrows(() => topic.subscribe(() => {}), ClosedError);
    assertThrows(() => topic.on("n", () => {}), ClosedError);
    await closed;
    assertThrows(() => topic.subscribe(() => {}), ClosedError, 'topic "a"');
  });

  it("labels by id, else by the function's name, else by topic and number", () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    function audit(): void {}

    const ids = [
      topic.subscribe(audit),
      topic.subscribe(audit, { id: "books" }),
      topic.subscribe(() => {}),
      topic.on("n", () => {}),
      topic.subscribe(() => {}),
      topic.on("n", audit),
    ].map(({ id }) => id);
    assertEquals(ids, ["audit", "books", "a#1", "n#2", "a#3", "audit"]);
    assertEquals(topic.stats().subscriptions.map(({ id }) => id), ids);
  });

  it("of one function twice makes two subscriptions", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    let calls = 0;
    const listener = (): void => void calls++;
    const [first, second] = [topic.subscribe(listener), topic.subscribe(listener)];
    topic.tryPublish(n(1));
    await env.settle();

    assertNotStrictEquals(first, second);
    assertEquals(calls, 2);
  });

  it("while an event is handled does not get that event", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const seen: number[] = [];
    topic.subscribe(({ data }) => {
      if (data === 1) topic.subscribe(({ data }) => void seen.push(data));
    });
    topic.tryPublish(n(1));
    await env.settle();
    topic.tryPublish(n(2));
    await env.settle();

    assertEquals(seen, [2]);
  });
});

describe("Topic.on()", () => {
  const env = useTestEnv();

  it("hands over the events of one type; others count as handled", async () => {
    const topic = new Bus({ env }).topic<{ paid: number; placed: number }>("a");
    const seen: unknown[] = [];
    const subscription = topic.on("paid", (event, context) => {
      seen.push([event.type, event.data, context.attempt]);
    });
    topic.tryPublish({ type: "placed", data: 1 });
    topic.tryPublish({ type: "paid", data: 2 });
    topic.tryPublish({ type: "placed", data: 3 });
    await env.settle();

    assertEquals(seen, [["paid", 2, 1]]);
    assertFigures(subscription, { offered: 3, succeeded: 3 });
  });

  it("takes the options of a subscription", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    topic.tryPublish(n(1));
    const controller = new AbortController();
    const subscription = topic.on("n", fails, {
      id: "x",
      from: "earliest",
      retry: { attempts: 1 },
      signal: controller.signal,
    });
    await env.settle();

    assertFigures(subscription, { offered: 1, deadLettered: 1 });
    controller.abort();
    assertEquals(subscription.active, false);
  });

  it("refuses what names no type", () => {
    const topic = new Bus({ env }).topic("a");

    for (const type of ["", "order.*", "**", "\ud800", 5, null] as never[]) {
      assertThrows(() => topic.on(type, () => {}), ValidationError, "type");
    }
    assertEquals(topic.stats().subscriptions, []);
  });
});

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
    const stuck = topic.subscribe(() => new Promise(() => {}));
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
    for (let at = 0; at < 60; at++) {
      assertLaws(topic);
      assertEquals(subscription.stats().offered, 60);
      await env.advance(1);
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
      rejected: 1,
      dropped: 0,
      waiting: 1,
      queued: 2,
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
