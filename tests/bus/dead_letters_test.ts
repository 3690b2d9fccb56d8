import {
  LimitExceededError,
  TerminalError,
  TopicNotFoundError,
  ValidationError,
} from "@nova/events";
import { Bus, type DeadLetter, type NovaEvent } from "@nova/events/bus";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
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
  step,
} from "./kit.ts";

type Letters = { "dead-letter": DeadLetter };

describe("dead letters", () => {
  const env = useTestEnv();

  it("say which event failed, for whom, how often, when, and why", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("orders", { retry: { delayMs: 100, jitter: "none" } });
    const seen: NovaEvent[] = [];
    topic.subscribe((event) => {
      seen.push(event);
      throw new RangeError("out of stock");
    }, { id: "warehouse" });
    await topic.publish({ ...n(7), id: "e-7" });
    await env.advance(1000);
    const letters: NovaEvent[] = [];
    bus.topic<Letters>("orders.dlq").subscribe((letter) => void letters.push(letter), {
      from: "earliest",
    });
    await env.settle();

    assertEquals(letters.length, 1);
    assertEquals([letters[0]?.type, letters[0]?.timestamp], ["dead-letter", 1_700_000_000_300]);
    const data = letters[0]?.data as DeadLetter;
    assertStrictEquals(data.event, seen[0]);
    assertEquals(data, {
      event: seen[0]!,
      error: { code: undefined, name: "RangeError", message: "out of stock" },
      attempts: 3,
      subscription: "warehouse",
      redrives: 0,
      at: 1_700_000_000_300,
    });
  });

  it("describe whatever was thrown", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const odd = Object.assign(new Error("x"), { message: 5 as never, name: undefined as never });
    const hostile = new Error("x");
    Object.defineProperty(hostile, "message", {
      get() {
        throw new Error("no message");
      },
    });
    const cases: readonly (readonly [unknown, Partial<DeadLetter["error"]>])[] = [
      [new TerminalError("useless"), { code: "terminal", name: "TerminalError" }],
      [new ValidationError("data", 5, "wrong"), { code: "validation", message: "wrong" }],
      ["text", { name: "string", message: "text" }],
      [undefined, { name: "undefined", message: "undefined" }],
      [null, { name: "object", message: "null" }],
      [Symbol("s"), { name: "symbol", message: "Symbol(s)" }],
      [Object.create(null), { name: "object", message: "something that cannot be shown" }],
      [proxy, { name: "object", message: "something that cannot be shown" }],
      [hostile, { name: "object", message: "something that cannot be shown" }],
      [odd, { name: "undefined", message: "5" }],
    ];
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    topic.subscribe(({ data }) => {
      throw cases[data]![0];
    });
    cases.forEach((_, i) => topic.tryPublish(n(i)));
    await env.settle();
    const errors: DeadLetter["error"][] = [];
    bus.topic<Letters>("a.dlq").subscribe(({ data }) => void errors.push(data.error), {
      from: "earliest",
    });
    await env.settle();

    assertEquals(errors.length, cases.length);
    errors.forEach((error, i) => assertEquals(error, { ...error, ...cases[i]![1] }));
    assertEquals(errors.map(({ code }) => code), ["terminal", "validation", ...Array(8)]);
  });

  it("have a topic from the first one on, or when it is asked for, outside of maxTopics", async () => {
    const bus = new Bus({ env, maxTopics: 2 });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    topic.subscribe(fails);
    topic.tryPublish(n(1));
    await env.settle();
    assertEquals(bus.stats().topics.map(({ name }) => name), ["a", "a.dlq"]);

    bus.topic<Numbers>("b", { retry: { attempts: 1 }, deadLetter: { maxEvents: 2 } });
    const letters = bus.topic<Letters>("b.dlq");
    assertStrictEquals(bus.topic("b.dlq"), letters);
    const seen: unknown[] = [];
    // Before its first letter.
    bus.subscribe("b.dlq", ({ data }) => void seen.push((data as DeadLetter).event.data));
    bus.subscribe("b", fails);
    for (let i = 0; i < 3; i++) await bus.publish("b", n(i));
    await env.settle();
    assertEquals(seen, [0, 1]);
    assertEquals(letters.stats().accepted, 2, "as many as its topic keeps");
    assertThrows(() => bus.topic("c"), LimitExceededError);
  });

  it("have no topic where there is no topic that could have failed", async () => {
    const bus = new Bus({ env });
    bus.topic("a");
    bus.topic("a.dlq");

    for (const name of ["b.dlq", "dlq", "a.dlq.dlq"]) {
      assertThrows(() => bus.topic(name), RangeError, "belong to dead letters");
      assertThrows(() => bus.subscribe(name, () => {}), TopicNotFoundError);
      await assertRejects(() => bus.publish(name, n(1)), TopicNotFoundError);
    }
    assertEquals(bus.stats().topics.map(({ name }) => name), ["a", "a.dlq"]);
  });

  it("are written by nobody but the bus", async () => {
    const bus = new Bus({ env });
    bus.topic("a");
    const letters = bus.topic<Letters>("a.dlq");
    const event = { type: "dead-letter", data: {} as DeadLetter } as const;

    await assertRejects(() => letters.publish(event), RangeError, "a.dlq");
    await assertRejects(() => bus.publish("a.dlq", event), RangeError, "a.dlq");
    assertThrows(() => letters.tryPublish(event), RangeError, "a.dlq");
    assertThrows(() => letters.producer("p"), RangeError, "a.dlq");
    const [outcome] = await letters.publishBatch([event]);
    assertEquals(outcome?.status, "rejected");
    assertEquals(letters.stats().attempts, 0);
  });

  it("are kept when they have been read", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    topic.subscribe(fails);
    for (let i = 0; i < 30; i++) topic.tryPublish(n(i));
    await env.settle();
    const read = async (): Promise<number[]> => {
      const seen: number[] = [];
      const subscription = bus.topic<Letters>("a.dlq").subscribe(({ data }) => {
        seen.push(data.event.data as number);
      }, { from: "earliest" });
      await env.settle();
      subscription.unsubscribe();
      return seen;
    };

    const all = Array.from({ length: 30 }, (_, i) => i);
    assertEquals(await read(), all);
    assertEquals(await read(), all);
    assertEquals(bus.topic("a.dlq").stats().queued, 30);
  });

  it("come from each subscription on its own", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    for (const id of ["one", "two"]) topic.subscribe(fails, { id });
    topic.subscribe(() => {});
    topic.tryPublish(n(1));
    await env.settle();
    const from: string[] = [];
    bus.topic<Letters>("a.dlq").subscribe(({ data }) => void from.push(data.subscription), {
      from: "earliest",
    });
    await env.settle();

    assertEquals(from, ["one", "two"]);
  });

  it("free the lane: the next event of the key is handled", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey });
    const seen: number[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      await undefined;
      if (data.n === 1) throw new Error("no");
      seen.push(data.n);
    });
    for (const i of [1, 2, 3]) topic.tryPublish(step("k", i));
    await env.advance(1000);

    assertEquals(seen, [2, 3]);
    assertFigures(subscription, { offered: 3, succeeded: 2, deadLettered: 1, retries: 2 });
  });
});

describe("a full dead-letter topic", () => {
  const env = useTestEnv();

  for (const maxEvents of [1, 2, 5]) {
    it(`of ${maxEvents} holds what fails then, and loses nothing`, async () => {
      const bus = new Bus({ env });
      const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 }, deadLetter: { maxEvents } });
      const subscription = topic.subscribe(fails);
      for (let i = 0; i < 10; i++) topic.tryPublish(n(i));
      await env.settle();

      assertEquals(bus.topic("a.dlq").stats().accepted, maxEvents);
      assertFigures(subscription, {
        offered: 10,
        deadLettered: maxEvents,
        held: 10 - maxEvents,
      });
      assertEquals(env.pending.timers, 0);
      assertLaws(topic);
    });
  }

  it("holds the lane: nothing of that key is handled, other keys go on", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Keyed>("a", {
      key: byKey,
      retry: { attempts: 1 },
      deadLetter: { maxEvents: 1 },
    });
    const seen: string[] = [];
    const subscription = topic.subscribe(({ data }) => {
      if (data.n < 3) throw new Error("no");
      seen.push(data.key);
    });
    for (const i of [1, 2, 3]) topic.tryPublish(step("bad", i));
    topic.tryPublish(step("good", 3));
    await env.settle();

    assertEquals(seen, ["good"]);
    assertFigures(subscription, { offered: 4, succeeded: 1, deadLettered: 1, held: 2 });
  });

  it("holds back publishers once maxHeld and the ring are full, and loses nothing", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", {
      bufferSize: 2,
      overflow: "reject",
      retry: { attempts: 1 },
      deadLetter: { maxEvents: 1 },
    });
    const subscription = topic.subscribe(fails);
    for (let i = 1; i <= 5; i++) {
      await topic.publish(n(i));
      await env.settle();
    }

    assertFigures(subscription, { offered: 5, deadLettered: 1, held: 2, queued: 2 });
    assertEquals(topic.tryPublish(n(6)), false);
  });
});

describe("a handler of dead letters", () => {
  const env = useTestEnv();

  it("that fails gets them again; they are held, and make no dead letters of their own", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    topic.subscribe(fails);
    topic.tryPublish(n(1));
    await env.settle();
    let calls = 0;
    const letters = bus.topic("a.dlq").subscribe(() => {
      calls += 1;
      throw new Error("no");
    }, { from: "earliest" });
    await env.advance(1000);

    assertEquals(calls, 3);
    assertFigures(letters, { offered: 1, held: 1, retries: 2 });
    assertEquals(bus.stats().topics.length, 2);
  });

  it("may publish an event again to where it failed", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    let broken = true;
    const subscription = topic.subscribe(() => {
      if (broken) throw new Error("no");
    });
    topic.tryPublish(n(1));
    await env.settle();
    broken = false;
    bus.topic<Letters>("a.dlq").subscribe(({ data }) => {
      topic.tryPublish(data.event as NovaEvent<"n", number>);
    }, { from: "earliest" });
    await env.settle();

    assertFigures(subscription, { offered: 2, deadLettered: 1, succeeded: 1 });
  });
});
