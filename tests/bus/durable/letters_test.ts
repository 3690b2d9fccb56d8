import { TerminalError } from "@nova/events";
import { Bus, type DeadLetter, type TopicSubscription } from "@nova/events/bus";
import { MemoryStore } from "@nova/events/store";
import { createTestEnv } from "@nova/events/testing";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../../support/env.ts";
import { assertLaws, byKey, type Keyed, n, type Numbers, step } from "../kit.ts";
import { Disk } from "./kit.ts";

/** A subscription that gives up what is in `bad`, and notes the rest. */
function reader(
  bus: Bus,
  bad: ReadonlySet<number>,
  seen: number[],
  onFailure: "skip" | "park-key" = "skip",
): TopicSubscription {
  return bus.topic<Keyed>("steps", { key: byKey }).subscribe(({ data }) => {
    if (bad.has(data.n)) throw new TerminalError(`no ${data.n}`);
    seen.push(data.n);
  }, { id: "reader", onFailure });
}

const ALL_WELL: ReadonlySet<number> = new Set();

describe("dead letters of a durable topic", () => {
  const env = useTestEnv();

  it("are in the store, and say what there is to say", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    reader(bus, new Set([2]), []);
    for (const i of [1, 2, 3]) await bus.publish("steps", step("a", i));
    await bus.close();

    const [letter] = await store.read("topic/steps.dlq");
    const { event, error, attempts, subscription, redrives } = letter!.data as DeadLetter;
    assertEquals((event.data as Keyed["step"]).n, 2);
    assertEquals([error.code, attempts, subscription, redrives], ["terminal", 1, "reader", 0]);
    await store.close();
  });

  it("are redriven after a restart, and are gone when their event is handled", async () => {
    const store = new MemoryStore({ env });
    const first = new Bus({ env, store });
    reader(first, new Set([2, 3]), []);
    for (const i of [1, 2, 3, 4]) await first.publish("steps", step(`k${i}`, i));
    await first.close();

    const seen: number[] = [];
    const second = new Bus({ env, store });
    const subscription = reader(second, new Set([3]), seen);
    await subscription.ready;
    assertEquals(subscription.redrive({ dryRun: true }), { redriven: 2, left: 0 });
    assertEquals(subscription.redrive(), { redriven: 2, left: 0 });
    await env.advance(100);
    assertEquals(seen, [2]);
    await second.close();

    const third = new Bus({ env, store });
    const again = reader(third, ALL_WELL, seen);
    await again.ready;
    // What failed again is there again, once, and what was handled is not.
    assertEquals(again.redrive({ dryRun: true }), { redriven: 1, left: 0 });
    assertEquals(again.redrive(), { redriven: 1, left: 0 });
    await env.advance(100);
    assertEquals(seen, [2, 3]);
    await third.close();
    const counts = (await store.read("topic/steps.dlq")).map(({ data }) =>
      (data as DeadLetter).redrives
    );
    assertEquals(counts, [0, 0, 1]);
    await store.close();
  });

  it("come back when the process dies before a redriven event is handled", async () => {
    const lost = createTestEnv();
    const disk = new Disk(lost);
    const store = disk.open();
    const first = new Bus({ env: lost, store });
    reader(first, new Set([1]), []);
    void first.publish("steps", step("a", 1));
    await lost.advance(100);
    void first.close();
    await lost.settle();

    const dying = new Bus({ env: lost, store: disk.open() });
    const hangs = dying.topic<Keyed>("steps", { key: byKey }).subscribe(
      () => new Promise(() => {}),
      { id: "reader" },
    );
    await lost.advance(100);
    assertEquals(hangs.redrive(), { redriven: 1, left: 0 });
    await lost.advance(100);
    hangs.unsubscribe();
    await lost.advance(100);

    const third = new Bus({ env: lost, store: disk.open() });
    const seen: number[] = [];
    const subscription = reader(third, ALL_WELL, seen);
    await lost.advance(100);
    assertEquals(subscription.redrive(), { redriven: 1, left: 0 });
    await lost.advance(100);
    assertEquals(seen, [1]);
  });

  it("leave the key parked, also over a restart, until it is released", async () => {
    const store = new MemoryStore({ env });
    const first = new Bus({ env, store });
    reader(first, new Set([1]), [], "park-key");
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 3]] as const) {
      await first.publish("steps", step(key, i));
    }
    await first.close();

    const seen: number[] = [];
    const second = new Bus({ env, store });
    const subscription = reader(second, ALL_WELL, seen, "park-key");
    await subscription.ready;
    await second.publish("steps", step("a", 4));
    await env.settle();
    assertEquals(subscription.parked(), [{ key: "a", partition: 0, waiting: 2 }]);
    assertEquals(subscription.redrive(), { redriven: 1, left: 0 });
    await env.advance(100);
    assertEquals(seen, [1, 2, 4]);
    await second.close();

    const third = new Bus({ env, store });
    const after = reader(third, ALL_WELL, seen, "park-key");
    await after.ready;
    assertEquals(after.parked(), []);
    await third.close();
    await store.close();
  });

  it("hold the event when they are full, and take it when there is room", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders", { deadLetter: { maxEvents: 1 } });
    let isBroken = true;
    const seen: number[] = [];
    const subscription = topic.subscribe(({ data }) => {
      if (isBroken) throw new TerminalError("no");
      seen.push(data);
    }, { id: "reader" });
    await topic.publish(n(1));
    await topic.publish(n(2));
    await env.advance(100);

    const { deadLettered, held } = subscription.stats();
    assertEquals([deadLettered, held], [1, 1]);
    assertLaws(topic);
    isBroken = false;
    assertEquals(subscription.redrive(), { redriven: 1, left: 0 });
    await env.advance(100);
    assertEquals(seen, [1]);
    assertEquals(subscription.stats().deadLettered, 2);
    await bus.close();
    await store.close();
  });

  it("are read by a subscription with an id, which sees those that are there", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const subscription = reader(bus, new Set([1, 2]), []);
    await bus.publish("steps", step("a", 1));
    await bus.publish("steps", step("b", 2));
    await env.advance(100);
    subscription.redrive({ limit: 1 });
    const letters: number[] = [];
    bus.subscribe("*.dlq", ({ data }) => {
      letters.push(((data as DeadLetter).event.data as Keyed["step"]).n);
    }, { id: "watcher", from: "earliest" });
    await env.advance(100);
    await bus.close();

    // The first was redriven, and failed again.
    assertEquals(letters, [2, 1]);
    await store.close();
  });

  it("of one process are redriven by the next that takes over, and none of them is lost", async () => {
    const store = new MemoryStore({ env });
    const one = new Bus({ env, store });
    const two = new Bus({ env, store });
    const first = reader(one, new Set([1, 2, 3]), []);
    await first.ready;
    const seen: number[] = [];
    await one.publish("steps", step("k1", 1));
    await env.advance(100);
    const second = reader(two, ALL_WELL, seen);
    await env.advance(100);
    // The other bus knows of the first letter at most.
    for (const i of [2, 3]) await one.publish("steps", step(`k${i}`, i));
    await env.advance(100);
    first.unsubscribe();
    await env.advance(2000);

    await second.ready;
    assertEquals(second.redrive({ limit: 1 }), { redriven: 1, left: 2 });
    await env.advance(100);
    assertEquals(seen, [1]);
    await one.close();
    await two.close();
    const three = new Bus({ env, store });
    const third = reader(three, ALL_WELL, seen);
    await third.ready;
    assertEquals(third.redrive(), { redriven: 2, left: 0 });
    await env.advance(100);
    assertEquals(seen, [1, 2, 3]);
    await three.close();
    await store.close();
  });

  it("are not a reason to lose the event when they cannot be written", async () => {
    const store = new MemoryStore({ env, maxEventBytes: 150 });
    const bus = new Bus({ env, store });
    const topic = bus.topic<{ text: string }>("texts");
    const subscription = topic.subscribe(() => {
      throw new TerminalError("a reason that makes the letter larger than the store takes");
    }, { id: "reader" });
    await topic.publish({ type: "text", data: "x".repeat(90) });
    await env.advance(100);

    assertEquals(subscription.stats().held, 1);
    assertStringIncludes(String(env.reported.pop()), "bytes");
    assertLaws(topic);
    assertEquals(await bus.close(), { completed: 0, left: 1 });
    const next = new Bus({ env, store });
    const seen: unknown[] = [];
    next.topic<{ text: string }>("texts").subscribe(({ data }) => void seen.push(data), {
      id: "reader",
    });
    await env.advance(100);
    await next.close();
    assertEquals(seen.length, 1);
    assert(store.stats().events === 1);
    await store.close();
  });
});
