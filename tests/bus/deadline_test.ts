import { Bus, type DeadLetter, type ListenerContext, TerminalError } from "@nova/events/bus";
import { ClosedError, TimeoutError } from "@nova/events";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import {
  assertFigures,
  assertLaws,
  byKey,
  type Keyed,
  n,
  type Numbers,
  sleep,
  step,
} from "./kit.ts";

const ONCE = { attempts: 1 };
const SOON = { attempts: 2, delayMs: 10, jitter: "none" } as const;

describe("deadlineMs", () => {
  const env = useTestEnv();

  it("fails an attempt that takes longer, aborts its signal, and keeps its slot and key", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Keyed>("a", { key: byKey, deadlineMs: 100, retry: ONCE });
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    let signal: AbortSignal | undefined;
    const subscription = topic.subscribe(async ({ data }, context) => {
      seen.push(`${data.key}${data.n}`);
      if (data.n > 1) return;
      await undefined;
      signal = context.signal;
      await gate.promise;
    }, { id: "slow" });
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 2]] as const) {
      topic.tryPublish(step(key, i));
    }
    await env.advance(99);
    assertEquals(signal?.aborted, false);
    await env.advance(1);

    assertInstanceOf(signal?.reason, TimeoutError);
    assertEquals(signal?.reason.timeoutMs, 100);
    assertFigures(subscription, { offered: 3, inFlight: 1, queued: 2, timedOut: 1 });
    gate.resolve();
    await env.settle();
    assertEquals(seen, ["a1", "a2", "b2"]);
    assertFigures(subscription, { offered: 3, succeeded: 2, deadLettered: 1, timedOut: 1 });
    const letters: DeadLetter[] = [];
    bus.subscribe("a.dlq", ({ data }) => void letters.push(data as DeadLetter), {
      from: "earliest",
    });
    await env.settle();
    assertEquals(letters.map(({ error }) => error.code), ["timeout"]);
    assert(letters[0]?.error.message.includes('"slow"'));
    assertLaws(topic);
  });

  for (const late of ["resolves", "rejects", "throws undefined"] as const) {
    it(`means a failed attempt also for a handler that ${late} after it`, async () => {
      const topic = new Bus({ env }).topic<Numbers>("a", { deadlineMs: 50, retry: SOON });
      const attempts: number[] = [];
      const subscription = topic.subscribe(async (_, { attempt }) => {
        attempts.push(attempt);
        if (attempt > 1) return;
        await sleep(env, 80);
        if (late === "rejects") throw new TerminalError("too late to matter");
        if (late === "throws undefined") throw undefined;
      });
      topic.tryPublish(n(1));
      await env.advance(89);
      assertEquals(attempts, [1]);
      await env.advance(1);

      assertEquals(attempts, [1, 2]);
      assertFigures(subscription, { offered: 1, succeeded: 1, retries: 1, timedOut: 1 });
    });
  }

  it("says nothing to handlers that settle in time, or are synchronous", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { deadlineMs: 50 });
    const subscription = topic.subscribe(({ data }) => data > 5 ? sleep(env, 49) : undefined);
    for (let i = 0; i < 10; i++) topic.tryPublish(n(i));
    await env.advance(1000);

    assertFigures(subscription, { offered: 10, succeeded: 10 });
    assertEquals(env.pending.timers, 0);
  });

  it("is 30 s unless told otherwise, and as long again until a handler is given up", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: ONCE });
    const subscription = topic.subscribe(() => new Promise(() => {}));
    topic.tryPublish(n(1));
    await env.advance(29_999);
    assertEquals(subscription.stats().timedOut, 0);
    await env.advance(1);
    assertEquals(subscription.stats().timedOut, 1);
    await env.advance(29_999);
    assertEquals(subscription.stats().inFlight, 1);
    await env.advance(1);

    assertFigures(subscription, { offered: 1, deadLettered: 1, timedOut: 1, zombies: 1 });
  });

  it("of a subscription comes before that of its topic, and brings as long an abandonMs", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      deadlineMs: 1000,
      abandonMs: 5000,
      retry: ONCE,
    });
    const own = topic.subscribe(() => new Promise(() => {}), { deadlineMs: 10 });
    const patient = topic.subscribe(() => new Promise(() => {}), { abandonMs: 1 });
    const plain = topic.subscribe(() => new Promise(() => {}));
    topic.tryPublish(n(1));
    await env.advance(20);
    assertEquals([own, patient, plain].map((s) => s.stats().zombies), [1, 0, 0]);
    await env.advance(981 + 125);
    assertEquals([own, patient, plain].map((s) => s.stats().zombies), [1, 1, 0]);
    await env.advance(4999);

    assertEquals([own, patient, plain].map((s) => s.stats().zombies), [1, 1, 1]);
  });

  it("Infinity waits for ever, without a timer", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { deadlineMs: Infinity });
    const subscription = topic.subscribe(() => new Promise(() => {}));
    topic.tryPublish(n(1));
    await env.advance(1e9);

    assertFigures(subscription, { offered: 1, inFlight: 1 });
    assertEquals(env.pending.timers, 0);
  });

  it("holds one timer for all handlers of a bus that have the same", async () => {
    const bus = new Bus({ env, defaults: { deadlineMs: 100, maxConcurrency: 50 } });
    for (const name of ["a", "b", "c"]) {
      const topic = bus.topic<Numbers>(name);
      topic.subscribe(() => sleep(env, 20));
      for (let i = 0; i < 30; i++) topic.tryPublish(n(i));
    }
    await env.settle();

    assertEquals(env.pending.timers, 90 + 1);
    await env.advance(100);
  });
});

describe("abandonMs", () => {
  const env = useTestEnv();

  it("gives a handler up: its key goes on, and what it does counts for nothing", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      deadlineMs: 100,
      abandonMs: 50,
      retry: { attempts: 2, delayMs: 10, jitter: "none" },
    });
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    const subscription = topic.subscribe(async ({ data }, { attempt }) => {
      seen.push(`${data.n}/${attempt}`);
      if (data.n === 1 && attempt === 1) await gate.promise;
    });
    for (const i of [1, 2]) topic.tryPublish(step("k", i));
    await env.advance(149);
    assertEquals(seen, ["1/1"]);
    await env.advance(1);
    assertFigures(subscription, { offered: 2, held: 2, timedOut: 1, zombies: 1 });
    await env.advance(10);
    assertEquals(seen, ["1/1", "1/2", "2/1"]);
    assertFigures(subscription, { offered: 2, succeeded: 2, retries: 1, timedOut: 1, zombies: 1 });
    gate.reject(new Error("late"));
    await env.settle();

    assertFigures(subscription, { offered: 2, succeeded: 2, retries: 1, timedOut: 1 });
    assertEquals(env.reported, []);
  });

  it("frees the slot of one handler for others, however many hang", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      deadlineMs: 10,
      abandonMs: 10,
      maxConcurrency: 2,
      retry: ONCE,
    });
    const subscription = topic.subscribe(({ data }) =>
      data < 6 ? new Promise(() => {}) : undefined
    );
    for (let i = 0; i < 8; i++) topic.tryPublish(n(i));
    await env.advance(1000);

    assertFigures(subscription, {
      offered: 8,
      succeeded: 2,
      deadLettered: 6,
      timedOut: 6,
      zombies: 6,
    });
    assertLaws(topic);
  });

  it("0 gives up at the deadline, Infinity never", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { deadlineMs: 10, retry: ONCE });
    const eager = topic.subscribe(() => new Promise(() => {}), { abandonMs: 0 });
    const loyal = topic.subscribe(() => new Promise(() => {}), { abandonMs: Infinity });
    topic.tryPublish(n(1));
    await env.advance(10);
    assertFigures(eager, { offered: 1, deadLettered: 1, timedOut: 1, zombies: 1 });
    await env.advance(1e7);

    assertFigures(loyal, { offered: 1, inFlight: 1, timedOut: 1 });
  });

  it("bounds how long closing waits for a handler that hangs", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { deadlineMs: 100, retry: ONCE });
    topic.subscribe(() => new Promise(() => {}));
    topic.tryPublish(n(1));
    await env.settle();
    let result: unknown;
    bus.close().then((closed) => result = closed);
    await env.advance(199);
    assertEquals(result, undefined);
    await env.advance(1);

    assertEquals(result, { completed: 1, left: 0 });
    assertEquals(env.pending.timers, 0);
  });

  it("applies to a handler whose subscription ended: its event is released", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { deadlineMs: 100 });
    const subscription = topic.subscribe(() => new Promise(() => {}));
    topic.tryPublish(n(1));
    await env.settle();
    subscription.unsubscribe();
    await env.advance(200);

    assertFigures(subscription, { offered: 1, released: 1, timedOut: 1, zombies: 1 });
  });
});

describe("what a handler stages", () => {
  const env = useTestEnv();

  it("does not happen once it is late: it is told so, and a later attempt's happens", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      delivery: "exactly-once",
      deadlineMs: 10,
      abandonMs: 10,
      retry: SOON,
    });
    const done: string[] = [];
    const refused: unknown[] = [];
    topic.subscribe(async (_, { attempt, effect }) => {
      effect(() => void done.push(`early ${attempt}`));
      if (attempt > 1) return;
      await sleep(env, 50);
      try {
        effect(() => void done.push("late"));
      } catch (error) {
        refused.push(error);
      }
    });
    await topic.publish({ ...n(1), id: "e" });
    await env.advance(100);

    assertEquals(done, ["early 2"]);
    assertInstanceOf(refused[0], TypeError);
  });
});

describe("context.signal", () => {
  const env = useTestEnv();

  it("is one for each attempt that takes time", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      deadlineMs: 100,
      retry: SOON,
      maxConcurrency: 2,
    });
    const contexts: ListenerContext[] = [];
    topic.subscribe(async ({ data }, context) => {
      contexts.push(context);
      await sleep(env, data === 1 ? 150 : 30);
    });
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.advance(140);

    assertEquals(contexts.map(({ signal }) => signal.aborted), [true, false]);
    for (const name of ["signal", "attempt", "subscription"] as const) {
      for (const context of contexts) {
        assertThrows(
          () => (context as unknown as Record<string, unknown>)[name] = undefined,
          TypeError,
        );
      }
    }
    await env.advance(1000);
  });

  it("aborts when closing gives up, also for a handler that asks for it later", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { maxConcurrency: 3 });
    const contexts: ListenerContext[] = [];
    topic.subscribe((_, context) => {
      contexts.push(context);
      if (contexts.length === 1) context.signal.throwIfAborted();
      return new Promise(() => {});
    });
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();
    await bus.close({ signal: AbortSignal.abort() });

    for (const { signal } of contexts) assertInstanceOf(signal.reason, ClosedError);
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
  });
});
