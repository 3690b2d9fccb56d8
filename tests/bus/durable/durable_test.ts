import { Bus, type TopicSubscription } from "@nova/events/bus";
import { MemoryStore } from "@nova/events/store";
import { createTestEnv } from "@nova/events/testing";
import {
  BufferFullError,
  ClosedError,
  ConfigMismatchError,
  FencedError,
  IdConflictError,
  UnsupportedError,
  ValidationError,
} from "@nova/events";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../../support/env.ts";
import { assertLaws, byKey, fails, type Keyed, n, type Numbers, step } from "../kit.ts";
import { Disk } from "./kit.ts";

describe("publishing to a durable topic", () => {
  const env = useTestEnv();

  it("resolves after the commit, with the place in the log", async () => {
    const disk = new Disk(env);
    const store = disk.open();
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders", { partitions: 3 });
    let receipts = 0;
    const publishing = Promise.all([1, 2, 3, 4].map(async (data) => {
      const receipt = await topic.publish({ ...n(data), id: `e-${data}` });
      receipts += 1;
      return receipt;
    }));
    await undefined;

    assertEquals(receipts, 0);
    assertEquals(topic.stats().waiting, 4);
    await env.settle();
    assertEquals(
      (await publishing).map(({ id, partition, sequence }) => [id, partition, sequence]),
      [["e-1", 0, 1], ["e-2", 1, 2], ["e-3", 2, 3], ["e-4", 0, 4]],
    );
    assertEquals((await store.read("topic/orders")).map(({ data }) => data), [1, 2, 3, 4]);
    assertEquals(topic.stats().accepted, 4);
    assertLaws(topic);
    await bus.close();
  });

  it("recognises an id that comes again, and refuses it with other content", async () => {
    const bus = new Bus({ env, store: new MemoryStore({ env }) });
    const topic = bus.topic<Numbers>("orders");
    const seen: number[] = [];
    topic.subscribe(({ data }) => void seen.push(data), { id: "a" });
    const first = await topic.publish({ ...n(1), id: "same" });
    const again = await topic.publish({ ...n(1), id: "same" });

    assertEquals([first.duplicate, again.duplicate], [false, true]);
    assertEquals(again.sequence, first.sequence);
    await assertRejects(() => topic.publish({ ...n(2), id: "same" }), IdConflictError);
    await bus.close();
    assertEquals(seen, [1]);
  });

  it("cannot be tried without a promise", async () => {
    const bus = new Bus({ env, store: new MemoryStore({ env }) });
    const topic = bus.topic<Numbers>("orders");

    assertThrows(() => topic.tryPublish(n(1)), UnsupportedError, "orders");
    await bus.close();
  });

  it("rejects what cannot enter, and counts it", async () => {
    const store = new MemoryStore({ env, maxEventBytes: 60 });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Keyed>("steps", { key: () => NaN });

    await assertRejects(() => topic.publish(step("a", 1)), ValidationError);
    const plain = bus.topic<{ text: string }>("texts");
    const error = await assertRejects(() => plain.publish({ type: "text", data: "x".repeat(100) }));
    assertInstanceOf(error, Error);
    assertEquals(plain.stats().rejected, 1);
    assertLaws(plain);
    await bus.close();
  });

  it("is refused when the bus or the store is closed", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    await store.close();
    await assertRejects(() => topic.publish(n(1)), ClosedError, "store");
    await bus.close();

    await assertRejects(() => topic.publish(n(1)), ClosedError, "orders");
  });

  it("waits for a subscription that keeps up and has no room", async () => {
    const bus = new Bus({ env, store: new MemoryStore({ env }) });
    const topic = bus.topic<Numbers>("orders", { bufferSize: 2, waitMs: 100 });
    const release: (() => void)[] = [];
    const subscription = topic.subscribe(
      () => new Promise<void>((resolve) => release.push(resolve)),
      { id: "slow" },
    );
    await subscription.ready;
    const outcomes: unknown[] = [];
    for (let i = 1; i <= 5; i++) {
      topic.publish(n(i)).then(({ sequence }) => outcomes.push(sequence), (e) => outcomes.push(e));
      await env.settle();
    }

    assertEquals(outcomes, [1, 2, 3], "one runs, two wait");
    assertEquals(topic.stats().waiting, 2);
    for (let i = 0; i < 5; i++) {
      release[i]?.();
      await env.settle();
    }
    assertEquals(outcomes, [1, 2, 3, 4, 5]);
    await bus.close();
  });

  it("does as the overflow policy says when there is no room", async () => {
    const bus = new Bus({ env, store: new MemoryStore({ env }) });
    const topic = bus.topic<Numbers>("orders", { bufferSize: 1, overflow: "reject" });
    const subscription = topic.subscribe(() => new Promise(() => {}), { id: "slow" });
    await subscription.ready;
    await topic.publish(n(1));
    await env.settle();
    await topic.publish(n(2));

    await assertRejects(() => topic.publish(n(3)), BufferFullError);
    await bus.close({ signal: AbortSignal.abort("enough") });
  });

  it("does not wait for a subscription that catches up", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders", { bufferSize: 2 });
    for (let i = 0; i < 2000; i++) await topic.publish(n(i));
    const subscription = topic.subscribe(() => new Promise(() => {}), {
      id: "slow",
      from: "earliest",
    });
    await subscription.ready;
    await env.settle();

    await topic.publish(n(2000));
    assertEquals(topic.stats().accepted, 2001);
    await bus.close({ signal: AbortSignal.abort("enough") });
  });
});

describe("a durable subscription", () => {
  const env = useTestEnv();

  it("needs an id", async () => {
    const bus = new Bus({ env, store: new MemoryStore({ env }) });
    const topic = bus.topic<Numbers>("orders");

    assertThrows(() => topic.subscribe(() => {}), TypeError, "without an id");
    assertThrows(() => topic.on("n", () => {}), TypeError, "without an id");
    assertThrows(() => bus.subscribe("orders", function named() {}), TypeError, "without an id");
    assertThrows(() => topic.subscribe(() => {}, { id: "x".repeat(300) }), ValidationError);
    await bus.close();
  });

  it("goes on where it was, also behind what it never saw", async () => {
    const store = new MemoryStore({ env });
    const seen: string[] = [];
    for (const life of [1, 2, 3]) {
      const bus = new Bus({ env, store });
      const topic = bus.topic<Keyed>("steps", { key: byKey, partitions: 4 });
      if (life !== 2) {
        topic.subscribe(({ data }) => void seen.push(`${data.key}${data.n}`), { id: "a" });
      }
      for (const key of ["x", "y", "z"]) await topic.publish(step(key, life));
      // Closing does not wait for one that catches up.
      await env.settle();
      await bus.close();
    }

    for (const key of ["x", "y", "z"]) {
      assertEquals(seen.filter((name) => name[0] === key), [`${key}1`, `${key}2`, `${key}3`]);
    }
    assertEquals(seen.length, 9);
    await store.close();
  });

  it("begins at the end, or at the start, the first time", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    await topic.publish(n(1));
    const seen: Record<string, number[]> = { latest: [], earliest: [] };
    for (const from of ["latest", "earliest"] as const) {
      topic.subscribe(({ data }) => void seen[from]!.push(data), { id: from, from });
    }
    // In the same turn: what is published after subscribing is seen.
    await topic.publish(n(2));
    await bus.close();

    assertEquals(seen, { latest: [2], earliest: [1, 2] });
    await store.close();
  });

  it("does not repeat what was done behind an event that was not", async () => {
    const store = new MemoryStore({ env });
    const first = new Bus({ env, store });
    const options = { key: byKey, maxConcurrency: 8, onFailure: "hold" } as const;
    const before = first.topic<Keyed>("steps", options);
    before.subscribe(({ data }) => data.key === "bad" ? fails() : undefined, {
      id: "a",
      retry: { attempts: 1 },
    });
    for (let i = 1; i <= 4; i++) {
      await before.publish(step(i === 2 ? "bad" : `k${i}`, i));
      await env.settle();
    }
    await before.publish(step("bad", 5));
    await env.settle();
    assertEquals(await first.close(), { completed: 0, left: 2 });

    const second = new Bus({ env, store });
    const seen: number[] = [];
    second.topic<Keyed>("steps", options).subscribe(({ data }) => void seen.push(data.n), {
      id: "a",
    });
    await env.settle();
    await second.close();
    assertEquals(seen, [2, 5]);
    await store.close();
  });

  it("saves its place after 256 events or 50 ms", async () => {
    const disk = new Disk(env);
    const store = disk.open();
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    const subscription = topic.subscribe(() => {}, { id: "a" });
    await env.settle();
    await subscription.ready;
    await publishAll(1);

    assertEquals(disk.mark("topic/orders/a")?.low, 0);
    await env.advance(49);
    assertEquals(disk.mark("topic/orders/a")?.low, 0);
    await env.advance(1);
    assertEquals(disk.mark("topic/orders/a")?.low, 1);
    await publishAll(256);
    assertEquals(disk.mark("topic/orders/a")?.low, 257);
    await bus.close();
    await store.close();

    async function publishAll(count: number): Promise<void> {
      for (let i = 0; i < count; i++) {
        void topic.publish(n(i));
        await env.settle();
      }
    }
  });

  it("hands its place to the next one with its id when it ends", async () => {
    const store = new MemoryStore({ env });
    const one = new Bus({ env, store });
    const two = new Bus({ env, store });
    const seen: string[] = [];
    const follow = (bus: Bus, name: string): TopicSubscription =>
      bus.topic<Numbers>("orders").subscribe(({ data }) => void seen.push(`${name}${data}`), {
        id: "a",
      });
    const first = follow(one, "one");
    await first.ready;
    const second = follow(two, "two");
    await one.topic<Numbers>("orders").publish(n(1));
    await two.topic<Numbers>("orders").publish(n(2));
    await env.settle();
    assertEquals(seen, ["one1", "one2"]);

    first.unsubscribe();
    await env.advance(2000);
    await second.ready;
    await one.topic<Numbers>("orders").publish(n(3));
    await env.settle();
    assertEquals(seen, ["one1", "one2", "two3"]);
    await one.close();
    await two.close();
    await store.close();
  });

  it("takes over from one that stands still, and shuts it out", async () => {
    const store = new MemoryStore({ env });
    // A process that is stopped: its time goes on later.
    const frozen = createTestEnv();
    const seen: string[] = [];
    let finish: () => void = () => {};
    const one = new Bus({ env: frozen, store });
    const stuck = one.topic<Numbers>("orders").subscribe(
      ({ data }) =>
        new Promise<void>((resolve) =>
          finish = () => {
            seen.push(`one${data}`);
            resolve();
          }
        ),
      { id: "a" },
    );
    await stuck.ready;
    await one.topic<Numbers>("orders").publish(n(1));
    await frozen.settle();
    const two = new Bus({ env, store });
    two.topic<Numbers>("orders").subscribe(({ data }) => void seen.push(`two${data}`), { id: "a" });
    await env.advance(4000);
    assertEquals(seen, [], "it is the other's turn");
    await env.advance(3000);
    assertEquals(seen, ["two1"]);

    finish();
    await frozen.advance(100);
    assertInstanceOf(frozen.reported.pop(), FencedError);
    await two.topic<Numbers>("orders").publish(n(2));
    await env.advance(100);
    await frozen.advance(10_000);
    assertEquals(seen, ["two1", "one1", "two2"], "it goes on for one of them");
    assert(stuck.active, "it waits for its turn");
    await two.close();
    await frozen.advance(3000);
    await one.topic<Numbers>("orders").publish(n(3));
    await frozen.settle();
    finish();
    await frozen.settle();
    assertEquals(seen, ["two1", "one1", "two2", "one3"]);
    await one.close();
    assertEquals(frozen.pending.timers, 0);
    await store.close();
  });

  it("is taken over after leaseMs", async () => {
    const store = new MemoryStore({ env });
    const frozen = createTestEnv();
    const one = new Bus({ env: frozen, store, leaseMs: 200 });
    await one.topic<Numbers>("orders").subscribe(() => {}, { id: "a" }).ready;
    const two = new Bus({ env, store });
    let isReady = false;
    two.topic<Numbers>("orders").subscribe(() => {}, { id: "a" }).ready.then(() => isReady = true);
    await env.advance(150);
    assertEquals(isReady, false);
    // Another asks four times in its own leaseMs.
    await env.advance(1150);
    assertEquals(isReady, true);
    await two.close();
    await one.close();
    await store.close();
    assertThrows(() => new Bus({ store, leaseMs: 0 }), RangeError, "leaseMs");
  });

  it("sees what another bus, or the store itself, appends", async () => {
    const store = new MemoryStore({ env });
    const one = new Bus({ env, store });
    const two = new Bus({ env, store });
    const seen: unknown[] = [];
    const subscription = one.topic<Numbers>("orders").subscribe(
      ({ data }) => void seen.push(data),
      {
        id: "a",
      },
    );
    await subscription.ready;
    await two.topic<Numbers>("orders").publish(n(1));
    await store.append("topic/orders", [{ type: "n", data: 2 }]);
    await one.topic<Numbers>("orders").publish(n(3));
    await env.settle();

    assertEquals(seen, [1, 2, 3]);
    await one.close();
    await two.close();
    await store.close();
  });

  it("rejects to be ready when the topic had other partitions, as publishing does", async () => {
    const store = new MemoryStore({ env });
    const one = new Bus({ env, store });
    await one.topic<Numbers>("orders", { partitions: 2 }).publish(n(1));
    await one.close();
    const two = new Bus({ env, store });
    const topic = two.topic<Numbers>("orders", { partitions: 3 });
    const subscription = topic.subscribe(() => {}, { id: "a" });

    await assertRejects(() => subscription.ready, ConfigMismatchError, "partitions");
    await assertRejects(() => topic.publish(n(1)), ConfigMismatchError, "partitions");
    assertInstanceOf(env.reported.pop(), ConfigMismatchError);
    await two.close();
    await store.close();
  });

  it("moves its place over what is written elsewhere, so that retention can", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    const subscription = topic.subscribe(() => {}, { id: "a" });
    await subscription.ready;
    await topic.publish(n(1));
    for (let i = 0; i < 100; i++) await store.append("other", [n(i)]);
    await env.advance(3000);

    assertEquals(await store.checkpoint("topic/orders/a"), 101);
    await bus.close();
    await store.close();
  });

  it("ends with its signal, and holds neither timer nor listener afterwards", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const controller = new AbortController();
    const subscription = bus.topic<Numbers>("orders").subscribe(() => {}, {
      id: "a",
      signal: controller.signal,
    });
    await subscription.ready;
    controller.abort();
    await env.settle();

    assert(!subscription.active);
    assertEquals(env.pending.timers, 0);
    await bus.close();
    await store.close();
  });
});

describe("Bus", () => {
  it("takes nothing but a store for one", () => {
    assertThrows(() => new Bus({ store: {} as never }), TypeError, "store");
  });
});
