import { BufferFullError, ClosedError, ValidationError } from "@nova/events";
import { Bus, createEvent, type NovaEvent, type Receipt } from "@nova/events/bus";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, assertLaws, byKey, type Keyed, n, type Numbers, step } from "./kit.ts";

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

describe("a publisher that waits", () => {
  const env = useTestEnv();

  it("is not overtaken by a handler that publishes into the room it makes", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 2 });
    const seen: number[] = [];
    let inside: Promise<Receipt> | undefined;
    let overtook: boolean | undefined;
    topic.subscribe(({ data }) => {
      seen.push(data);
      if (data !== 2) return;
      overtook = topic.tryPublish(n(-1));
      inside = topic.publish(n(4));
    });
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    const waiting = topic.publish(n(3));
    await env.settle();

    assertEquals(overtook, false);
    assertEquals([(await waiting).sequence, (await inside)?.sequence], [3, 4]);
    assertEquals(seen, [1, 2, 3, 4]);
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

describe("overflow", () => {
  const env = useTestEnv();

  it('"reject" rejects at once with what a caller needs to know', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 2, overflow: "reject" });
    const subscription = topic.subscribe(() => {});
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));

    const error = await topic.publish(n(3)).catch((error) => error);
    assertInstanceOf(error, BufferFullError);
    assertEquals([error.code, error.capacity, error.retryable], ["buffer-full", 2, true]);
    assertMatch(error.message, /topic "a".* 2 is full/);
    assertEquals(topic.stats().rejected, 1);
    await env.settle();
    assertFigures(subscription, { offered: 2, succeeded: 2 });
    assertLaws(topic);
  });

  it('"drop-newest" drops the new event, says so and counts it', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1, overflow: "drop-newest" });
    const seen: number[] = [];
    topic.subscribe((event) => void seen.push(event.data));
    topic.tryPublish(n(1));

    const published = topic.publish({ ...n(2), id: "e-2" });
    assertEquals(topic.tryPublish(n(3)), false);
    assertEquals(await published, {
      id: "e-2",
      partition: 0,
      sequence: 0,
      duplicate: false,
      dropped: true,
    });
    await env.settle();
    const { attempts, accepted, dropped, rejected } = topic.stats();
    assertEquals([attempts, accepted, dropped, rejected], [3, 1, 2, 0]);
    assertEquals(seen, [1]);
  });

  it('"wait" lets publishers in as room comes free, first come, first served', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 2, overflow: "wait" });
    const seen: number[] = [];
    topic.subscribe((event) => void seen.push(event.data));
    const published = [1, 2, 3, 4, 5, 6].map((i) => topic.publish(n(i)));

    assertEquals([topic.stats().waiting, topic.stats().attempts], [4, 6]);
    const receipts = await Promise.all(published);
    assertEquals(receipts.map(({ sequence }) => sequence), [1, 2, 3, 4, 5, 6]);
    await env.settle();
    assertEquals(seen, [1, 2, 3, 4, 5, 6]);
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
    assertLaws(topic);
  });

  it('"wait" holds for each partition on its own', async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { bufferSize: 1, partitions: 8, key: byKey });
    topic.subscribe(({ data }) => data.key === "a" ? new Promise(() => {}) : undefined);
    await topic.publish(step("a", 1));
    await env.settle();
    await topic.publish(step("a", 2));
    const waiting = topic.publish(step("a", 3)).catch(() => {});

    for (let i = 0; i < 5; i++) {
      assertEquals((await topic.publish(step("b", i))).partition, 5);
      await env.settle();
    }
    assertEquals(topic.stats().waiting, 1);
    await env.advance(30_000);
    await waiting;
  });

  for (const waitMs of [0, 1, 250]) {
    it(`waits ${waitMs} ms if waitMs says so, then rejects`, async () => {
      const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1, waitMs });
      const gate = Promise.withResolvers<void>();
      topic.subscribe(() => gate.promise);
      topic.tryPublish(n(1));
      await env.settle();
      topic.tryPublish(n(2));
      let error: unknown;
      const third = topic.publish(n(3)).catch((reason) => error = reason);
      if (waitMs > 0) await env.advance(waitMs - 1);

      assertEquals(error, undefined);
      await env.advance(Math.min(waitMs, 1));
      assertInstanceOf(error, BufferFullError);
      assertMatch(error.message, new RegExp(`stayed full for ${waitMs} ms`));
      assertEquals([topic.stats().waiting, topic.stats().rejected], [0, 1]);
      await third;
      gate.resolve();
      await env.settle();
      assertFigures(topic.subscribe(() => {}), {});
      assertEquals(topic.stats().accepted, 2);
    });
  }

  it("waits without a timer if waitMs is Infinity", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1, waitMs: Infinity });
    const gate = Promise.withResolvers<void>();
    topic.subscribe(() => gate.promise);
    topic.tryPublish(n(1));
    await env.settle();
    topic.tryPublish(n(2));
    const third = topic.publish(n(3));
    await env.advance(1e9);

    assertEquals([topic.stats().waiting, env.pending.timers], [1, 0]);
    gate.resolve();
    assertEquals((await third).sequence, 3);
  });

  it("gives up with the reason of the signal, and frees its listener", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1 });
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    topic.subscribe(async ({ data }) => {
      seen.push(data);
      await gate.promise;
    });
    topic.tryPublish(n(1));
    await env.settle();
    topic.tryPublish(n(2));
    const controller = new AbortController();
    const third = topic.publish(n(3), { signal: controller.signal });
    const fourth = topic.publish(n(4));
    assertEquals(env.pending.abortListeners, 1);
    controller.abort("enough");

    assertEquals(await third.catch((reason) => reason), "enough");
    assertEquals(env.pending.abortListeners, 0);
    gate.resolve();
    assertEquals((await fourth).sequence, 3);
    await env.settle();
    assertEquals(seen, [1, 2, 4]);
    assertLaws(topic);
  });

  it("sends waiting publishers away when the bus closes", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { bufferSize: 1 });
    const seen: number[] = [];
    topic.subscribe((event) => void seen.push(event.data));
    const [first, ...others] = [1, 2, 3].map((i) => topic.publish(n(i)));
    const closed = bus.close();

    for (const outcome of await Promise.allSettled(others)) {
      assertInstanceOf(outcome.status === "rejected" && outcome.reason, ClosedError);
    }
    assertEquals((await first)?.sequence, 1);
    assertEquals(await closed, { completed: 1, left: 0 });
    assertEquals(seen, [1]);
    assertEquals(topic.stats().rejected, 2);
    assertLaws(topic);
  });

  it("lets publishers in when the subscription that held them back ends", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1 });
    const slow = topic.subscribe(() => new Promise(() => {}));
    const seen: number[] = [];
    topic.subscribe((event) => void seen.push(event.data));
    topic.tryPublish(n(1));
    await env.settle();
    const published = [2, 3, 4].map((i) => topic.publish(n(i)));
    await env.settle();
    assertEquals(topic.stats().waiting, 2);
    slow.unsubscribe();

    assertEquals((await Promise.all(published)).map(({ sequence }) => sequence), [2, 3, 4]);
    await env.settle();
    assertEquals(seen, [1, 2, 3, 4]);
  });
});

describe("key", () => {
  const env = useTestEnv();

  it("picks the partition by FNV-1a of its UTF-8 bytes", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { partitions: 8, key: byKey });

    // Published vectors: 0xe40c292c, 0xe70c2de5, 0xbf9cf968, and the offset basis 0x811c9dc5.
    for (const [key, partition] of [["a", 4], ["b", 5], ["foobar", 0], ["", 5]] as const) {
      assertEquals((await topic.publish(step(key, 1))).partition, partition);
    }
  });

  it("takes strings, safe integers, and undefined for none", async () => {
    type Any = { any: unknown };
    const topic = new Bus({ env }).topic<Any>("a", {
      partitions: 4,
      key: (event) => event.data as string,
    });
    const partitionOf = async (data: unknown): Promise<number> =>
      (await topic.publish({ type: "any", data })).partition;

    for (const key of ["", "x", "\ud800", 0, -1, 7, Number.MAX_SAFE_INTEGER]) {
      assertEquals(await partitionOf(key), await partitionOf(key), `${key}`);
    }
    assertEquals(await partitionOf(-0), await partitionOf(0));
    const turns = [await partitionOf(undefined), await partitionOf(undefined)];
    assertEquals(turns[1], (turns[0]! + 1) % 4);
  });

  it("that is anything else is a ValidationError to the publisher", async () => {
    const topic = new Bus({ env }).topic<{ any: unknown }>("a", {
      key: (event) => event.data as string,
    });
    const wrong = [NaN, 1.5, Infinity, 2 ** 53, null, {}, [], true, 1n, Symbol("k"), () => {}];

    for (const data of [...wrong, Promise.resolve("k"), new String("k")]) {
      const error = await topic.publish({ type: "any", data }).catch((error) => error);
      assertInstanceOf(error, ValidationError);
      assertEquals([error.field, error.value], ["key", data]);
      assertThrows(() => topic.tryPublish({ type: "any", data }), ValidationError, "key");
    }
    assertEquals(topic.stats().attempts, 0);
    assertEquals((await topic.publish({ type: "any", data: "k" })).sequence, 1);
  });

  it("function that throws is a ValidationError with that as its cause", async () => {
    const cause = new Error("no such order");
    const topic = new Bus({ env }).topic<Numbers>("a", {
      key() {
        throw cause;
      },
    });

    const error = await topic.publish(n(1)).catch((error) => error);
    assertInstanceOf(error, ValidationError);
    assertStrictEquals(error.cause, cause);
    assertMatch(error.message, /"a".*key function threw/);
    assertEquals(topic.stats().attempts, 0);
  });

  it("is asked once for each event, with the event as it is delivered", async () => {
    const asked: NovaEvent[] = [];
    const seen: NovaEvent[] = [];
    const topic = new Bus({ env }).topic<Numbers>("a", {
      bufferSize: 1,
      key(event) {
        asked.push(event);
        return "k";
      },
    });
    topic.subscribe((event) => void seen.push(event));
    await Promise.all([1, 2, 3].map((i) => topic.publish(n(i))));
    await env.settle();

    assertEquals(asked.length, 3);
    asked.forEach((event, i) => assertStrictEquals(event, seen[i]));
  });
});
