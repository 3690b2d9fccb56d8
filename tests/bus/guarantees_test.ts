import { Bus, TerminalError } from "@nova/events/bus";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { n, type Numbers } from "./kit.ts";

describe("bus.guarantees()", () => {
  const env = useTestEnv();

  it("says of each topic how often, where, in which order, and what may be lost", () => {
    const bus = new Bus({ env, name: "shop" });
    bus.topic("plain");
    bus.topic("telemetry", { delivery: "at-most-once", overflow: "drop-newest" });
    bus.topic("money", { delivery: "exactly-once", key: () => "k" });
    bus.topic("keyed", { dedupe: { key: () => "x", windowMs: 5, maxIds: 7 } });
    const { bus: name, survives, topics } = bus.guarantees();

    assertEquals([name, survives], ["shop", "nothing"]);
    const facts = topics.map(({ topic, delivery, order, recognises, losses }) =>
      [topic, delivery, order, recognises, losses.length] as const
    );
    assertEquals(facts, [
      ["plain", "at-least-once", "none", "nothing", 0],
      ["telemetry", "at-most-once", "none", "nothing", 2],
      ["money", "exactly-once", "per key", "ids", 0],
      ["keyed", "at-least-once", "none", "keys", 0],
    ]);
    for (const { scope } of topics) assert(scope.includes("this process"));
    const text = `${bus.guarantees()}`;
    for (const part of ['"drop-newest"', "within 5 ms", "at most 7", "waits up to 30000 ms"]) {
      assert(text.includes(part), part);
    }
  });

  it("says of each subscription what is done when its handler fails", () => {
    const bus = new Bus({ env });
    const topic = bus.topic("a", { delivery: "exactly-once", deadlineMs: 10 });
    topic.subscribe(() => {}, { id: "skips", retry: { attempts: 7 } });
    topic.subscribe(() => {}, { id: "parks", onFailure: "park-key", deadlineMs: Infinity });
    topic.subscribe(() => {}, { group: "holds", onFailure: "hold" });
    bus.topic("b", { delivery: "at-most-once" }).subscribe(() => {}, { id: "s" });
    const [first, second] = bus.guarantees().topics;

    assertEquals(first?.subscriptions.map(({ subscription, isGroup }) => [subscription, isGroup]), [
      ["skips", false],
      ["parks", false],
      ["holds", true],
    ]);
    const [skips, parks, holds] = first!.subscriptions.map(({ because }) => because.join("; "));
    assert(skips?.includes("7 attempts, then a dead letter"));
    assert(skips?.includes("given up after 20 ms"));
    assert(parks?.includes("its key is held"));
    assertFalse(parks?.includes("given up"));
    assert(holds?.includes("it is held"));
    assertEquals(second?.subscriptions[0]?.because.length, 1);
  });

  it("says of each subscription what it may miss, and when a pulled event is done", () => {
    const bus = new Bus({ env });
    const topic = bus.topic("a", { bufferSize: 5, retention: { maxEvents: 50 } });
    topic.subscribe(() => {}, { id: "jumps", onLag: "drop-oldest", lossy: true });
    topic.subscribe(() => {}, { id: "ends", onLag: "close" });
    topic.subscribe(() => {}, { id: "marked", onGap: "marker" });
    const consumer = topic.consume({ id: "pulls", ackWaitMs: 70 });
    bus.topic("b", { delivery: "at-most-once" }).subscribe(() => {}, { id: "s" });
    const [first, second] = bus.guarantees().topics;

    assertEquals(first?.subscriptions.map(({ losses }) => losses.join()), [
      'onLag "drop-oldest": what it is more than 50 events behind',
      'onLag "close": it ends when it is more than 50 events behind',
      'onGap "marker": what is no longer retained when it gets there',
      "",
    ]);
    const [pulls] = first!.subscriptions.slice(-1);
    assert(pulls?.because[0]?.includes("acknowledged, within 70 ms"));
    assertEquals(pulls?.because.length, 1);
    assert(second?.subscriptions[0]?.losses[0]?.includes("more than 1000 events behind"));
    assert(`${bus.guarantees()}`.includes('    - lost by onLag "close"'));
    consumer.return!();
  });

  it("is a report as text, without dead letters, and changes nothing (I10)", async () => {
    const bus = new Bus({ env, name: "shop" });
    const topic = bus.topic<Numbers>("a");
    topic.subscribe(() => {
      throw new TerminalError("no");
    }, { id: "s" });
    topic.tryPublish(n(1));
    await env.settle();
    const before = bus.stats();

    assertEquals(String(bus.guarantees()).split("\n"), [
      'bus "shop" survives nothing: everything is kept in memory',
      'topic "a": at-least-once, in this process, for as long as the topic exists',
      "  - an event that is published twice is two events, unless a producer numbers it",
      "  - there is no key, so events have no order once several handlers run or one is tried again",
      "  - behind 1000 events in a partition a publisher waits up to 30000 ms, then gets an error",
      '  subscription "s": at-least-once',
      "    - an event is done when its handler has succeeded: up to 3 attempts, then a dead letter",
      "    - a handler is given up after 60000 ms, and may then run beside the next attempt",
    ]);
    assertEquals(bus.stats(), before);
    await bus.close();
    assertEquals(bus.guarantees().topics.length, 1);
    assert(String(new Bus({ env }).guarantees()).startsWith('bus "bus"'));
  });
});
