/**
 * The defects of the Go library's bus, one case each, by their ids. Those of delivery modes (B2),
 * retention (B6), patterns (B12, B19 in part) and deleting topics (B17) come with those features.
 *
 * @module
 */

import { BufferFullError, ClosedError, TopicNotFoundError, ValidationError } from "@nova/events";
import { Bus } from "@nova/events/bus";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
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
} from "../bus/kit.ts";
import { World } from "../sim/world.ts";
import { useTestEnv } from "../support/env.ts";

describe("ghosts of the bus", () => {
  const env = useTestEnv();

  it("B1: at least once sees what a handler throws, and tries again", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    let calls = 0;
    const subscription = topic.subscribe(() => {
      calls += 1;
      throw new Error("no");
    });
    topic.tryPublish(n(1));
    await env.advance(1000);

    assertEquals(calls, 3);
    assertFigures(subscription, { offered: 1, deadLettered: 1, retries: 2 });
  });

  it("B3: a retry is for the one that failed, in its place, after a delay", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey });
    const log: string[] = [];
    topic.subscribe(({ data }, { attempt }) => {
      log.push(`bad ${data.n} at ${env.monotonic()}`);
      if (data.n === 1 && attempt === 1) throw new Error("no");
    }, { retry: { jitter: "none" } });
    topic.subscribe(({ data }) => void log.push(`good ${data.n} at ${env.monotonic()}`));
    for (const i of [1, 2]) topic.tryPublish(step("k", i));
    await env.advance(1000);

    assertEquals(log, ["bad 1 at 0", "good 1 at 0", "good 2 at 0", "bad 1 at 100", "bad 2 at 100"]);
  });

  it("B4: events of one key are handled in order, not all at once", async () => {
    const world = new World(4);
    const topic = new Bus({ env: world }).topic<Keyed>("a", {
      key: byKey,
      partitions: 4,
      maxConcurrency: 16,
      bufferSize: 10_000,
    });
    const last = new Map<string, number>();
    let inversions = 0;
    topic.subscribe(async ({ data }) => {
      await world.sleep(world.below(10));
      if (data.n !== (last.get(data.key) ?? 0) + 1) inversions += 1;
      last.set(data.key, data.n);
    });
    for (let i = 1; i <= 20; i++) {
      for (let key = 0; key < 100; key++) topic.tryPublish(step(`key-${key}`, i));
    }
    await world.run();

    assertEquals([inversions, last.size, last.get("key-7")], [0, 100, 20]);
  });

  it("B5: maxConcurrency limits what runs", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { maxConcurrency: 1 });
    let running = 0;
    let most = 0;
    topic.subscribe(async () => {
      most = Math.max(most, ++running);
      await sleep(env, 1);
      running -= 1;
    });
    for (let i = 0; i < 16; i++) topic.tryPublish(n(i));
    await env.advance(100);

    assertEquals([most, running], [1, 0]);
  });

  it("B7, B8: a topic with no options, or with one, works as documented", async () => {
    const literals = [undefined, {}, { partitions: 3 }, { bufferSize: 5 }, { maxConcurrency: 2 }, {
      key: () => "k",
    }];
    for (const options of literals) {
      const topic = new Bus({ env }).topic<Numbers>("a", options);
      const subscription = topic.subscribe((_, { attempt }) => {
        if (attempt === 1) throw new Error("no");
      });
      for (let i = 0; i < 4; i++) assertEquals((await topic.publish(n(i))).sequence, i + 1);
      await env.advance(10_000);

      assertFigures(subscription, { offered: 4, succeeded: 4, retries: 4 });
    }
  });

  it("B9: publishing while the bus closes is refused, and breaks nothing", async () => {
    const bus = new Bus({ env });
    let closing = false;
    const topic = bus.topic<Numbers>("a", {
      key() {
        if (closing) bus.close();
        return "k";
      },
    });
    const subscription = topic.subscribe(() => {});
    await topic.publish(n(1));
    closing = true;

    await assertRejects(() => topic.publish(n(2)), ClosedError);
    assertEquals(await bus.close(), { completed: 0, left: 0 });
    assertFigures(subscription, { offered: 1, succeeded: 1 });
    assertLaws(topic);
  });

  it("B10: a failure after close is no crash", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const gate = Promise.withResolvers<void>();
    const subscription = topic.subscribe(() => gate.promise);
    topic.tryPublish(n(1));
    await env.settle();
    await bus.close({ signal: AbortSignal.abort() });
    gate.reject(new Error("late"));
    await env.advance(1000);

    assertFigures(subscription, { offered: 1, released: 1 });
    assertEquals([env.pending.timers, env.reported], [0, []]);
  });

  it("B11: closing twice is one closing; a closed bus takes no topic and no listener", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic("a");
    assertStrictEquals(bus.close(), bus.close());
    await bus.close();

    assertThrows(() => bus.topic("b"), ClosedError);
    assertThrows(() => topic.subscribe(() => {}), ClosedError);
    assertThrows(() => bus.subscribe("a", () => {}), ClosedError);
  });

  it("B13, B18: subscribing makes no topic: it fails aloud, and declaring one stays possible", () => {
    const bus = new Bus({ env });

    assertThrows(() => bus.subscribe("a", () => {}), TopicNotFoundError);
    assert(bus.subscribe(bus.topic("a", { partitions: 4 }).name, () => {}).active);
  });

  it("B14: a subscription ends itself, not its namesake", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const calls = [0, 0];
    const first = topic.subscribe(() => void calls[0]!++, { id: "same" });
    const second = topic.subscribe(() => void calls[1]!++, { id: "same" });
    second.unsubscribe();
    topic.tryPublish(n(1));
    await env.settle();

    assertEquals([first.active, second.active, calls], [true, false, [1, 0]]);
  });

  it("B15: the publisher's signal governs admission only", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const subscription = topic.subscribe(() => {});
    for (let i = 0; i < 100; i++) {
      const controller = new AbortController();
      await topic.publish(n(i), { signal: controller.signal });
      controller.abort();
    }
    await env.settle();

    assertFigures(subscription, { offered: 100, succeeded: 100 });
  });

  it("B16: close waits for handlers, and counts what they did", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { maxConcurrency: 4 });
    let handled = 0;
    topic.subscribe(async () => {
      await sleep(env, 5);
      handled += 1;
    });
    for (let i = 0; i < 50; i++) topic.tryPublish(n(i));
    const closed = bus.close();
    await env.advance(1000);

    assertEquals(await closed, { completed: 50, left: 0 });
    assertEquals(handled, 50);
  });

  it("B19: a bad pattern is an error, and no pattern matches half a name", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("superuser.created");
    const halves: unknown[] = [];
    bus.subscribe(/user\..*/, (event) => void halves.push(event));
    bus.subscribe("user.*", (event) => void halves.push(event));

    assertThrows(() => bus.subscribe("user.*x", () => {}), SyntaxError);
    assertThrows(() => bus.subscribe("user.created", () => {}), TopicNotFoundError);
    assertEquals((await topic.publish(n(1))).sequence, 1);
    await env.settle();
    assertEquals(halves, []);
  });

  it("B20: an event that nobody handled is no success; one that failed is counted", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { attempts: 1 } });
    topic.tryPublish(n(1));
    await env.settle();
    const subscription = topic.subscribe(fails);
    topic.tryPublish(n(2));
    await env.settle();

    assertFigures(subscription, { offered: 1, deadLettered: 1 });
    assertEquals(topic.stats().accepted, 2);
  });

  it("B21: no event at all is an error to the publisher", async () => {
    const topic = new Bus({ env }).topic("a");

    await assertRejects(() => topic.publish(null as never), TypeError);
    await assertRejects(() => topic.publish({} as never), ValidationError);
  });

  it("B22: nothing is delivered after unsubscribe, not even what was next in line", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey, maxConcurrency: 2 });
    const log: number[] = [];
    const subscription = topic.subscribe(async ({ data }) => {
      log.push(data.n);
      await sleep(env, 5);
    });
    for (const i of [1, 2, 3]) topic.tryPublish(step("k", i));
    await env.settle();
    subscription.unsubscribe();
    await env.advance(100);

    assertEquals(log, [1]);
    assertFigures(subscription, { offered: 3, succeeded: 1, released: 2 });
  });

  it("B23: a full topic lets its publishers wait, unless told otherwise", async () => {
    const bus = new Bus({ env });
    const waits = bus.topic<Numbers>("waits", { bufferSize: 1 });
    const rejects = bus.topic<Numbers>("rejects", { bufferSize: 1, overflow: "reject" });
    const seen: number[] = [];
    for (const topic of [waits, rejects]) topic.subscribe(({ data }) => void seen.push(data));
    const published = [1, 2, 3].map((i) => waits.publish(n(i)));
    rejects.tryPublish(n(4));

    await assertRejects(() => rejects.publish(n(5)), BufferFullError);
    await Promise.all(published);
    await env.settle();
    assertEquals(seen.toSorted(), [1, 2, 3, 4]);
  });

  it("B24: labels are those of subscriptions; any hash picks a partition", async () => {
    const topic = new Bus({ env }).topic<{ any: number }>("a", {
      partitions: 7,
      key: ({ data }) => data,
    });
    topic.subscribe(() => {}, { id: "books" });
    for (let key = -500; key < 500; key++) {
      const { partition } = await topic.publish({ type: "any", data: key * 4_294_967 });
      assert(Number.isInteger(partition) && partition >= 0 && partition < 7, `${partition}`);
    }

    assertEquals(topic.stats().subscriptions.map(({ id }) => id), ["books"]);
  });

  it("B25: a signal that is already aborted always refuses", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    let refused = 0;
    for (let i = 0; i < 200; i++) {
      await topic.publish(n(i), { signal: AbortSignal.abort() }).catch(() => refused++);
    }

    assertEquals([refused, topic.stats().accepted], [200, 0]);
  });
});
