import { TerminalError } from "@nova/events";
import { Bus, type DeadLetter, type TopicOptions } from "@nova/events/bus";
import { assert, assertEquals, assertThrows } from "@std/assert";
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
  step,
} from "./kit.ts";

/** A topic whose subscription fails on the events that `bad` names, for as long as it names them. */
function scene(env: import("@nova/events/bus").Env, options: TopicOptions<Keyed> = {}) {
  const bus = new Bus({ env });
  const topic = bus.topic<Keyed>("orders", { key: byKey, retry: { attempts: 1 }, ...options });
  const bad = new Set<string>();
  const seen: string[] = [];
  const subscription = topic.subscribe(({ data }, { attempt }) => {
    const name = `${data.key}${data.n}`;
    if (bad.has(name)) throw new Error(`bad ${name}`);
    seen.push(attempt === 1 ? name : `${name}!`);
  }, { id: "sub" });
  const publish = (...names: string[]) => {
    for (const name of names) {
      assert(topic.tryPublish(step(name.slice(0, 1), Number(name.slice(1)))));
    }
  };
  return { bus, topic, bad, seen, subscription, publish };
}

describe("onFailure", () => {
  const env = useTestEnv();

  it("skip, the default: dead-letters the event, and its key goes on", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env);
    bad.add("a1");
    publish("a1", "a2", "b1");
    await env.settle();

    assertEquals(seen, ["a2", "b1"]);
    assertEquals(subscription.parked(), []);
    assertFigures(subscription, { offered: 3, succeeded: 2, deadLettered: 1 });
    await bus.close();
  });

  it("park-key: dead-letters the event, and holds later ones of exactly its key", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env, { onFailure: "park-key" });
    bad.add("a1");
    publish("a1", "a2", "b1", "a3");
    await env.settle();

    assertEquals(seen, ["b1"]);
    assertEquals(subscription.parked(), [{ key: "a", partition: 0, waiting: 2 }]);
    assertFigures(subscription, { offered: 4, succeeded: 1, deadLettered: 1, held: 2 });
    assertEquals(subscription.release("b"), false);
    assertEquals(subscription.release("a"), true);
    publish("a4");
    await env.settle();
    assertEquals(seen, ["b1", "a2", "a3", "a4"]);
    assertEquals([subscription.parked(), subscription.release("a")], [[], false]);
    assertFigures(subscription, { offered: 5, succeeded: 4, deadLettered: 1 });
    await bus.close();
  });

  it("park-key: two keys of one lane do not park each other", async () => {
    const { bus, topic, subscription } = scene(env, { onFailure: "park-key" });
    const seen: string[] = [];
    // More keys than lanes: some share the lane of the parked one.
    const other = topic.subscribe(({ data }) => {
      if (data.key === "k0") throw new Error("no");
      seen.push(data.key);
    }, { id: "other" });
    for (let i = 0; i < 600; i++) topic.tryPublish(step(`k${i}`, 1));
    topic.tryPublish(step("k0", 2));
    await env.settle();

    assertEquals(seen.length, 599);
    assertEquals(other.parked(), [{ key: "k0", partition: 0, waiting: 1 }]);
    assertEquals(subscription.parked(), []);
    await bus.close();
  });

  it("park-key: asynchronous handlers of the key that wait in its lane are parked, too", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Keyed>("orders", {
      key: byKey,
      onFailure: "park-key",
      maxConcurrency: 4,
      retry: { attempts: 2, delayMs: 10, jitter: "none" },
    });
    const seen: string[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      await Promise.resolve();
      if (data.key === "a" && data.n === 1) throw new Error("no");
      seen.push(data.key + data.n);
    });
    for (const name of ["a1", "a2", "b1", "a3", "b2"]) {
      topic.tryPublish(step(name.slice(0, 1), Number(name.slice(1))));
    }
    await env.advance(100);

    assertEquals(seen, ["b1", "b2"]);
    assertEquals(subscription.parked(), [{ key: "a", partition: 0, waiting: 2 }]);
    subscription.release("a");
    await env.settle();
    assertEquals(seen, ["b1", "b2", "a2", "a3"]);
    await bus.close();
  });

  it("park-key: an event without a key is dead-lettered and parks nothing", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("orders", { onFailure: "park-key", retry: { attempts: 1 } });
    const subscription = topic.subscribe(fails);
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();

    assertEquals(subscription.parked(), []);
    assertFigures(subscription, { offered: 2, deadLettered: 2 });
    await bus.close();
  });

  it("hold: dead-letters nothing, and the key waits until it is released and succeeds", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env, {
      onFailure: "hold",
      retry: { attempts: 2, delayMs: 10, jitter: "none" },
    });
    bad.add("a1");
    publish("a1", "a2", "b1");
    await env.advance(100);

    assertEquals(seen, ["b1"]);
    assertEquals(bus.stats().topics.length, 1);
    assertEquals(subscription.parked(), [{ key: "a", partition: 0, waiting: 1 }]);
    assertFigures(subscription, { offered: 3, succeeded: 1, held: 2, retries: 1 });
    subscription.release("a");
    await env.advance(100);
    assertEquals(seen, ["b1"]);
    bad.clear();
    subscription.release("a");
    await env.advance(100);
    assertEquals(seen, ["b1", "a1", "a2"]);
    assertFigures(subscription, { offered: 3, succeeded: 3, retries: 2 });
    await bus.close();
  });

  it("hold: release without a key means the events that have none", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("orders", { onFailure: "hold", retry: { attempts: 1 } });
    let broken = true;
    const seen: number[] = [];
    const subscription = topic.subscribe(({ data }) => {
      if (broken) throw new TerminalError("no");
      seen.push(data);
    });
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();
    broken = false;

    assertEquals(subscription.parked(), [{ key: undefined, partition: 0, waiting: 2 }]);
    assertEquals(subscription.release(), true);
    await env.settle();
    assertEquals(seen, [1, 2]);
    await bus.close();
  });

  it("is the topic's unless the subscription has its own; nonsense is refused", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Keyed>("orders", {
      key: byKey,
      retry: { attempts: 1 },
      onFailure: "hold",
    });
    const holds = topic.subscribe(fails, { id: "holds" });
    const skips = topic.subscribe(fails, { id: "skips", onFailure: "skip" });
    topic.tryPublish(step("a", 1));
    await env.settle();

    assertEquals([holds.stats().held, skips.stats().deadLettered], [1, 1]);
    assertThrows(() => topic.subscribe(() => {}, { onFailure: "stop" as never }), RangeError);
    assertThrows(() => bus.topic("b", { onFailure: "stop" as never }), RangeError);
    await bus.close();
  });

  it("is not waited for by close, which says what is left", async () => {
    for (const onFailure of ["hold", "park-key"] as const) {
      const { bus, bad, topic, publish } = scene(env, { onFailure });
      bad.add("a1");
      publish("a1", "a2", "a3");
      await env.settle();

      assertEquals(await bus.close(), { completed: 0, left: onFailure === "hold" ? 3 : 2 });
      assertLaws(topic);
    }
  });

  it("counts what is set aside against maxHeld, and then takes no new events", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env, {
      onFailure: "park-key",
      maxHeld: 2,
    });
    bad.add("a1");
    publish("a1", "a2", "a3", "b1");
    await env.settle();

    assertEquals(seen, []);
    assertFigures(subscription, { offered: 4, deadLettered: 1, held: 2, queued: 1 });
    subscription.release("a");
    await env.settle();
    assertEquals(seen, ["a2", "a3", "b1"]);
    await bus.close();
  });
});

describe("TopicSubscription.redrive()", () => {
  const env = useTestEnv();

  it("delivers letters again, to their subscription only, from the first attempt", async () => {
    const { bus, topic, bad, seen, subscription, publish } = scene(env, {
      retry: { attempts: 2, delayMs: 10, jitter: "none" },
    });
    const others: string[] = [];
    topic.subscribe(({ data }) => void others.push(data.key + data.n));
    bad.add("a1").add("b1");
    publish("a1", "b1", "c1");
    await env.advance(100);
    bad.clear();

    assertEquals(subscription.redrive(), { redriven: 2, left: 0 });
    await env.settle();
    assertEquals(seen, ["c1", "a1", "b1"]);
    assertEquals(others, ["a1", "b1", "c1"]);
    assertFigures(subscription, { offered: 5, succeeded: 3, deadLettered: 2, retries: 2 });
    assertEquals(bus.stats().topics[1]?.queued, 0);
    assertEquals(subscription.redrive(), { redriven: 0, left: 0 });
    await bus.close();
  });

  it("takes a filter, a limit, and a dry run", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env);
    for (const name of ["a1", "b1", "a2", "b2"]) bad.add(name);
    publish("a1", "b1", "a2", "b2");
    await env.settle();
    bad.clear();
    const filter = ({ event }: DeadLetter) => (event.data as { key: string }).key === "a";

    assertEquals(subscription.redrive({ filter, dryRun: true }), { redriven: 2, left: 2 });
    await env.settle();
    assertEquals(seen, []);
    assertEquals(subscription.redrive({ filter, limit: 1 }), { redriven: 1, left: 3 });
    assertEquals(subscription.redrive({ limit: 0 }), { redriven: 0, left: 3 });
    await env.settle();
    assertEquals(seen, ["a1"]);
    assertEquals(subscription.redrive({ limit: 2 }), { redriven: 2, left: 1 });
    await env.settle();
    assertEquals(seen, ["a1", "b1", "a2"]);
    assertThrows(() => subscription.redrive({ limit: -1 }), RangeError);
    assertThrows(() => subscription.redrive({ filter: "a" as never }), TypeError);
    await bus.close();
  });

  it("writes the lineage into a letter that comes back", async () => {
    const { bus, bad, subscription, publish } = scene(env);
    const redrives: number[] = [];
    bad.add("a1");
    publish("a1");
    await env.settle();
    bus.subscribe("orders.dlq", ({ data }) => void redrives.push((data as DeadLetter).redrives), {
      from: "earliest",
    });
    for (let i = 0; i < 2; i++) {
      await env.settle();
      assertEquals(subscription.redrive(), { redriven: 1, left: 0 });
    }
    await env.settle();

    assertEquals(redrives, [0, 1, 2]);
    await bus.close();
  });

  it("drains a parked key in order: the failed event first, then what waited", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env, { onFailure: "park-key" });
    bad.add("a1");
    publish("a1", "a2", "b1", "a3");
    await env.settle();
    bad.clear();

    assertEquals(subscription.redrive(), { redriven: 1, left: 0 });
    publish("a4");
    await env.settle();
    assertEquals(seen, ["b1", "a1", "a2", "a3", "a4"]);
    assertEquals(subscription.parked(), []);
    await bus.close();
  });

  it("parks the key again when the event fails again, and keeps the order of the rest", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env, { onFailure: "park-key" });
    bad.add("a1");
    publish("a1", "a2", "a3");
    await env.settle();
    subscription.redrive();
    await env.settle();

    assertEquals([seen, subscription.parked()], [[], [{ key: "a", partition: 0, waiting: 2 }]]);
    bad.clear();
    subscription.redrive();
    await env.settle();
    assertEquals(seen, ["a1", "a2", "a3"]);
    assertLaw(subscription.stats());
    await bus.close();
  });

  it("drains a parked key in order when several of its events failed", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env, { onFailure: "park-key" });
    bad.add("a1").add("a2");
    publish("a1", "a2", "a3");
    await env.settle();
    subscription.release("a");
    await env.settle();
    bad.clear();

    assertEquals(subscription.redrive(), { redriven: 2, left: 0 });
    await env.settle();
    assertEquals(seen, ["a1", "a2", "a3"]);
    assertLaw(subscription.stats());
    await bus.close();
  });

  it("drains a parked key also when what waits behind it has taken all the room", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env, {
      onFailure: "park-key",
      maxHeld: 2,
    });
    bad.add("a1").add("a2");
    publish("a1", "a2", "a3", "a4", "a5");
    await env.settle();
    subscription.release("a");
    await env.settle();
    assertFigures(subscription, { offered: 5, deadLettered: 2, held: 2, queued: 1 });
    bad.clear();

    assertEquals(subscription.redrive(), { redriven: 2, left: 0 });
    await env.settle();
    assertEquals(seen, ["a1", "a2", "a3", "a4", "a5"]);
    assertLaw(subscription.stats());
    await bus.close();
  });

  it("takes a filter that redrives by itself", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env);
    bad.add("a1").add("b1");
    publish("a1", "b1");
    await env.settle();
    bad.clear();
    const filter = (): boolean => subscription.redrive().redriven >= 0;

    assertEquals(subscription.redrive({ filter }), { redriven: 0, left: 0 });
    await env.settle();
    assertEquals(seen, ["a1", "b1"]);
    await bus.close();
  });

  it("leaves letters for which there is no room", async () => {
    const { bus, bad, subscription, publish } = scene(env, { maxHeld: 2 });
    for (const name of ["a1", "b1", "c1"]) bad.add(name);
    publish("a1", "b1", "c1");
    await env.settle();
    const gate = Promise.withResolvers<void>();
    bad.clear();
    const busy = bus.topic<Keyed>("orders").subscribe(() => gate.promise, { id: "sub" });

    // The new one has the same label and one slot: two more fit behind it.
    const { redriven, left } = busy.redrive();
    assertEquals(redriven + left, 3);
    assert(left >= 1 || redriven === 3);
    gate.resolve();
    await env.settle();
    assertLaw(busy.stats());
    assertLaw(subscription.stats());
    await bus.close();
  });

  it("makes room for events that a full dead-letter topic kept held", async () => {
    const { bus, bad, seen, subscription, publish } = scene(env, { deadLetter: { maxEvents: 1 } });
    for (const name of ["a1", "b1", "c1"]) bad.add(name);
    publish("a1", "b1", "c1", "c2");
    await env.settle();
    assertFigures(subscription, { offered: 4, deadLettered: 1, held: 3 });
    bad.delete("a1");

    assertEquals(subscription.redrive(), { redriven: 1, left: 0 });
    await env.settle();
    assertEquals(seen, ["a1"]);
    assertFigures(subscription, { offered: 5, succeeded: 1, deadLettered: 2, held: 2 });
    bad.clear();
    subscription.release("c");
    await env.settle();
    assertEquals(seen, ["a1", "c1", "c2"]);
    await bus.close();
  });

  it("is nothing without letters, and works through a pattern", async () => {
    const bus = new Bus({ env });
    let broken = true;
    const seen: unknown[] = [];
    const subscription = bus.subscribe("orders.*", ({ data }) => {
      if (broken) throw new Error("no");
      seen.push(data);
    }, { retry: { attempts: 1 } });
    assertEquals(subscription.redrive(), { redriven: 0, left: 0 });
    bus.topic<Numbers>("orders.eu").tryPublish(n(1));
    bus.topic<Numbers>("orders.us").tryPublish(n(2));
    await env.settle();
    broken = false;

    assertEquals(subscription.redrive({ limit: 1 }), { redriven: 1, left: 1 });
    assertEquals(subscription.redrive(), { redriven: 1, left: 0 });
    await env.settle();
    assertEquals(seen, [1, 2]);
    await bus.close();
  });

  it("shows a redriven letter to nobody who comes later", async () => {
    const { bus, bad, subscription, publish } = scene(env);
    bad.add("a1").add("b1");
    publish("a1", "b1");
    await env.settle();
    bad.clear();
    subscription.redrive({ limit: 1 });
    const letters: unknown[] = [];
    const late = bus.subscribe(
      "orders.dlq",
      ({ data }) => void letters.push(((data as DeadLetter).event.data as { key: string }).key),
      { from: "earliest" },
    );
    await env.settle();

    assertEquals(letters, ["b"]);
    assertLaw(late.stats());
    await bus.close();
  });
});
