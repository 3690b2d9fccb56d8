import { BufferFullError, IdConflictError } from "@nova/events";
import { Bus, type Receipt } from "@nova/events/bus";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import {
  assertFigures,
  assertLaws,
  byKey,
  fails,
  type Keyed,
  n,
  type Numbers,
  sleep,
  step,
} from "./kit.ts";

describe("delayMs and at", () => {
  const env = useTestEnv();

  it("let an event enter when its time has come, with the number of then", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const seen: number[] = [];
    topic.subscribe(({ data }) => void seen.push(data));

    const late = await topic.publish({ id: "late", ...n(1) }, { delayMs: 100 });
    assertEquals(late, { id: "late", partition: 0, sequence: 0, duplicate: false, dropped: false });
    await topic.publish(n(2), { at: env.now() + 50 });
    await topic.publish(n(3), { at: new Date(env.now() + 70) });
    assertEquals((await topic.publish(n(4))).sequence, 1);
    assertEquals([topic.stats().accepted, topic.stats().delayed], [4, 3]);
    assertLaws(topic);
    await env.advance(49);
    assertEquals(seen, [4]);
    await env.advance(1);
    assertEquals(seen, [4, 2]);
    await env.advance(50);
    assertEquals(seen, [4, 2, 3, 1]);
    assertEquals((await topic.publish(n(5))).sequence, 5);
    assertEquals([topic.stats().delayed, env.pending.timers], [0, 0]);
    assertLaws(topic);
  });

  it("of now or of the past mean now", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    for (const options of [{ delayMs: 0 }, { at: 0 }, { at: new Date(0) }, { at: env.now() }, {}]) {
      assert((await topic.publish(n(1), options)).sequence > 0);
    }
  });

  it("take their room at once, and give it to nobody else (I4)", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 2, overflow: "reject" });
    await topic.publish(n(1), { delayMs: 10 });
    assert(topic.tryPublish(n(2)));
    assert(topic.tryPublish(n(3)), "nobody is subscribed: what entered has passed");
    await topic.publish(n(4), { delayMs: 20 });
    assertEquals(topic.tryPublish(n(5)), false);
    await assertRejects(() => topic.publish(n(6), { delayMs: 1 }), BufferFullError);
    await env.advance(10);
    assert(topic.tryPublish(n(7)));
    await env.advance(10);
    assertEquals([topic.stats().accepted, topic.stats().delayed], [5, 0]);
    assertLaws(topic);
  });

  it("keep to bufferSize beside events that wait for a slow handler", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 3, overflow: "reject" });
    const seen: number[] = [];
    topic.subscribe(async ({ data }) => {
      await sleep(env, 10);
      seen.push(data);
    });
    for (let i = 1; i <= 5; i++) {
      await topic.publish(n(i), i % 2 === 0 ? { delayMs: 5 } : {}).catch(() => {});
    }
    await env.advance(200);
    assertEquals(seen.length, topic.stats().accepted);
    assertLaws(topic);
  });

  it("let waiting publishers in when an event has entered and passed", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1 });
    await topic.publish(n(1), { delayMs: 10 });
    let receipt: Receipt | undefined;
    void topic.publish(n(2)).then((r) => receipt = r);
    await env.advance(9);
    assertEquals(receipt, undefined);
    await env.advance(1);
    assertEquals(receipt?.sequence, 2);
    assertEquals(env.pending.timers, 0);
  });

  it("count from the call, also for a publisher that waited for room", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 1 });
    const seen: number[] = [];
    topic.subscribe(async ({ data }) => {
      seen.push(data);
      await sleep(env, 10);
    });
    topic.tryPublish(n(1));
    await env.settle();
    topic.tryPublish(n(2));
    const third = topic.publish(n(3), { delayMs: 25 });
    await env.advance(24);
    assertEquals([(await third).sequence, seen], [0, [1, 2]]);
    await env.advance(1);
    assertEquals(seen, [1, 2, 3]);
    await env.advance(20);
  });

  it("are recognised from acceptance on", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: {}, partitions: 2 });
    const first = await topic.publish({ id: "x", ...n(1) }, { delayMs: 10 });
    assertEquals(await topic.publish({ id: "x", ...n(1) }), { ...first, duplicate: true });
    assertEquals(topic.tryPublish({ id: "x", ...n(1) }), true);
    await env.advance(10);
    assertEquals(await topic.publish({ id: "x", ...n(1) }), {
      ...first,
      sequence: 1,
      duplicate: true,
    });
    await assertRejects(() => topic.publish({ id: "x", ...n(2) }), IdConflictError);
    assertEquals(topic.stats().duplicates, 3);
    assertLaws(topic);
  });

  it("are numbered by producers at acceptance", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const producer = topic.producer("p");
    await producer.publish(n(1), { sequence: 1, delayMs: 10 });
    assertEquals((await producer.publish(n(1), { sequence: 1 })).sequence, 0);
    assertEquals((await producer.publish(n(2), { sequence: 2 })).sequence, 1);
    await env.advance(10);
    const again = await producer.publish(n(1), { sequence: 1 });
    assertEquals([again.sequence, again.duplicate], [2, true]);
  });

  it("keep the order of a key from when they enter", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey, partitions: 4 });
    const seen: number[] = [];
    topic.subscribe(async ({ data }) => {
      await sleep(env, 3);
      seen.push(data.n);
    });
    for (const [i, delayMs] of [[1, 30], [2, 10], [3, 0], [4, 20]] as const) {
      await topic.publish(step("k", i), { delayMs });
    }
    await env.advance(100);
    assertEquals(seen, [3, 2, 4, 1]);
  });

  it("are not waited for by closing or deleting, and counted as left", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const seen: number[] = [];
    topic.subscribe(({ data }) => void seen.push(data));
    await topic.publish(n(1), { delayMs: 1000 });
    await topic.publish(n(2), { delayMs: 1000 });
    assertEquals(await bus.deleteTopic("a"), { completed: 0, left: 2 });
    assertEquals(env.pending.timers, 0);
    const again = bus.topic<Numbers>("a");
    await again.publish(n(3), { delayMs: 1000 });
    assertEquals(await bus.close(), { completed: 0, left: 1 });
    await env.advance(5000);
    assertEquals([seen, env.pending.timers], [[], 0]);
    assertLaws(topic);
    assertLaws(again);
  });

  it("that come due while the bus closes still enter", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { maxConcurrency: 2 });
    const seen: number[] = [];
    topic.subscribe(async ({ data }) => {
      await sleep(env, 20);
      seen.push(data);
    });
    topic.tryPublish(n(1));
    await topic.publish(n(2), { delayMs: 10 });
    await env.settle();
    const closed = bus.close();
    await env.advance(40);
    assertEquals([await closed, seen], [{ completed: 2, left: 0 }, [1, 2]]);
  });

  it("may be years, with one timer for all", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    for (let i = 0; i < 100; i++) await topic.publish(n(i), { delayMs: 1e11 + i });
    assertEquals(env.pending.timers, 1);
    await env.advance(1e11 + 100);
    assertEquals(topic.stats().delayed, 0);
  });

  it("refuse nonsense", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const bad: object[] = [
      { delayMs: -1 },
      { delayMs: NaN },
      { delayMs: Infinity },
      { delayMs: "5" },
      { delayMs: null },
      { at: NaN },
      { at: "now" },
      { at: new Date(NaN) },
      { at: null },
      { at: Infinity },
      { at: 5, delayMs: 5 },
      { ttlMs: -1 },
      { ttlMs: NaN },
      { ttlMs: "5" },
    ];
    for (const options of bad) {
      await assertRejects(() => topic.publish(n(1), options), RangeError, undefined);
    }
    assertEquals(topic.stats().accepted, 0);
    assertLaws(topic);
  });
});

describe("ttlMs", () => {
  const env = useTestEnv();

  it("leaves out what was not handed out in time, for each subscription", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const fast: number[] = [];
    const slow: number[] = [];
    const first = topic.subscribe(({ data }) => void fast.push(data));
    const second = topic.subscribe(async ({ data }) => {
      slow.push(data);
      await sleep(env, 10);
    });
    for (const [i, ttlMs] of [[1, 5], [2, 9], [3, 11], [4, 10], [5, Infinity]] as const) {
      await topic.publish(n(i), { ttlMs });
    }
    await env.advance(100);
    assertEquals([fast, slow], [[1, 2, 3, 4, 5], [1, 3, 5]]);
    assertFigures(first, { offered: 5, succeeded: 5 });
    assertFigures(second, { offered: 5, succeeded: 3, expired: 2 });
  });

  it("counts from when the event enters", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const seen: number[] = [];
    topic.subscribe(({ data }) => void seen.push(data));
    await topic.publish(n(1), { delayMs: 100, ttlMs: 1 });
    await env.advance(100);
    assertEquals(seen, [1]);
  });

  it("ends the attempts of an event, without a dead letter", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { delayMs: 10, jitter: "none", attempts: 9 } });
    const subscription = topic.subscribe(fails);
    await topic.publish(n(1), { ttlMs: 25 });
    await env.advance(1000);
    assertFigures(subscription, { offered: 1, expired: 1, retries: 1 });
    assertEquals(bus.stats().topics.length, 1);
  });

  it("frees the key of an event that expired behind another", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey, maxConcurrency: 4 });
    const seen: number[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      seen.push(data.n);
      await sleep(env, 10);
    });
    await topic.publish(step("k", 1));
    await topic.publish(step("k", 2), { ttlMs: 5 });
    await topic.publish(step("k", 3), { ttlMs: 50 });
    await env.advance(100);
    assertEquals(seen, [1, 3]);
    assertFigures(subscription, { offered: 3, succeeded: 2, expired: 1 });
  });

  it("belongs to one publishing of an event, not to the object", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const event = { id: "x", ...n(1) };
    const seen: string[] = [];
    topic.subscribe(async ({ id }) => {
      seen.push(id);
      await sleep(env, 10);
    });
    await topic.publish(event);
    await topic.publish(event, { ttlMs: 5 });
    await topic.publish(event);
    await env.advance(50);
    assertEquals(seen.length, 2);
  });

  it("of 0 hands out to nobody; redriving asks for what is old", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { attempts: 1 } });
    let broken = true;
    const subscription = topic.subscribe(() => {
      if (broken) fails();
    });
    await topic.publish(n(1), { ttlMs: 0 });
    await topic.publish(n(2), { ttlMs: 5 });
    await env.settle();
    broken = false;
    await env.advance(10);
    assertEquals(subscription.redrive().redriven, 1);
    await env.settle();
    assertFigures(subscription, { offered: 3, expired: 1, deadLettered: 1, succeeded: 1 });
  });
});
