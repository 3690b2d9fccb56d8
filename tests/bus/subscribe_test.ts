import { ClosedError, ValidationError } from "@nova/events";
import { Bus } from "@nova/events/bus";
import { assertEquals, assertNotStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, fails, n, type Numbers } from "./kit.ts";

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
