import { TerminalError } from "@nova/events";
import { Bus, type RetryOptions } from "@nova/events/bus";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { World } from "../sim/world.ts";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, assertLaws, fails, n, type Numbers, withRandom } from "./kit.ts";

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

  it("the event after one that was tried again is at its first attempt", async () => {
    const attempts: string[] = [];
    const topic = new Bus({ env }).topic<Numbers>("a");
    const subscription = topic.subscribe(async ({ data }, { attempt }) => {
      await undefined;
      attempts.push(`${data}: ${attempt}`);
      if (data % 2 === 1 && attempt < 3) throw new Error("no");
    }, { retry: { attempts: 3, delayMs: 1, jitter: "none" } });
    for (const number of [1, 2, 3, 4]) {
      topic.tryPublish(n(number));
      await env.advance(10);
    }

    assertEquals(attempts, ["1: 1", "1: 2", "1: 3", "2: 1", "3: 1", "3: 2", "3: 3", "4: 1"]);
    assertFigures(subscription, { offered: 4, succeeded: 4, retries: 4 });
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
