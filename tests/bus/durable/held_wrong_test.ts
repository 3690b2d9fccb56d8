import { Bus, type TopicSubscription } from "@nova/events/bus";
import { MemoryStore } from "@nova/events/store";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { ClosedError, ValidationError } from "@nova/events";
import { useTestEnv } from "../../support/env.ts";
import { byKey, type Keyed, n, type Numbers, step } from "../kit.ts";
import { Disk } from "./kit.ts";

describe("a durable topic, held wrong", () => {
  const env = useTestEnv();

  it("survives a handler that ends its own subscription, and repeats nothing", async () => {
    const store = new MemoryStore({ env });
    const seen: number[] = [];
    for (let life = 0; life < 3; life++) {
      const bus = new Bus({ env, store });
      const topic = bus.topic<Numbers>("orders");
      const reader: TopicSubscription = topic.subscribe(({ data }) => {
        seen.push(data);
        if (data % 2 === 0) reader.unsubscribe();
      }, { id: "reader", from: "earliest" });
      if (life === 0) { for (const i of [1, 2, 3, 4, 5]) await topic.publish(n(i)); }
      await reader.ready;
      await env.advance(100);
      await bus.close();
    }

    assertEquals(seen, [1, 2, 3, 4, 5]);
    await store.close();
  });

  it("survives a handler that closes the bus", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    const seen: number[] = [];
    const reader = topic.subscribe(async ({ data }) => {
      seen.push(data);
      if (data === 1) await bus.close();
    }, { id: "reader" });
    await reader.ready;
    void topic.publish(n(1));
    await topic.publish(n(2));
    await env.settle();
    await bus.close();
    assertEquals(seen, [1, 2]);

    const next = new Bus({ env, store });
    const again: number[] = [];
    next.topic<Numbers>("orders").subscribe(({ data }) => void again.push(data), { id: "reader" });
    await env.advance(100);
    await next.close();
    // It was not waited for, so nobody knows that it was done.
    assertEquals(again, [1]);
    await store.close();
  });

  it("is left before it has its place", async () => {
    const disk = new Disk(env);
    const store = disk.open();
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    for (let i = 0; i < 5; i++) {
      const reader = topic.subscribe(() => {}, { id: "reader" });
      for (let turn = 0; turn < i; turn++) await undefined;
      reader.unsubscribe();
    }
    await env.advance(5000);
    const reader = topic.subscribe(() => {}, { id: "reader" });
    let isReady = false;
    reader.ready.then(() => isReady = true);
    await env.advance(6000);

    assert(isReady, "nobody keeps its place");
    void bus.close();
    await env.settle();
    await store.close();
  });

  it("ends quietly when its store is closed first", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    const reader = topic.subscribe(() => {}, { id: "reader" });
    await reader.ready;
    await topic.publish(n(1));
    await store.close();
    await env.advance(5000);

    await assertRejects(() => topic.publish(n(2)), ClosedError);
    assertEquals(await bus.close(), { completed: 0, left: 0 });
    assertEquals(env.reported, []);
  });

  it("reads what it has although its key function throws now, and says so", async () => {
    const store = new MemoryStore({ env });
    const one = new Bus({ env, store });
    await one.topic<Keyed>("steps", { key: byKey }).publish(step("a", 1));
    await one.close();
    const two = new Bus({ env, store });
    const broken = (): never => {
      throw new Error("no such field");
    };
    const topic = two.topic<Keyed>("steps", { key: broken });
    const seen: number[] = [];
    topic.subscribe(({ data }) => void seen.push(data.n), { id: "reader", from: "earliest" });
    await env.advance(100);

    assertEquals(seen, [1]);
    assertInstanceOf(env.reported.pop(), ValidationError);
    env.reported.length = 0;
    await two.close();
    await store.close();
  });

  it("takes what a handler throws, whatever it is", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders", { retry: { attempts: 1 } });
    topic.subscribe(({ data }) => {
      if (data === 1) throw undefined;
      return Promise.reject(data === 2 ? null : Symbol("no"));
    }, { id: "reader" });
    for (const i of [1, 2, 3]) await topic.publish(n(i));
    await env.advance(100);

    assertEquals((await store.read("topic/orders.dlq")).length, 3);
    assertEquals(topic.stats().subscriptions[0]?.deadLettered, 3);
    await bus.close();
    await store.close();
  });

  it("loses nothing of what is published while it closes", async () => {
    const disk = new Disk(env);
    const store = disk.open();
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    const seen: number[] = [];
    const reader = topic.subscribe(({ data }) => void seen.push(data), { id: "reader" });
    await env.settle();
    await reader.ready;
    const outcomes = [1, 2, 3].map((i) => topic.publish(n(i)));
    const closing = bus.close();
    const late = topic.publish(n(4)).catch((error) => error);
    await env.settle();
    await closing;

    assertEquals((await Promise.all(outcomes)).map(({ sequence }) => sequence), [1, 2, 3]);
    assertInstanceOf(await late, ClosedError);
    assertEquals(seen, [1, 2, 3]);
    await store.close();
  });

  it("lets a signal end a publish before it is committed, and not after", async () => {
    const disk = new Disk(env);
    const store = disk.open();
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    void topic.publish(n(0));
    await env.settle();
    const controller = new AbortController();
    const outcome = topic.publish(n(1), { signal: controller.signal }).catch((reason) => reason);
    await undefined;
    controller.abort("enough");
    await env.settle();

    assertEquals(await outcome, "enough");
    assertEquals((await store.read("topic/orders")).length, 1);
    assertEquals(topic.stats().rejected, 1);
    void bus.close();
    await env.settle();
    await store.close();
  });
});
