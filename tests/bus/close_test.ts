import { ClosedError } from "@nova/events";
import { Bus, type CloseResult, type ListenerContext } from "@nova/events/bus";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "node:test";
import { World } from "../sim/world.ts";
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

describe("Bus.close()", () => {
  const env = useTestEnv();

  /** What a promise resolved to so far. */
  function watch(closed: Promise<CloseResult>): { result: CloseResult | undefined } {
    const seen: { result: CloseResult | undefined } = { result: undefined };
    closed.then((result) => seen.result = result);
    return seen;
  }

  it("of a bus that did nothing resolves at once, also when asked again", async () => {
    const bus = new Bus({ env });
    const closed = bus.close();

    assertStrictEquals(bus.close(), closed);
    assertEquals(await closed, { completed: 0, left: 0 });
    assertEquals(await bus.close(), { completed: 0, left: 0 });
    assertEquals(env.pending.timers, 0);
  });

  it("takes nothing more", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const closed = bus.close();

    await assertRejects(() => topic.publish(n(1)), ClosedError, 'topic "a"');
    await assertRejects(() => bus.publish("a", n(1)), ClosedError);
    const [outcome] = await topic.publishBatch([n(1)]);
    assertInstanceOf(outcome?.status === "rejected" && outcome.reason, ClosedError);
    let error: unknown;
    try {
      topic.tryPublish(n(1));
    } catch (thrown) {
      error = thrown;
    }
    assertInstanceOf(error, ClosedError);
    assertEquals(topic.stats().rejected, 4);
    assertLaws(topic);
    await closed;
    await assertRejects(() => topic.publish(n(1)), ClosedError);
    assertStrictEquals(bus.topic("a"), topic);
  });

  it("lets running and queued events finish, and counts them", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { partitions: 2 });
    const slow = topic.subscribe(() => sleep(env, 10));
    const quick = topic.subscribe(() => {});
    topic.tryPublish(n(0));
    await env.advance(10);
    for (let i = 1; i <= 6; i++) topic.tryPublish(n(i));
    const closing = watch(bus.close());
    await env.advance(29);
    assertEquals(closing.result, undefined);
    await env.advance(1);

    assertEquals(closing.result, { completed: 12, left: 0 });
    assertFigures(slow, { offered: 7, succeeded: 7 });
    assertFigures(quick, { offered: 7, succeeded: 7 });
    assertEquals([slow.active, quick.active], [false, false]);
  });

  it("does not wait for retries and what is held behind them, and says how many it left", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Keyed>("a", { key: byKey });
    const subscription = topic.subscribe(({ data }) => {
      if (data.key === "bad") throw new Error("no");
    });
    for (const i of [1, 2, 3]) topic.tryPublish(step("bad", i));
    topic.tryPublish(step("good", 1));
    const closed = await bus.close();

    assertEquals(closed, { completed: 1, left: 3 });
    assertEquals(env.monotonic(), 0);
    assertFigures(subscription, { offered: 4, succeeded: 1, released: 3 });
  });

  it("waits for retries whose time has come but that had no turn yet", async () => {
    const world = new World(1);
    const bus = new Bus({ env: world });
    const topic = bus.topic<Numbers>("a", {
      bufferSize: 2000,
      maxHeld: 2000,
      retry: { delayMs: 10, jitter: "none" },
    });
    const gate = Promise.withResolvers<void>();
    let again = 0;
    topic.subscribe((_, { attempt }) => {
      if (attempt === 1) throw new Error("not yet");
      again += 1;
      // No more than a burst runs in one turn; the rest is due, and waits for the next.
      if (again === 500) gate.resolve();
    });
    bus.topic<Numbers>("b").subscribe(() => gate.promise);
    for (let i = 0; i < 1500; i++) topic.tryPublish(n(i));
    await bus.publish("b", n(0));
    await world.run(5);
    const closing = watch(bus.close());
    await world.run(5);

    assertEquals([again, closing.result], [1500, { completed: 1501, left: 0 }]);
  });

  it("does not wait for what a full dead-letter topic holds", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 }, deadLetter: { maxEvents: 1 } });
    const subscription = topic.subscribe(fails);
    for (const i of [1, 2, 3]) topic.tryPublish(n(i));

    assertEquals(await bus.close(), { completed: 1, left: 2 });
    assertFigures(subscription, { offered: 3, deadLettered: 1, released: 2 });
  });

  it("does not wait for events that no room is left to try", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { maxHeld: 1 });
    topic.subscribe(fails);
    for (const i of [1, 2, 3]) topic.tryPublish(n(i));

    assertEquals(await bus.close(), { completed: 0, left: 3 });
  });

  it("lets dead letters enter, and be handled", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    topic.subscribe(fails);
    topic.tryPublish(n(1));
    await env.settle();
    let letters = 0;
    bus.topic("a.dlq").subscribe(() => void letters++, { from: "earliest" });
    topic.tryPublish(n(2));

    assertEquals(await bus.close(), { completed: 3, left: 0 });
    assertEquals(letters, 2);
  });

  it("gives up after 30 s", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const subscription = topic.subscribe(() => new Promise(() => {}));
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    const closing = watch(bus.close());
    await env.advance(29_999);
    assertEquals(closing.result, undefined);
    await env.advance(1);

    assertEquals(closing.result, { completed: 0, left: 2 });
    assertFigures(subscription, { offered: 2, inFlight: 1, released: 1 });
  });

  it("gives up when its signal aborts, and then only", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    topic.subscribe(() => new Promise(() => {}), { deadlineMs: Infinity });
    topic.tryPublish(n(1));
    const controller = new AbortController();
    const closing = watch(bus.close({ signal: controller.signal }));
    await env.advance(100_000);
    assertEquals([closing.result, env.pending.timers], [undefined, 0]);
    controller.abort();
    await env.settle();

    assertEquals(closing.result, { completed: 0, left: 1 });
    assertEquals(env.pending.abortListeners, 0);
  });

  it("resolves also with a signal that is already aborted", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const subscription = topic.subscribe(() => {});
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    const { completed, left } = await bus.close({ signal: AbortSignal.abort() });

    assertEquals(completed + left, 2);
    assertEquals(subscription.stats().succeeded, completed);
  });

  it("delivers nothing after it resolved (I6)", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Keyed>("a", { key: byKey, maxConcurrency: 2 });
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      seen.push(data.key);
      await gate.promise;
      if (data.key === "b") throw new Error("no");
    });
    for (const key of ["a", "b", "a", "b", "c"]) topic.tryPublish(step(key, 1));
    await env.settle();
    const closed = await bus.close({ signal: AbortSignal.abort() });
    assertEquals(closed, { completed: 0, left: 5 });
    gate.resolve();
    await env.advance(100_000);

    assertEquals(seen, ["a", "b"]);
    assertFigures(subscription, { offered: 5, succeeded: 1, released: 4 });
    assertEquals(env.pending.timers, 0);
  });

  it("waits for handlers of subscriptions that have ended, and counts what they finish", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const gate = Promise.withResolvers<void>();
    const subscription = topic.subscribe(() => gate.promise);
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();
    subscription.unsubscribe();
    const closing = watch(bus.close());
    await env.settle();
    assertEquals(closing.result, undefined);
    gate.resolve();
    await env.settle();

    assertEquals(closing.result, { completed: 1, left: 0 });
    assertFigures(subscription, { offered: 2, succeeded: 1, released: 1 });
  });

  it("counts what subscriptions finish that end meanwhile", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    for (let i = 0; i < 10; i++) {
      const subscription = topic.subscribe(({ data }) => {
        if (data === 8) subscription.unsubscribe();
      });
    }
    for (let i = 1; i <= 7; i++) topic.tryPublish(n(i));
    await env.settle();
    topic.tryPublish(n(8));

    assertEquals(await bus.close(), { completed: 10, left: 0 });
  });

  it("aborts the signal of handlers it gives up on, also of those that ask later", async () => {
    const bus = new Bus({ env, name: "shop" });
    const topic = bus.topic<Numbers>("a");
    const contexts: ListenerContext[] = [];
    let early: boolean | undefined;
    topic.subscribe((_, context) => {
      contexts.push(context);
      return new Promise(() => {});
    });
    topic.subscribe((_, context) => {
      contexts.push(context);
      early = context.signal.aborted;
      return new Promise(() => {});
    });
    topic.tryPublish(n(1));
    await env.settle();
    await bus.close({ signal: AbortSignal.abort() });

    assertEquals([contexts.length, early], [2, false]);
    for (const { signal } of contexts) {
      assert(signal.aborted);
      assertInstanceOf(signal.reason, ClosedError);
    }
  });

  it("leaves the signal of a handler alone as long as it waits for it", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    let aborted: boolean | undefined;
    topic.subscribe(async (_, { signal }) => {
      await sleep(env, 100);
      aborted = signal.aborted;
    });
    topic.tryPublish(n(1));
    const closing = watch(bus.close());
    await env.advance(100);

    assertEquals([aborted, closing.result], [false, { completed: 1, left: 0 }]);
  });

  it("rejects wrong options, and the bus stays open", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");

    for (const options of [null, 5, "x", { signal: {} }, { signal: null }] as never[]) {
      await assertRejects(() => bus.close(options), TypeError);
    }
    assertEquals((await topic.publish(n(1))).sequence, 1);
    await bus.close();
  });

  it("is what await using does", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const subscription = topic.subscribe(() => sleep(env, 5));
    topic.tryPublish(n(1));
    const disposed = bus[Symbol.asyncDispose]();
    await env.advance(5);

    assertEquals(await disposed, undefined);
    assertFigures(subscription, { offered: 1, succeeded: 1 });
  });

  it("frees every timer and abort listener (I7)", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { bufferSize: 2 });
    const { signal } = new AbortController();
    topic.subscribe(fails, { signal });
    topic.subscribe(() => new Promise(() => {}), { signal });
    const publishing = [1, 2, 3, 4, 5].map((i) => topic.publish(n(i), { signal }));
    publishing.forEach((published) => published.catch(() => {}));
    await env.settle();
    assert(env.pending.timers > 0 && env.pending.abortListeners > 2);
    await bus.close({ signal: AbortSignal.timeout(1) });

    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
    assertLaws(topic);
  });
});
