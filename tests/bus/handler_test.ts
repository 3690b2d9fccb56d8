import { Bus, createEvent, type ListenerContext } from "@nova/events/bus";
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, n, type Numbers, sleep } from "./kit.ts";

describe("a handler", () => {
  const env = useTestEnv();

  it("handles events in order, one at a time, also when it is asynchronous", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const log: string[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      log.push(`+${data}`);
      await sleep(env, 10 - data);
      log.push(`-${data}`);
    });
    for (const i of [1, 2, 3]) topic.tryPublish(n(i));
    await env.advance(100);

    assertEquals(log, ["+1", "-1", "+2", "-2", "+3", "-3"]);
    assertFigures(subscription, { offered: 3, succeeded: 3 });
  });

  it("has handled the event with whatever it returns that is no promise", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const results = [undefined, null, 0, "", false, {}, [], () => {}, { then: 5 }, Symbol("x")];
    const subscription = topic.subscribe((({ data }: { data: number }) => results[data]) as never);
    results.forEach((_, i) => topic.tryPublish(n(i)));
    await env.settle();

    assertFigures(subscription, { offered: results.length, succeeded: results.length });
  });

  it("acknowledges by its promise, and is in flight until then", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const gate = Promise.withResolvers<void>();
    const subscription = topic.subscribe(() => gate.promise);
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();

    assertFigures(subscription, { offered: 2, inFlight: 1, queued: 1 });
    gate.resolve();
    await env.settle();
    assertFigures(subscription, { offered: 2, succeeded: 2 });
  });

  it("may answer with any thenable, good or bad", async () => {
    const thenables: Record<string, () => unknown> = {
      "at once": () => ({ then: (ok: () => void) => ok() }),
      "twice": () => ({ then: (ok: () => void) => (ok(), ok()) }),
      "both ways": () => ({ then: (ok: () => void, no: () => void) => (ok(), no()) }),
      "then throws": () => ({
        then(ok: () => void) {
          ok();
          throw new Error("late");
        },
      }),
      "a function": () => Object.assign(() => {}, { then: (ok: () => void) => ok() }),
      "a promise with a then of its own": () =>
        Object.assign(Promise.resolve(), { then: (ok: () => void) => (ok(), ok()) }),
    };
    const topic = new Bus({ env }).topic<{ how: string }>("a");
    const subscription = topic.subscribe(({ data }) => thenables[data]!() as Promise<void>);
    for (const data of Object.keys(thenables)) topic.tryPublish({ type: "how", data });
    await env.settle();

    const all = Object.keys(thenables).length;
    assertFigures(subscription, { offered: all, succeeded: all });
  });

  it("fails by whatever it throws, rejects with, or breaks", async () => {
    const failures: (() => unknown)[] = [
      () => {
        throw undefined;
      },
      () => {
        throw null;
      },
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        throw proxy;
      },
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
      () => ({
        get then() {
          throw new Error("no then");
        },
      }),
      () => ({
        then() {
          throw undefined;
        },
      }),
      () => Promise.reject(undefined),
      () => Promise.reject(Object.create(null)),
      () => ({ then: (_: unknown, no: (reason: unknown) => void) => no(0) }),
    ];
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { attempts: 2 } });
    const subscription = topic.subscribe(({ data }) => failures[data]!() as Promise<void>);
    failures.forEach((_, i) => topic.tryPublish(n(i)));
    await env.advance(1000);

    const all = failures.length;
    assertFigures(subscription, { offered: all, deadLettered: all, retries: all });
  });

  it("whose promise never settles keeps its slot, and nothing else", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { maxConcurrency: 2 });
    const subscription = topic.subscribe(({ data }) =>
      data === 0 ? new Promise(() => {}) : sleep(env, 1)
    );
    for (let i = 0; i < 5; i++) topic.tryPublish(n(i));
    await env.advance(100);

    assertFigures(subscription, { offered: 5, succeeded: 4, inFlight: 1 });
    const closed = bus.close();
    await env.advance(30_000);
    assertEquals(await closed, { completed: 0, left: 1 });
  });

  it("gets the same frozen context for every first attempt", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const contexts: ListenerContext[] = [];
    const subscription = topic.subscribe((event, context) => {
      contexts.push(context);
      if (event.data === 2 && context.attempt === 1) throw new Error("no");
    });
    for (const i of [1, 2, 3]) topic.tryPublish(n(i));
    await env.advance(1000);

    const [first, second, third, again] = contexts;
    assertStrictEquals(first, second);
    assertStrictEquals(first, third);
    assertNotStrictEquals(first, again);
    assertEquals([first?.attempt, again?.attempt], [1, 2]);
    for (const context of contexts) {
      assert(Object.isFrozen(context));
      assertStrictEquals(context.subscription, subscription);
      assertEquals(context.signal.aborted, false);
    }
  });

  it("lets other work of the process have its turn, however much there is to do", async () => {
    const topic = new Bus().topic<Numbers>("a");
    let other = false;
    let handled = 0;
    const done = Promise.withResolvers<void>();
    setTimeout(() => (other = true), 0);
    topic.subscribe(() => {
      handled += 1;
      if (other || handled > 2_000_000) done.resolve();
      else topic.tryPublish(event);
    });
    const event = createEvent("n", 1);
    topic.tryPublish(event);
    await done.promise;

    assert(other, "a timer never fired");
  });
});

describe("subscriptions of one topic", () => {
  const env = useTestEnv();

  it("go on after a break when a settled handler uncovers more than one burst", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 4000 });
    const gate = Promise.withResolvers<void>();
    const subscription = topic.subscribe(({ data }) => data === 0 ? gate.promise : undefined);
    for (let i = 0; i < 3500; i++) topic.tryPublish(n(i));
    await env.settle();
    assertFigures(subscription, { offered: 3500, inFlight: 1, queued: 3499 });
    gate.resolve();
    await env.settle();

    assertFigures(subscription, { offered: 3500, succeeded: 3500 });
  });

  it("each get their turn beside one that has work without end", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 10_000 });
    const gate = Promise.withResolvers<void>();
    const busy = topic.subscribe(() => gate.promise, { maxConcurrency: 10_000 });
    let handled = 0;
    topic.subscribe(() => void handled++);
    for (let i = 0; i < 5000; i++) topic.tryPublish(n(i));
    for (let turn = 0; turn < 10; turn++) await undefined;

    // One burst each, before any break.
    assertEquals([busy.stats().inFlight, handled], [1024, 1024]);
    gate.resolve();
    await env.settle();
    assertEquals([busy.stats().succeeded, handled], [5000, 5000]);
  });
});
