import { Bus } from "@nova/events/bus";
import { supervise, type SuperviseOptions } from "@nova/events/listener";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, fails, n, type Numbers, sleep } from "./kit.ts";

describe("a spent retry budget", () => {
  const env = useTestEnv();

  const options = (): SuperviseOptions => ({
    env,
    breaker: false,
    concurrency: 100,
    retry: {
      attempts: 2,
      delayMs: 1,
      jitter: "none",
      budget: { ratio: 0, floor: 1, windowMs: 1000 },
    },
  });

  for (const kind of ["synchronous", "asynchronous"] as const) {
    for (
      const [words, thrown] of [["an error", new Error("no")], ["undefined", undefined]] as const
    ) {
      it(`lets events wait: no attempt, no dead letter (${kind}, ${words})`, async () => {
        const bus = new Bus({ env });
        const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 }, maxConcurrency: 4 });
        let broken = true;
        const attempts: number[] = [];
        const subscription = topic.subscribe(
          supervise<{ readonly type: string; readonly data: number }>((_, { attempt }) => {
            attempts.push(attempt);
            if (kind === "synchronous") {
              if (broken) throw thrown;
              return;
            }
            return sleep(env, 0).then(() => {
              if (broken) throw thrown;
            });
          }, options()),
        );
        // The first one is what the budget has room for, and is lost to it.
        topic.tryPublish(n(0));
        await env.advance(10);
        assertEquals(subscription.stats().deadLettered, 1);
        for (let i = 1; i <= 5; i++) topic.tryPublish(n(i));
        await env.advance(50);
        assertFigures(subscription, { offered: 6, deadLettered: 1, held: 5 });
        broken = false;
        await env.advance(1000);

        assertEquals(subscription.stats().succeeded, 5);
        assertEquals(subscription.stats().retries, 0);
        assertEquals(attempts.filter((attempt) => attempt > 2), []);
      });
    }
  }

  it("is heard through listeners in between", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { attempts: 1 } });
    const inner = supervise(fails, options());
    const subscription = topic.subscribe(
      supervise(inner as never, { env, breaker: false, retry: false }),
    );
    for (let i = 0; i < 3; i++) topic.tryPublish(n(i));
    await env.advance(5);

    assertEquals(subscription.stats().deadLettered, 1);
    assertEquals(subscription.stats().held, 2);
    subscription.unsubscribe();
  });

  it("says nothing about what fails later on the same listener", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { attempts: 1 } });
    const guarded = supervise(fails, options());
    let calls = 0;
    const subscription = topic.subscribe((event, context) => {
      calls += 1;
      if (calls > 2) return fails();
      try {
        return guarded(event as never, context);
      } catch {
        // Dealt with.
      }
    });
    for (let i = 0; i < 4; i++) topic.tryPublish(n(i));
    await env.advance(100);

    assertEquals(subscription.stats().held, 0);
    assertEquals(subscription.stats().deadLettered, 3);
  });
});
