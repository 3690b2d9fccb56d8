import { Bus } from "@nova/events/bus";
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { byKey, fails, type Keyed, n, type Numbers, step } from "./kit.ts";

describe("bus.health()", () => {
  const env = useTestEnv();

  it("is healthy while nothing stands still", async () => {
    const bus = new Bus({ env });
    assertEquals(bus.health(), { status: "healthy", subscriptions: [] });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 2, delayMs: 5 } });
    topic.subscribe(fails, { id: "s" });
    topic.tryPublish(n(1));
    await env.advance(100);

    // What failed is among the dead letters, and somebody may look at them in time.
    assertEquals(bus.health(), {
      status: "healthy",
      subscriptions: [{ topic: "a", subscription: "s", status: "healthy", reasons: [] }],
    });
  });

  it("is degraded by parked keys, and by events that are held because they were to be", async () => {
    const bus = new Bus({ env, defaults: { retry: { attempts: 1 } } });
    const topic = bus.topic<Keyed>("a", { key: byKey });
    const parks = topic.subscribe(fails, { id: "parks", onFailure: "park-key" });
    const holds = topic.subscribe(fails, { group: "holds", onFailure: "hold" });
    for (const key of ["a", "b"]) topic.tryPublish(step(key, 1));
    await env.settle();
    const { status, subscriptions } = bus.health();

    assertEquals(status, "degraded");
    const found = subscriptions.map(({ subscription, status, reasons }) =>
      [subscription, status, ...reasons.map(({ code, message }) => `${code}: ${message}`)] as const
    );
    assertEquals(found, [
      ["parks", "degraded", "parked: 2 keys are parked until they are released or redriven"],
      [
        "holds",
        "degraded",
        "held: 2 failed events are held, with their keys, until they are released",
      ],
    ]);
    for (const key of ["a", "b"]) parks.release(key);
    holds.unsubscribe();
    await env.settle();
    assertEquals(bus.health().status, "healthy");
  });

  it("fails when dead letters are full, until there is room", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 }, deadLetter: { maxEvents: 1 } });
    let broken = true;
    const subscription = topic.subscribe(() => broken ? fails() : undefined, { id: "s" });
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();
    const { status, subscriptions } = bus.health();
    assertEquals([status, subscriptions[0]?.reasons[0]?.code], ["unhealthy", "dead-letters"]);
    broken = false;
    subscription.redrive();
    await env.settle();

    assertEquals(bus.health().status, "healthy");
    assertEquals(subscription.stats().deadLettered, 2);
  });

  it("says when handlers were given up, and when they are more than there are slots", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", {
      deadlineMs: 5,
      abandonMs: 5,
      maxConcurrency: 2,
      retry: { attempts: 1 },
    });
    const gate = Promise.withResolvers<void>();
    topic.subscribe(() => gate.promise);
    topic.tryPublish(n(1));
    await env.advance(20);
    assertEquals(bus.health().status, "degraded");
    assertEquals(bus.health().subscriptions[0]?.reasons[0]?.code, "zombies");
    topic.tryPublish(n(2));
    await env.advance(20);
    assertEquals(bus.health().status, "unhealthy");
    gate.resolve();
    await env.settle();

    assertEquals(bus.health().status, "healthy");
  });

  it("covers handlers of dead letters, and changes nothing (I10)", async () => {
    const bus = new Bus({ env, defaults: { retry: { attempts: 1 } } });
    bus.topic<Numbers>("a").subscribe(fails, { id: "s" });
    bus.subscribe("*.dlq", fails, { id: "letters", retry: { attempts: 1 } });
    await bus.publish("a", n(1));
    await env.settle();
    const before = JSON.stringify(bus.stats());
    const health = bus.health();

    assertEquals(health.status, "degraded");
    assert(
      health.subscriptions.some(({ topic, reasons }) =>
        topic === "a.dlq" && reasons[0]?.code === "held"
      ),
    );
    assertEquals(JSON.stringify(bus.stats()), before);
  });
});
