import { ClosedError } from "@nova/events";
import { Bus, type CloseResult } from "@nova/events/bus";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, byKey, type Keyed, n, type Numbers, sleep, step } from "./kit.ts";

describe("Bus.close() inside a handler", () => {
  const env = useTestEnv();

  it("does not wait for the delivery that called it", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    let closed: CloseResult | undefined;
    const subscription = topic.subscribe(async () => {
      closed = await bus.close();
    });
    topic.tryPublish(n(1));
    await env.settle();

    assertEquals(closed, { completed: 0, left: 0 });
    assertFigures(subscription, { offered: 1, succeeded: 1 });
  });

  it("does not wait for any of those that called it", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    let closed = 0;
    for (let i = 0; i < 3; i++) {
      topic.subscribe(async () => {
        await bus.close();
        closed += 1;
      });
    }
    topic.tryPublish(n(1));
    await env.settle();

    assertEquals(closed, 3);
  });

  it("lets what is behind it be handled meanwhile", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const seen: number[] = [];
    let closed: CloseResult | undefined;
    const subscription = topic.subscribe(async ({ data }) => {
      seen.push(data);
      if (data === 1) closed = await bus.close();
      else await sleep(env, 5);
    });
    for (const i of [1, 2, 3]) topic.tryPublish(n(i));
    await env.settle();
    assertEquals([seen, subscription.stats().inFlight], [[1, 2], 2]);
    await env.advance(10);

    assertEquals([seen, closed], [[1, 2, 3], { completed: 2, left: 0 }]);
    assertFigures(subscription, { offered: 3, succeeded: 3 });
  });

  it("leaves events of its own key, which it holds", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Keyed>("a", { key: byKey });
    const seen: string[] = [];
    let closed: CloseResult | undefined;
    const subscription = topic.subscribe(async ({ data }) => {
      seen.push(`${data.key}${data.n}`);
      if (data.key === "a") closed = await bus.close();
    });
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 1]] as const) topic.tryPublish(step(key, i));
    await env.settle();

    assertEquals([seen, closed], [["a1", "b1"], { completed: 1, left: 1 }]);
    assertFigures(subscription, { offered: 3, succeeded: 2, released: 1 });
  });

  it("that is synchronous, or fails, or is a retry, is the same", async () => {
    for (const failing of [false, true]) {
      const bus = new Bus({ env });
      const topic = bus.topic<Numbers>("a", { retry: { attempts: 2 } });
      let closed: Promise<CloseResult> | undefined;
      const subscription = topic.subscribe((_, { attempt }) => {
        if (attempt === 1) throw new Error("not yet");
        closed = bus.close();
        if (failing) throw new Error("no");
      });
      topic.tryPublish(n(1));
      await env.advance(100);

      assertEquals((await closed)?.left, 0);
      assertFigures(
        subscription,
        failing
          ? { offered: 1, deadLettered: 1, retries: 1 }
          : { offered: 1, succeeded: 1, retries: 1 },
      );
    }
  });

  it("after an await waits for that delivery, until it gives up", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    let closed: CloseResult | undefined;
    topic.subscribe(async () => {
      await undefined;
      closed = await bus.close();
    });
    topic.tryPublish(n(1));
    await env.advance(29_999);
    assertEquals(closed, undefined);
    await env.advance(1);

    assertEquals(closed, { completed: 0, left: 1 });
  });

  it("sends its own later publishes away", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    let error: unknown;
    topic.subscribe(async () => {
      const closed = bus.close();
      error = await topic.publish(n(2)).catch((reason) => reason);
      await closed;
    });
    topic.tryPublish(n(1));
    await env.settle();

    assertInstanceOf(error, ClosedError);
  });
});
