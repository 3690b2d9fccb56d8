import { TerminalError } from "@nova/events";
import { Bus, createEvent, type ListenerContext, type RetryOptions } from "@nova/events/bus";
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
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
  withRandom,
} from "./kit.ts";

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

describe("maxConcurrency", () => {
  const env = useTestEnv();

  for (const maxConcurrency of [1, 2, 7]) {
    it(`${maxConcurrency}: so many handlers run at once in each partition`, async () => {
      const topic = new Bus({ env }).topic<Numbers>("a", { maxConcurrency, partitions: 2 });
      let running = 0;
      let most = 0;
      const subscription = topic.subscribe(async () => {
        most = Math.max(most, ++running);
        await sleep(env, 5);
        running -= 1;
      });
      for (let i = 0; i < 40; i++) topic.tryPublish(n(i));
      await env.settle();
      assertFigures(subscription, {
        offered: 40,
        inFlight: 2 * maxConcurrency,
        queued: 40 - 2 * maxConcurrency,
      });
      await env.advance(1000);

      assertEquals(most, 2 * maxConcurrency);
      assertFigures(subscription, { offered: 40, succeeded: 40 });
    });
  }

  it("of a subscription comes before that of its topic", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { maxConcurrency: 2 });
    const gate = Promise.withResolvers<void>();
    const wide = topic.subscribe(() => gate.promise, { maxConcurrency: 5 });
    const plain = topic.subscribe(() => gate.promise);
    for (let i = 0; i < 9; i++) topic.tryPublish(n(i));
    await env.settle();

    assertEquals([wide.stats().inFlight, plain.stats().inFlight], [5, 2]);
    gate.resolve();
    await env.settle();
    assertEquals([wide.stats().succeeded, plain.stats().succeeded], [9, 9]);
  });

  it("counts retries too", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      maxConcurrency: 2,
      retry: { attempts: 2, delayMs: 10, jitter: "none" },
    });
    let running = 0;
    let most = 0;
    const subscription = topic.subscribe(async (_, { attempt }) => {
      most = Math.max(most, ++running);
      await sleep(env, 10);
      running -= 1;
      if (attempt === 1) throw new Error("no");
    });
    for (let i = 0; i < 8; i++) topic.tryPublish(n(i));
    await env.advance(1000);

    assertEquals(most, 2);
    assertFigures(subscription, { offered: 8, succeeded: 8, retries: 8 });
  });

  it("may be as large as a number gets", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      maxConcurrency: Number.MAX_SAFE_INTEGER,
    });
    const gate = Promise.withResolvers<void>();
    const subscription = topic.subscribe(() => gate.promise);
    for (let i = 0; i < 500; i++) topic.tryPublish(step(`key-${i}`, 1));
    await env.settle();

    assertEquals(subscription.stats().inFlight + subscription.stats().held, 500);
    gate.resolve();
    await env.settle();
    assertFigures(subscription, { offered: 500, succeeded: 500 });
  });
});

describe("events of one key", () => {
  const env = useTestEnv();

  it("wait for each other, those of other keys do not", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey, maxConcurrency: 10 });
    const log: string[] = [];
    topic.subscribe(async ({ data }) => {
      await sleep(env, data.key === "a" && data.n === 1 ? 20 : 1);
      log.push(`${data.key}${data.n}`);
    });
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 1], ["a", 3], ["c", 1]] as const) {
      topic.tryPublish(step(key, i));
    }
    await env.settle();
    assertEquals(topic.stats().subscriptions[0]?.inFlight, 3);
    assertEquals(topic.stats().subscriptions[0]?.held, 2);
    assertLaws(topic);
    await env.advance(100);

    assertEquals(log, ["b1", "c1", "a1", "a2", "a3"]);
  });

  it("wait while one of them is tried again, those of other keys do not", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      retry: { attempts: 4, delayMs: 2000, jitter: "none" },
    });
    const log: string[] = [];
    const subscription = topic.subscribe(({ data }, { attempt }) => {
      log.push(`${data.key}${data.n}`);
      if (data.key === "a" && data.n === 1 && attempt < 4) throw new Error("not yet");
    });
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 1], ["a", 3], ["b", 2]] as const) {
      topic.tryPublish(step(key, i));
    }
    await env.settle();
    assertEquals(log, ["a1", "b1", "b2"]);
    assertFigures(subscription, { offered: 5, succeeded: 2, held: 3 });
    await env.advance(20_000);

    assertEquals(log, ["a1", "b1", "b2", "a1", "a1", "a1", "a2", "a3"]);
    assertFigures(subscription, { offered: 5, succeeded: 5, retries: 3 });
  });

  it("do not wait for events without one", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: ({ data }) => data.key === "" ? undefined : data.key,
      maxConcurrency: 3,
    });
    const gate = Promise.withResolvers<void>();
    const subscription = topic.subscribe(() => gate.promise);
    for (const key of ["", "", "a"]) topic.tryPublish(step(key, 1));
    await env.settle();

    assertFigures(subscription, { offered: 3, inFlight: 3 });
    gate.resolve();
    await env.settle();
  });
});

describe("retry", () => {
  const env = useTestEnv();

  /** When each attempt at one event begins. */
  async function attemptsAt(retry: RetryOptions, random = (): number => 1): Promise<number[]> {
    const at: number[] = [];
    const topic = new Bus({ env: withRandom(env, random) }).topic<Numbers>("a");
    const start = env.monotonic();
    topic.subscribe(() => {
      at.push(env.monotonic() - start);
      throw new Error("no");
    }, { retry });
    topic.tryPublish(n(1));
    await env.advance(10_000);
    return at;
  }

  it("attempts: so many in all", async () => {
    assertEquals((await attemptsAt({ attempts: 1 })).length, 1);
    assertEquals((await attemptsAt({ attempts: 2 })).length, 2);
    assertEquals((await attemptsAt({ attempts: 6 })).length, 6);
  });

  it("backoff: exponential, linear or fixed", async () => {
    const retry = { attempts: 4, delayMs: 10, jitter: "none" } as const;

    assertEquals(await attemptsAt({ ...retry, backoff: "exponential" }), [0, 10, 30, 70]);
    assertEquals(await attemptsAt({ ...retry, backoff: "linear" }), [0, 10, 30, 60]);
    assertEquals(await attemptsAt({ ...retry, backoff: "fixed" }), [0, 10, 20, 30]);
  });

  it("factor: what an exponential delay grows by", async () => {
    const retry = { attempts: 4, delayMs: 10, jitter: "none" } as const;

    assertEquals(await attemptsAt({ ...retry, factor: 3 }), [0, 10, 40, 130]);
    assertEquals(await attemptsAt({ ...retry, factor: 1 }), [0, 10, 20, 30]);
  });

  it("maxDelayMs: the longest delay", async () => {
    const retry = { attempts: 4, delayMs: 10, jitter: "none" } as const;

    assertEquals(await attemptsAt({ ...retry, maxDelayMs: 15 }), [0, 10, 25, 40]);
    assertEquals(await attemptsAt({ ...retry, maxDelayMs: 0 }), [0, 0, 0, 0]);
  });

  it("jitter: full draws between 0 and the delay, none keeps it", async () => {
    const retry = { attempts: 3, delayMs: 100, backoff: "fixed" } as const;

    assertEquals(await attemptsAt({ ...retry, jitter: "full" }, () => 0.25), [0, 25, 50]);
    assertEquals(await attemptsAt({ ...retry, jitter: "none" }, () => 0.25), [0, 100, 200]);
  });

  it("without a delay takes any number of attempts", async () => {
    const world = new World(1);
    const bus = new Bus({ env: world });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 3000, delayMs: 0 } });
    const subscription = topic.subscribe(fails);
    topic.tryPublish(n(1));
    await world.run();

    assertEquals(world.monotonic(), 0);
    assertFigures(subscription, { offered: 1, deadLettered: 1, retries: 2999 });
  });

  it("of a subscription is merged over that of its topic", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      retry: { attempts: 2, delayMs: 10, jitter: "none" },
    });
    const at: number[] = [];
    topic.subscribe(() => {
      at.push(env.monotonic());
      throw new Error("no");
    }, { retry: { attempts: 3 } });
    topic.tryPublish(n(1));
    await env.advance(1000);

    assertEquals(at, [0, 10, 30]);
  });

  it("gives each attempt its number, and counts what is beyond the first", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const attempts: number[] = [];
    const subscription = topic.subscribe(async (_, { attempt }) => {
      attempts.push(attempt);
      await undefined;
      if (attempt < 3) throw new Error("not yet");
    });
    topic.tryPublish(n(1));
    await env.advance(1000);

    assertEquals(attempts, [1, 2, 3]);
    assertFigures(subscription, { offered: 1, succeeded: 1, retries: 2 });
  });

  it("ends at once with a TerminalError, thrown or rejected, at any attempt", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { attempts: 9 } });
    const calls = [0, 0, 0];
    const subscription = topic.subscribe(({ data }, { attempt }) => {
      calls[data]! += 1;
      if (data === 0) throw new TerminalError("useless");
      if (data === 1) return Promise.reject(new TerminalError("useless"));
      if (attempt === 3) throw new TerminalError("useless by now");
      throw new Error("no");
    });
    for (const i of [0, 1, 2]) topic.tryPublish(n(i));
    await env.advance(10_000);

    assertEquals(calls, [1, 1, 3]);
    assertFigures(subscription, { offered: 3, deadLettered: 3, retries: 2 });
  });

  it("leaves nothing behind once it succeeded", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    topic.subscribe((_, { attempt }) => {
      if (attempt === 1) throw new Error("no");
    });
    for (let i = 0; i < 100; i++) topic.tryPublish(n(i));
    await env.settle();
    assertEquals(env.pending.timers, 1);
    await env.advance(100);

    assertEquals(env.pending.timers, 0);
    assertLaws(topic);
  });
});

describe("maxHeld", () => {
  const env = useTestEnv();

  it("bounds what is set aside: at the limit no new event is taken", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      maxHeld: 2,
      bufferSize: 10,
      retry: { attempts: 2, delayMs: 1000, jitter: "none" },
    });
    const log: string[] = [];
    const subscription = topic.subscribe(({ data }, { attempt }) => {
      log.push(`${data.key}${data.n}`);
      if (data.key === "a" && data.n === 1 && attempt === 1) throw new Error("no");
    });
    topic.tryPublish(step("a", 1));
    topic.tryPublish(step("b", 1));
    topic.tryPublish(step("a", 2));
    topic.tryPublish(step("b", 2));
    await env.settle();
    assertEquals(log, ["a1", "b1"]);
    assertFigures(subscription, { offered: 4, succeeded: 1, held: 2, queued: 1 });
    await env.advance(1000);

    assertEquals(log, ["a1", "b1", "a1", "a2", "b2"]);
    assertFigures(subscription, { offered: 4, succeeded: 4, retries: 1 });
  });

  it("bounds failed events of a topic without keys too", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      maxHeld: 3,
      retry: { attempts: 2, delayMs: 1000, jitter: "none" },
    });
    const subscription = topic.subscribe((_, { attempt }) => {
      if (attempt === 1) throw new Error("no");
    });
    for (let i = 0; i < 10; i++) topic.tryPublish(n(i));
    await env.settle();
    assertFigures(subscription, { offered: 10, held: 3, queued: 7 });
    await env.advance(10_000);

    assertFigures(subscription, { offered: 10, succeeded: 10, retries: 10 });
  });

  it("is passed by no more than what ran when it was reached", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      maxHeld: 1,
      maxConcurrency: 4,
      retry: { attempts: 2, delayMs: 1000, jitter: "none" },
    });
    const subscription = topic.subscribe(async (_, { attempt }) => {
      await sleep(env, 1);
      if (attempt === 1) throw new Error("no");
    });
    for (let i = 0; i < 10; i++) topic.tryPublish(n(i));
    await env.advance(10);

    assertFigures(subscription, { offered: 10, held: 4, queued: 6 });
    await env.advance(10_000);
    assertFigures(subscription, { offered: 10, succeeded: 10, retries: 10 });
  });

  it("full with events behind one that runs lets nothing lock up", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey, maxHeld: 1, maxConcurrency: 4 });
    const log: string[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      await sleep(env, 5);
      log.push(`${data.key}${data.n}`);
    });
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 1], ["a", 3], ["b", 2]] as const) {
      topic.tryPublish(step(key, i));
    }
    await env.settle();
    assertFigures(subscription, { offered: 5, inFlight: 1, held: 1, queued: 3 });
    await env.advance(100);

    assertEquals(log, ["a1", "a2", "b1", "a3", "b2"]);
  });
});

describe("a poisoned event", () => {
  const env = useTestEnv();

  it("that is tried for seconds stops no other key, subscription or publisher (I14)", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      bufferSize: 8,
      overflow: "reject",
      retry: { attempts: 5, delayMs: 2000, backoff: "fixed", jitter: "none" },
    });
    const poisoned = topic.subscribe(({ data }) => {
      if (data.key === "bad") throw new Error("poison");
    });
    const healthy = topic.subscribe(() => {});
    await topic.publish(step("bad", 1));
    // Far more than the ring holds, all within the first delay.
    for (let i = 1; i <= 500; i++) {
      await topic.publish(step("good", i));
      if (i % 4 === 0) await env.settle();
    }
    await env.settle();

    assertEquals(env.monotonic(), 0);
    assertFigures(poisoned, { offered: 501, succeeded: 500, held: 1 });
    assertFigures(healthy, { offered: 501, succeeded: 501 });
    assertEquals(topic.stats().rejected, 0);
    await env.advance(10_000);
    assertFigures(poisoned, { offered: 501, succeeded: 500, deadLettered: 1, retries: 4 });
  });

  it("holds later events of its key up to maxHeld, then publishers: nothing is lost", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      bufferSize: 2,
      maxHeld: 3,
      retry: { attempts: 2, delayMs: 1000, jitter: "none" },
    });
    const seen: number[] = [];
    const subscription = topic.subscribe(({ data }) => {
      if (data.n === 1) throw new Error("poison");
      seen.push(data.n);
    });
    const published = [1, 2, 3, 4, 5, 6, 7].map((i) => topic.publish(step("k", i)));
    await env.settle();
    assertFigures(subscription, { offered: 5, held: 3, queued: 2 });
    assertEquals(topic.stats().waiting, 2);
    assertLaws(topic);
    await env.advance(1000);

    await Promise.all(published);
    assertEquals(seen, [2, 3, 4, 5, 6, 7]);
    assertFigures(subscription, { offered: 7, succeeded: 6, deadLettered: 1, retries: 1 });
  });

  it("fails for one subscription only: others handle each event once", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const calls: number[] = [];
    const bad = topic.subscribe(fails);
    const good = topic.subscribe(({ data }) => void calls.push(data));
    for (const i of [1, 2, 3]) topic.tryPublish(n(i));
    await env.advance(1000);

    assertEquals(calls, [1, 2, 3]);
    assertFigures(bad, { offered: 3, deadLettered: 3, retries: 6 });
    assertFigures(good, { offered: 3, succeeded: 3 });
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
