import { ValidationError } from "@nova/events";
import { Bus, createEvent, type NovaEvent } from "@nova/events/bus";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, assertLaws, n, type Numbers } from "./kit.ts";

/** A proxy that nobody can look at any more. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const NO_EVENTS: readonly unknown[] = [undefined, null, 5, "n", true, Symbol("n"), () => {}];

const BAD_EVENTS: readonly (readonly [string, unknown])[] = [
  ["type", {}],
  ["type", { type: "" }],
  ["type", { type: 5 }],
  ["type", { type: "\ud800" }],
  ["type", { type: "n".repeat(257) }],
  ["type", { type: "order.*" }],
  ["id", { type: "n", id: "" }],
  ["id", { type: "n", id: 5 }],
  ["id", { type: "n", id: "\udc00" }],
  ["id", { type: "n", id: "é".repeat(129) }],
  ["timestamp", { type: "n", timestamp: NaN }],
  ["timestamp", { type: "n", timestamp: "now" }],
  ["timestamp", { type: "n", timestamp: Infinity }],
  ["metadata", { type: "n", metadata: { trace: 5 } }],
  ["metadata", { type: "n", metadata: JSON.parse('{"__proto__":"x"}') }],
  ["metadata", { type: "n", metadata: new Map() }],
  ["event", {
    get type(): string {
      throw new Error("no");
    },
  }],
  ["event", revoked()],
];

describe("Topic.publish()", () => {
  const env = useTestEnv();

  it("answers a receipt, and lets handlers run later", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    let handled = 0;
    topic.subscribe(() => void handled++);

    const published = topic.publish({ ...n(1), id: "e-1" });
    assertEquals(handled, 0);
    assertEquals(await published, {
      id: "e-1",
      partition: 0,
      sequence: 1,
      duplicate: false,
      dropped: false,
    });
    await env.settle();
    assertEquals(handled, 1);
  });

  it("numbers events over the whole topic, and lets partitions take turns from 0", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { partitions: 3 });

    const receipts = await Promise.all([1, 2, 3, 4].map((i) => topic.publish(n(i))));
    assertEquals(receipts.map(({ sequence }) => sequence), [1, 2, 3, 4]);
    assertEquals(receipts.map(({ partition }) => partition), [0, 1, 2, 0]);
  });

  it("passes a made event on as it is", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const seen: NovaEvent[] = [];
    topic.subscribe((event) => void seen.push(event));
    const event = createEvent("n", 1, { metadata: { trace: "t" }, env });

    assertEquals((await topic.publish(event)).id, event.id);
    await env.settle();
    assertStrictEquals(seen[0], event);
  });

  it("stamps another object on a frozen copy, and leaves the object alone", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const seen: NovaEvent[] = [];
    topic.subscribe((event) => void seen.push(event));
    const metadata = { trace: "t" };
    const literal = { type: "n", data: 1, metadata } as const;

    const { id } = await topic.publish(literal);
    metadata.trace = "changed";
    await env.settle();
    const [event] = seen;
    assertEquals(event, {
      id,
      type: "n",
      data: 1,
      metadata: { trace: "t" },
      timestamp: env.now(),
    });
    assert(Object.isFrozen(event));
    assertEquals(Object.keys(literal), ["type", "data", "metadata"]);
  });

  it("never throws: it rejects what is no event", async () => {
    const topic = new Bus({ env }).topic("a");

    for (const value of NO_EVENTS as never[]) {
      await assertRejects(() => topic.publish(value), TypeError, "event");
      assertThrows(() => topic.tryPublish(value), TypeError, "event");
    }
    assertEquals(topic.stats().attempts, 0);
  });

  it("rejects wrong content with a ValidationError that names the field", async () => {
    const topic = new Bus({ env }).topic("a");

    for (const [field, event] of BAD_EVENTS as (readonly [string, never])[]) {
      const error = await assertRejects(() => topic.publish(event), ValidationError);
      assertEquals([error.field, error.code], [field, "validation"]);
      assertThrows(() => topic.tryPublish(event), ValidationError);
    }
    assertEquals(topic.stats().attempts, 0);
    assertEquals((await topic.publish(n(1))).sequence, 1);
    assertLaws(topic);
  });

  it("rejects options that are no object, and admits nothing", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");

    for (const options of [null, 5, "x"] as never[]) {
      await assertRejects(() => topic.publish(n(1), options), TypeError, "must be an object");
    }
    await assertRejects(() => topic.publish(n(1), { signal: {} as never }), TypeError);
    assertEquals(topic.stats().accepted, 0);
  });

  it("rejects with the reason of a signal that is already aborted, and counts it", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const reason = { why: "not now" };
    const published = topic.publish(n(1), { signal: AbortSignal.abort(reason) });

    assertStrictEquals(await published.catch((error) => error), reason);
    assertEquals([topic.stats().attempts, topic.stats().rejected], [1, 1]);
    assertLaws(topic);
  });

  it("delivers what was accepted, whatever the signal does then", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const subscription = topic.subscribe(() => {});
    const controller = new AbortController();
    await topic.publish(n(1), { signal: controller.signal });
    controller.abort();
    await env.settle();

    assertFigures(subscription, { offered: 1, succeeded: 1 });
    assertEquals(env.pending.abortListeners, 0);
  });

  it("accepts events that nobody subscribed to", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 2 });

    for (let i = 1; i <= 10; i++) assertEquals((await topic.publish(n(i))).sequence, i);
    assertEquals(topic.stats().queued, 0);
  });
});

describe("Topic.tryPublish()", () => {
  const env = useTestEnv();

  for (const bufferSize of [1, 2, 3, 5, 16, 17, 1000]) {
    it(`answers false exactly when ${bufferSize} events wait in the partition`, () => {
      const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize, partitions: 2 });
      topic.subscribe(() => {});
      for (let i = 0; i < bufferSize * 2; i++) assertEquals(topic.tryPublish(n(i)), true);

      assertEquals(topic.tryPublish(n(-1)), false);
      assertEquals(topic.tryPublish(n(-2)), false);
      const { accepted, rejected, queued } = topic.stats();
      assertEquals([accepted, rejected, queued], [bufferSize * 2, 2, bufferSize * 2]);
      assertLaws(topic);
    });
  }

  it("counts what waits for the slowest subscription", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 2 });
    const gate = Promise.withResolvers<void>();
    topic.subscribe(() => {});
    topic.subscribe(() => gate.promise);
    topic.tryPublish(n(1));
    await env.settle();

    assertEquals([topic.tryPublish(n(2)), topic.tryPublish(n(3))], [true, true]);
    await env.settle();
    assertEquals([topic.tryPublish(n(4)), topic.stats().queued], [false, 2]);
    gate.resolve();
    await env.settle();
    assertEquals([topic.tryPublish(n(4)), topic.stats().rejected], [true, 1]);
  });

  it("says no while publishers wait: nobody overtakes them", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1 });
    const seen: number[] = [];
    topic.subscribe((event) => void seen.push(event.data));
    topic.tryPublish(n(1));
    const waiting = topic.publish(n(2));

    assertEquals(topic.tryPublish(n(3)), false);
    assertEquals((await waiting).sequence, 2);
    await env.settle();
    assertEquals(seen, [1, 2]);
  });
});

describe("Topic.publishBatch()", () => {
  const env = useTestEnv();

  it("answers one outcome for each event, in their order", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const outcomes = await topic.publishBatch([n(1), { type: "" } as never, n(3)]);

    assertEquals(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assertEquals(outcomes.map((o) => o.status === "fulfilled" && o.value.sequence), [1, false, 2]);
    assertInstanceOf(outcomes[1]?.status === "rejected" && outcomes[1].reason, ValidationError);
    assertLaws(topic);
  });

  it("takes a hole for what it is: no event", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const events = [n(1)];
    events[2] = n(3);
    const outcomes = await topic.publishBatch(events);

    assertEquals(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  });

  it("waits for room for each, in order, and gives its signal to all", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1 });
    const gate = Promise.withResolvers<void>();
    topic.subscribe(() => gate.promise);
    const controller = new AbortController();
    const batch = topic.publishBatch([n(1), n(2), n(3), n(4)], { signal: controller.signal });
    await env.settle();
    controller.abort("enough");

    const outcomes = await batch;
    assertEquals(
      outcomes.map((o) => o.status === "fulfilled" ? o.value.sequence : o.reason),
      [1, 2, "enough", "enough"],
    );
    assertLaws(topic);
    gate.resolve();
    await env.settle();
  });

  it("answers nothing for nothing, and rejects what is no array", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");

    assertEquals(await topic.publishBatch([]), []);
    for (const events of [null, undefined, 5, n(1), { length: 1 }] as never[]) {
      await assertRejects(() => topic.publishBatch(events), TypeError, "must be an array");
    }
  });
});
