import { ClosedError, TopicNotFoundError } from "@nova/events";
import { Bus, type NovaEvent } from "@nova/events/bus";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, assertLaw, fails, n, type Numbers } from "./kit.ts";

describe("Bus.subscribe() with a pattern", () => {
  const env = useTestEnv();

  /** The names of the topics among `names` that reach a subscriber of the pattern. */
  async function matches(pattern: string | RegExp, names: readonly string[]): Promise<string[]> {
    const bus = new Bus({ env });
    const seen: string[] = [];
    for (const name of names) bus.topic(name);
    bus.subscribe(pattern, ({ data }) => void seen.push(data as string));
    for (const name of names) await bus.publish(name, { type: "t", data: name });
    await env.settle();
    await bus.close();
    return seen;
  }

  const NAMES = ["orders", "orders.eu", "orders.eu.paid", "orders.us", "users.eu", "a"];

  it("takes * for one token, > and ** for one or more at the end", async () => {
    assertEquals(await matches("orders.*", NAMES), ["orders.eu", "orders.us"]);
    assertEquals(await matches("*.eu", NAMES), ["orders.eu", "users.eu"]);
    assertEquals(await matches("orders.>", NAMES), ["orders.eu", "orders.eu.paid", "orders.us"]);
    assertEquals(await matches("orders.**", NAMES), ["orders.eu", "orders.eu.paid", "orders.us"]);
    assertEquals(await matches("*", NAMES), ["orders", "a"]);
    assertEquals(await matches(">", NAMES), NAMES);
  });

  it("takes a RegExp for the whole name, without its state", async () => {
    assertEquals(await matches(/orders|a/, NAMES), ["orders", "a"]);
    assertEquals(await matches(/orders\..*/gy, NAMES), [
      "orders.eu",
      "orders.eu.paid",
      "orders.us",
    ]);
    assertEquals(await matches(/ORDERS/i, NAMES), ["orders"]);
  });

  it("takes topics that are declared later, and exact names must exist", async () => {
    const bus = new Bus({ env });
    const seen: unknown[] = [];
    const subscription = bus.subscribe("orders.*", ({ data }) => void seen.push(data));
    bus.topic<Numbers>("orders.eu").tryPublish(n(1));
    bus.topic<Numbers>("users.eu").tryPublish(n(2));
    await env.settle();

    assertEquals(seen, [1]);
    assertLaw(subscription.stats());
    assertEquals(subscription.stats().offered, 1);
    assertThrows(() => bus.subscribe("orders.us", () => {}), TopicNotFoundError);
    await bus.close();
  });

  it("never declares a topic", () => {
    const bus = new Bus({ env });
    bus.subscribe("orders.*", () => {});

    assertEquals(bus.stats().topics, []);
  });

  it("sees dead letters only with a pattern that ends in dlq", async () => {
    const bus = new Bus({ env });
    const all: string[] = [];
    const letters: string[] = [];
    bus.subscribe(">", ({ type }) => void all.push(type));
    bus.subscribe("*.dlq", ({ type }) => void letters.push(type));
    const topic = bus.topic<Numbers>("orders", { retry: { attempts: 1 } });
    topic.subscribe(fails);
    topic.tryPublish(n(1));
    await env.settle();

    assertEquals([all, letters], [["n"], ["dead-letter"]]);
    await bus.close();
  });

  it("passes its options on, and labels its members by its id", async () => {
    const bus = new Bus({ env });
    const contexts: string[] = [];
    let running = 0;
    let most = 0;
    bus.subscribe("orders.*", async (_event: NovaEvent, { subscription }) => {
      contexts.push(subscription.id);
      most = Math.max(most, ++running);
      await Promise.resolve();
      running -= 1;
    }, { id: "all-orders", maxConcurrency: 3 });
    const topic = bus.topic<Numbers>("orders.eu");
    for (let i = 0; i < 5; i++) topic.tryPublish(n(i));
    await env.settle();

    assertEquals([new Set(contexts), most], [new Set(["all-orders"]), 3]);
    await bus.close();
  });

  it("ends everywhere at once: by hand, by its signal, with the bus", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("orders.eu");
    const controller = new AbortController();
    const seen: unknown[] = [];
    const byHand = bus.subscribe("orders.*", () => void seen.push("hand"));
    const bySignal = bus.subscribe("orders.*", () => void seen.push("signal"), {
      signal: controller.signal,
    });
    const withBus = bus.subscribe("orders.*", () => void seen.push("bus"));
    byHand.unsubscribe();
    controller.abort();
    topic.tryPublish(n(1));
    bus.topic<Numbers>("orders.us").tryPublish(n(1));
    await env.settle();

    assertEquals(seen, ["bus", "bus"]);
    assertEquals([byHand.active, bySignal.active, withBus.active], [false, false, true]);
    await bus.close();
    assertEquals(withBus.active, false);
    assertThrows(() => bus.subscribe("orders.*", () => {}), ClosedError);
  });

  it("refuses what is no pattern, and options that make no sense even if nothing matches", () => {
    const bus = new Bus({ env });

    for (const bad of ["a*", "a.**.b", ">.a", "a>", "*..a", ".*", "a.>b"]) {
      assertThrows(() => bus.subscribe(bad, () => {}), SyntaxError, "as a pattern", bad);
    }
    assertThrows(() => bus.subscribe("*", null as never), TypeError);
    assertThrows(() => bus.subscribe("*", () => {}, { maxConcurrency: 0 }), RangeError);
    assertThrows(() => bus.subscribe("*", () => {}, { from: "middle" as never }), RangeError);
    bus.topic<Numbers>("a").tryPublish(n(1));
    assertEquals(bus.stats().topics[0]?.subscriptions, []);
  });

  it("takes a long name against a hostile pattern in no time", () => {
    const bus = new Bus({ env });
    const name = Array.from({ length: 60 }, () => "a").join(".");
    bus.topic(name);
    const began = performance.now();
    for (let i = 0; i < 1000; i++) {
      bus.subscribe(`${"*.".repeat(40)}b.>`, () => {}).unsubscribe();
    }

    assert(performance.now() - began < 1000);
  });
});

describe("from of a pattern", () => {
  const env = useTestEnv();

  it("may be a date, also for topics that come later, but no sequence", async () => {
    const bus = new Bus({ env });
    const kept = bus.topic<Numbers>("a.kept", { retention: {} });
    kept.tryPublish(n(1));
    await env.advance(10);
    const since = new Date(env.now());
    kept.tryPublish(n(2));
    const seen: unknown[] = [];
    const subscription = bus.subscribe("a.*", ({ data }) => void seen.push(data), { from: since });
    bus.topic<Numbers>("a.later").tryPublish(n(3));
    await subscription.ready;
    await env.settle();

    assertEquals(seen, [2, 3]);
    assertThrows(() => bus.subscribe("a.*", () => {}, { from: 1 }), RangeError, "sequence");
  });
});

describe("Bus.deleteTopic()", () => {
  const env = useTestEnv();

  it("lets what was accepted be handled, and refuses everything else", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("orders", { bufferSize: 2 });
    const seen: number[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      await Promise.resolve();
      seen.push(data);
    });
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    const waiting = topic.publish(n(3));
    const deleted = bus.deleteTopic("orders");
    const refused = await Promise.allSettled([
      waiting,
      topic.publish(n(4)),
      bus.publish("orders", n(5)),
      bus.deleteTopic("orders"),
    ]);
    assertThrows(() => topic.tryPublish(n(6)), TopicNotFoundError);
    assertThrows(() => topic.subscribe(() => {}), TopicNotFoundError);
    assertThrows(() => bus.subscribe("orders", () => {}), TopicNotFoundError);

    for (const { status, ...rest } of refused) {
      assertEquals(status, "rejected");
      assert((rest as { reason: unknown }).reason instanceof TopicNotFoundError);
    }
    assertEquals(await deleted, { completed: 2, left: 0 });
    assertEquals(seen, [1, 2]);
    assert(subscription.active);
    assertFigures(subscription, { offered: 2, succeeded: 2 });
    await bus.close();
  });

  it("keeps subscriptions bound to the name", async () => {
    const bus = new Bus({ env });
    const seen: unknown[] = [];
    const direct = bus.topic<Numbers>("orders", { partitions: 2 })
      .subscribe(({ data }) => void seen.push(["direct", data]));
    const pattern = bus.subscribe("*", ({ data }) => void seen.push(["pattern", data]));
    const first = bus.topic<Numbers>("orders");
    first.tryPublish(n(1));
    await bus.deleteTopic("orders");
    const again = bus.topic<Numbers>("orders", { partitions: 3 });
    again.tryPublish(n(2));
    await env.settle();

    assertEquals(seen, [["direct", 1], ["pattern", 1], ["direct", 2], ["pattern", 2]]);
    assertFigures(direct, { offered: 2, succeeded: 2 });
    assertEquals(pattern.stats().succeeded, 2);
    direct.unsubscribe();
    again.tryPublish(n(3));
    await env.settle();
    assertEquals(seen.slice(4), [["pattern", 3]]);
    await bus.close();
  });

  it("finishes the old topic beside the new one of the same name", async () => {
    const bus = new Bus({ env });
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    const old = bus.topic<Numbers>("orders");
    const subscription = old.subscribe(async ({ data }) => {
      if (data === 1) await gate.promise;
      seen.push(data);
    });
    old.tryPublish(n(1));
    old.tryPublish(n(2));
    const deleted = bus.deleteTopic("orders");
    bus.topic<Numbers>("orders").tryPublish(n(3));
    await env.settle();
    assertEquals(seen, [3]);
    gate.resolve();

    assertEquals(await deleted, { completed: 2, left: 0 });
    assertEquals(seen, [3, 1, 2]);
    assertFigures(subscription, { offered: 3, succeeded: 3 });
    await bus.close();
  });

  it("gives its place back, also when it is deleted twice", async () => {
    const bus = new Bus({ env, maxTopics: 1 });
    for (let i = 0; i < 3; i++) {
      bus.topic("orders").subscribe(() => {});
      await bus.deleteTopic("orders");
    }
    bus.topic("other");
    await bus.deleteTopic("other");
    const topic = bus.topic<Numbers>("orders");

    assertEquals(topic.stats().subscriptions.length, 3);
    await bus.close();
  });

  it("gives up when its signal says so, and leaves nothing behind", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("orders");
    const gate = Promise.withResolvers<void>();
    const subscription = topic.subscribe(() => gate.promise);
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();

    assertEquals(await bus.deleteTopic("orders", { signal: AbortSignal.abort() }), {
      completed: 0,
      left: 2,
    });
    gate.resolve();
    await env.settle();
    assertLaw(subscription.stats());
    assertEquals(subscription.stats().released, 1);
    await bus.close();
  });

  it("lets an event that fails for good reach its dead letters, which stay", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("orders", { retry: { attempts: 1 } });
    topic.subscribe(fails);
    topic.tryPublish(n(1));
    await bus.deleteTopic("orders");

    assertEquals(bus.stats().topics.map(({ name, accepted }) => [name, accepted]), [
      ["orders.dlq", 1],
    ]);
    const range = await bus.deleteTopic("orders.dlq").catch((error) => error);
    assert(range instanceof RangeError);
    await bus.close();
  });

  it("is finished by close, which waits for it", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("orders");
    const gate = Promise.withResolvers<void>();
    topic.subscribe(() => gate.promise);
    topic.tryPublish(n(1));
    await env.settle();
    const deleted = bus.deleteTopic("orders");
    const closed = bus.close();
    await env.settle();
    gate.resolve();

    assertEquals(await Promise.all([deleted, closed]), [
      { completed: 1, left: 0 },
      { completed: 1, left: 0 },
    ]);
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
  });
});
