import {
  BufferFullError,
  LimitExceededError,
  SequenceGapError,
  ValidationError,
} from "@nova/events";
import { Bus, TerminalError } from "@nova/events/bus";
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
import { assertLaws, byKey, type Keyed, n, type Numbers, sleep, step } from "./kit.ts";

describe("topic.producer()", () => {
  const env = useTestEnv();

  it("accepts the next number, knows one that was there, refuses a gap", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const seen: number[] = [];
    topic.subscribe(({ data }) => void seen.push(data));
    const producer = topic.producer("p");

    const first = await producer.publish(n(1), { sequence: 1 });
    await topic.publish(n(0));
    const second = await producer.publish(n(2), { sequence: 2 });
    assertEquals([first.sequence, second.sequence], [1, 3]);
    assertEquals(await producer.publish(n(1), { sequence: 1 }), { ...first, duplicate: true });
    assertEquals(await producer.publish(n(2), { sequence: 2 }), { ...second, duplicate: true });
    const error = await assertRejects(
      () => producer.publish(n(4), { sequence: 4 }),
      SequenceGapError,
      'number 4 of producer "p" to "a" as number 3 is next in partition 0',
    );
    const { topic: name, producer: id, partition, expected, actual, retryable } = error;
    assertEquals([name, id, partition, expected, actual, retryable], ["a", "p", 0, 3, 4, false]);
    await env.settle();
    assertEquals(seen, [1, 0, 2]);
    const { attempts, accepted, duplicates, rejected } = topic.stats();
    assertEquals([attempts, accepted, duplicates, rejected], [6, 3, 2, 1]);
    assertLaws(topic);
  });

  it("counts by itself, and a given number overrides the count", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const producer = topic.producer("p");

    await producer.publish(n(1));
    assert(producer.tryPublish(n(2)));
    assert(producer.tryPublish(n(2), 2));
    assertEquals((await producer.publish(n(3), { sequence: 3 })).duplicate, false);
    assertEquals((await producer.publish(n(4))).sequence, 4);
    assertThrows(() => producer.tryPublish(n(6), 6), SequenceGapError);
    assertEquals(topic.stats().duplicates, 1);
    assertLaws(topic);
  });

  it("is one for an id, and another for another", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    assertStrictEquals(topic.producer("p"), topic.producer("p"));
    assertEquals(topic.producer("p").id, "p");

    await topic.producer("p").publish(n(1), { sequence: 1 });
    assertEquals((await topic.producer("q").publish(n(1), { sequence: 1 })).duplicate, false);
    assertEquals((await topic.producer("p").publish(n(1), { sequence: 1 })).duplicate, true);
  });

  it("counts in each partition, and keeps events without a key together", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { partitions: 8, key: byKey });
    const producer = topic.producer("p");
    const partitions = new Map<number, number>();
    for (const key of "abcdefghij") {
      const { partition } = await producer.publish(step(key, 1));
      partitions.set(partition, (partitions.get(partition) ?? 0) + 1);
      const next = partitions.get(partition)! + 1;
      await assertRejects(
        () => producer.publish(step(key, 1), { sequence: next + 1 }),
        SequenceGapError,
      );
    }
    assert(partitions.size > 1);

    const keyless = new Bus({ env }).topic<Numbers>("b", { partitions: 8 });
    const homes = new Set<number>();
    for (let i = 1; i <= 9; i++) {
      homes.add((await keyless.producer("p").publish(n(i), { sequence: i })).partition);
    }
    assertEquals(homes.size, 1);
  });

  it("forgets a refused publish: its number is still next", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1, overflow: "reject" });
    const seen: number[] = [];
    topic.subscribe(({ data }) => void seen.push(data));
    const producer = topic.producer("p");
    assert(producer.tryPublish(n(1), 1));
    assertEquals(producer.tryPublish(n(2), 2), false);
    const refused = producer.publish(n(2), { sequence: 2 }).catch((error) => error);
    assertThrows(() => producer.tryPublish(n(3), 3), SequenceGapError);
    assertInstanceOf(await refused, BufferFullError);

    await env.settle();
    assert(producer.tryPublish(n(2), 2));
    await env.settle();
    assertEquals(seen, [1, 2]);
    assertLaws(topic);
  });

  it("checks numbers of publishers that wait when their turn comes", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1, waitMs: 50 });
    const seen: number[] = [];
    topic.subscribe(async ({ data }) => {
      seen.push(data);
      await sleep(env, data === 1 ? 80 : 1);
    });
    const producer = topic.producer("p");
    await producer.publish(n(1), { sequence: 1 });
    await env.settle();
    await producer.publish(n(2), { sequence: 2 });
    const third = producer.publish(n(3), { sequence: 3 }).catch((error) => error);
    await env.advance(40);
    // Number 3 is in line, so 4 may follow, twice; then 3 gives up and 4 has a gap before it.
    const later = [4, 4].map((i) =>
      producer.publish(n(i), { sequence: i }).catch((error) => error)
    );
    await env.advance(100);

    assertInstanceOf(await third, BufferFullError);
    for (const outcome of later) assertInstanceOf(await outcome, SequenceGapError);
    assertEquals((await producer.publish(n(3), { sequence: 3 })).duplicate, false);
    await env.advance(10);
    assertEquals(seen, [1, 2, 3]);
    assertLaws(topic);
  });

  it("lets those in who waited in order", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1 });
    const seen: number[] = [];
    topic.subscribe(async ({ data }) => {
      await sleep(env, 1);
      seen.push(data);
    });
    const producer = topic.producer("p");
    const receipts = Promise.all(
      [1, 2, 3, 3, 4].map((i) => producer.publish(n(i), { sequence: i })),
    );
    await env.advance(20);

    assertEquals((await receipts).map(({ duplicate }) => duplicate), [
      false,
      false,
      false,
      true,
      false,
    ]);
    assertEquals(seen, [1, 2, 3, 4]);
    assertLaws(topic);
  });

  it("knows a repeat of long ago, without its receipt", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const producer = topic.producer("p");
    for (let i = 1; i <= 300; i++) assert(producer.tryPublish({ id: `e-${i}`, ...n(i) }, i));

    const recent = await producer.publish(n(45), { sequence: 45 });
    assertEquals([recent.id, recent.sequence, recent.duplicate], ["e-45", 45, true]);
    const old = await producer.publish({ id: "again", ...n(44) }, { sequence: 44 });
    assertEquals([old.id, old.sequence, old.duplicate], ["again", 0, true]);
    assertEquals(topic.stats().accepted, 300);
  });

  it("goes past the memory of ids", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: {} });
    const producer = topic.producer("p");
    await producer.publish({ id: "x", ...n(1) });

    assertEquals((await producer.publish({ id: "x", ...n(1) })).duplicate, false);
    assertEquals((await topic.publish({ id: "x", ...n(2) })).duplicate, false);
  });

  it("refuses nonsense", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    for (const id of ["", 5, null, undefined, "\ud800", "x".repeat(257)] as never[]) {
      assertThrows(() => topic.producer(id), ValidationError, "producer");
    }
    const producer = topic.producer("p");
    for (const sequence of [0, -1, 1.5, NaN, Infinity, "1", null, 2 ** 53] as never[]) {
      await assertRejects(() => producer.publish(n(1), { sequence }), RangeError, "sequence");
      assertThrows(() => producer.tryPublish(n(1), sequence), RangeError, "sequence");
    }
    await assertRejects(() => producer.publish(null as never), TypeError);
    await assertRejects(() => producer.publish(n(1), 5 as never), TypeError);
    const signal = AbortSignal.abort(new TerminalError("enough"));
    await assertRejects(() => producer.publish(n(1), { signal }), TerminalError);
    assertEquals(topic.stats().accepted, 0);
    assertEquals((await producer.publish(n(1), { sequence: 1 })).sequence, 1);
  });

  it("are ten thousand at most", () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    for (let i = 0; i < 10_000; i++) topic.producer(`p-${i}`);
    const error = assertThrows(() => topic.producer("one more"), LimitExceededError);
    assertEquals(error.limit, 10_000);
    assertEquals(topic.producer("p-7").id, "p-7");
  });

  it("of a topic that is gone or closed publishes no more", async () => {
    const bus = new Bus({ env });
    const producer = bus.topic<Numbers>("a").producer("p");
    const deleted = bus.deleteTopic("a");
    await assertRejects(() => producer.publish(n(1)), Error, 'topic "a"');
    assertThrows(() => producer.tryPublish(n(1)), Error, 'topic "a"');
    await deleted;
    const next = bus.topic<Numbers>("a").producer("p");
    assertEquals((await next.publish(n(1), { sequence: 1 })).duplicate, false);
    await bus.close();
    await assertRejects(() => next.publish(n(1)), Error, "closed");
  });
});
