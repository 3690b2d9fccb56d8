import { BufferFullError, ClosedError } from "@nova/events";
import { Bus, type Receipt } from "@nova/events/bus";
import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, assertLaws, byKey, type Keyed, n, type Numbers, step } from "./kit.ts";

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
    topic.subscribe(({ data }) => data.key === "a" ? new Promise(() => {}) : undefined, {
      deadlineMs: Infinity,
    });
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
    topic.subscribe(() => gate.promise, { deadlineMs: Infinity });
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
    const slow = topic.subscribe(() => new Promise(() => {}), { deadlineMs: Infinity });
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
