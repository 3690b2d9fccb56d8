import {
  BufferFullError,
  ClosedError,
  TimeoutError,
  TopicNotFoundError,
  ValidationError,
} from "@nova/events";
import { Bus, type NovaEvent } from "@nova/events/bus";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, fails, n, type Numbers, sleep } from "./kit.ts";

describe("bus.request()", () => {
  const env = useTestEnv();

  it("resolves with what a handler replies, by handle or name", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    topic.subscribe(({ data }, context) => context.reply(data * 2));
    topic.subscribe(async ({ data }, { reply }) => {
      await sleep(env, 1);
      reply(data * 3);
    });

    const reply = await bus.request(topic, n(21));
    assertEquals([reply.type, reply.data, typeof reply.id], ["reply", 42, "string"]);
    assertEquals((await bus.request("a", n(4))).data, 8);
    await env.advance(5);
    assertEquals(env.pending.timers, 0);
  });

  it("keeps requests apart, however many there are", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { maxConcurrency: 100 });
    topic.subscribe(async ({ data }, context) => {
      await sleep(env, 100 - data);
      context.reply(data);
    });
    const replies = Promise.all(Array.from({ length: 100 }, (_, i) => bus.request(topic, n(i))));
    await env.advance(200);
    assertEquals((await replies).map(({ data }) => data), Array.from({ length: 100 }, (_, i) => i));
  });

  it("hears a reply only when its handler has succeeded; of several calls the last", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { delayMs: 5, jitter: "none" } });
    topic.subscribe((_, context) => {
      context.reply("not this");
      context.reply(context.attempt);
      if (context.attempt === 1) fails();
    });
    let reply: NovaEvent | undefined;
    void bus.request(topic, n(1)).then((event) => reply = event);
    await env.advance(4);
    assertEquals(reply, undefined);
    await env.advance(1);
    assertEquals(reply?.data, 2);
  });

  it("gives up after timeoutMs, and nobody handles the event any more", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const seen: number[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      seen.push(data);
      await sleep(env, 100);
    });
    topic.tryPublish(n(1));
    const refused = assertRejects(
      () => bus.request(topic, n(2), { timeoutMs: 50 }),
      TimeoutError,
      'a reply from topic "a" as it took longer than 50 ms',
    );
    await env.advance(50);
    await refused;
    await env.advance(200);
    assertEquals(seen, [1]);
    assertFigures(subscription, { offered: 2, succeeded: 1, expired: 1 });
    assertEquals(env.pending.timers, 0);
  });

  it("waits 30 s unless told otherwise, or for ever", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    let failed: unknown;
    void bus.request(topic, n(1)).catch((error) => failed = error);
    let patient = "waits";
    void bus.request(topic, n(1), { timeoutMs: Infinity }).catch(() => patient = "gave up");
    await env.advance(29_999);
    assertEquals(failed, undefined);
    await env.advance(1);
    assert(failed instanceof TimeoutError);
    await env.advance(1e9);
    assertEquals([patient, env.pending.timers], ["waits", 0]);
    await bus.close();
    await env.settle();
    assertEquals(patient, "gave up");
  });

  it("ends when its signal aborts, and what was accepted is handled", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const seen: number[] = [];
    topic.subscribe(async ({ data }, context) => {
      seen.push(data);
      await sleep(env, 10);
      context.reply(1);
    });
    const reason = new Error("enough");
    const controller = new AbortController();
    const refused = bus.request(topic, n(1), { signal: controller.signal }).catch((error) => error);
    await env.settle();
    controller.abort(reason);
    assertEquals(await refused, reason);
    await assertRejects(
      () => bus.request(topic, n(2), { signal: controller.signal }),
      Error,
      "enough",
    );
    await env.advance(20);
    assertEquals([seen, env.pending.abortListeners], [[1], 0]);
  });

  it("answers nobody who published only", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const subscription = topic.subscribe((_, context) => context.reply(1));
    topic.tryPublish(n(1));
    await env.settle();
    assertFigures(subscription, { offered: 1, succeeded: 1 });
  });

  it("rejects as publishing does", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { bufferSize: 1, overflow: "drop-newest" });
    const strict = bus.topic<Numbers>("strict", { delivery: "exactly-once" });
    await assertRejects(() => bus.request("none", n(1)), TopicNotFoundError);
    await assertRejects(() => bus.request(topic, { type: "" } as never), ValidationError);
    await assertRejects(() => bus.request(topic, null as never), TypeError);
    await assertRejects(() => bus.request(undefined as never, n(1)), TypeError);
    await assertRejects(() => bus.request(strict, n(1)), ValidationError);
    for (const timeoutMs of [0, -1, NaN, "5", null] as never[]) {
      await assertRejects(() => bus.request(topic, n(1), { timeoutMs }), RangeError, "timeoutMs");
    }
    await assertRejects(() => bus.request(topic, n(1), 5 as never), TypeError);
    await assertRejects(() => bus.request(topic, n(1), { signal: {} as never }), TypeError);
    topic.subscribe(() => sleep(env, 10));
    topic.tryPublish(n(1));
    await env.settle();
    topic.tryPublish(n(2));
    await assertRejects(() => bus.request(topic, n(3)), BufferFullError);
    await env.advance(100);
    await bus.close();
    await assertRejects(() => bus.request(topic, n(1)), ClosedError);
    assertEquals(env.pending.timers, 0);
  });

  it("is sent away when the bus has closed without an answer", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    topic.subscribe(() => {});
    const refused = bus.request(topic, n(1)).catch((error) => error);
    const answered = bus.topic<Numbers>("b");
    answered.subscribe(async (_, context) => {
      await sleep(env, 10);
      context.reply("in time");
    });
    const reply = bus.request(answered, n(1));
    await env.settle();
    const closed = bus.close();
    await env.advance(10);
    await closed;
    assert(await refused instanceof ClosedError);
    assertEquals((await reply).data, "in time");
    assertEquals(env.pending.timers, 0);
  });

  it("waits for room within its time", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { bufferSize: 1 });
    topic.subscribe(async ({ data }, context) => {
      await sleep(env, 10);
      context.reply(data);
    });
    const all = Promise.allSettled(
      [1, 2, 3, 4, 5].map((i) => bus.request(topic, n(i), { timeoutMs: 35 })),
    );
    await env.advance(200);
    const outcomes = (await all).map((o) =>
      o.status === "fulfilled" ? o.value.data : o.reason.code
    );
    assertEquals(outcomes, [1, 2, 3, "timeout", "timeout"]);
  });
});
