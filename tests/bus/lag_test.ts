import { Bus } from "@nova/events/bus";
import { CursorExpiredError, UnsupportedError } from "@nova/events/store";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, assertLaws, fails, n, type Numbers, sleep } from "./kit.ts";

describe("onLag", () => {
  const env = useTestEnv();

  it('"drop-oldest" jumps, is counted on it alone, and holds nobody back', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 10, overflow: "reject" });
    const slow: number[] = [];
    const fast: number[] = [];
    const lossy = topic.subscribe(async ({ data }) => {
      slow.push(data);
      await sleep(env, 10);
    }, { onLag: "drop-oldest", lossy: true });
    const other = topic.subscribe(({ data }) => void fast.push(data));
    for (let i = 1; i <= 100; i++) {
      assert(topic.tryPublish(n(i)));
      await env.settle();
    }
    await env.advance(1000);

    assertEquals(slow, [1, ...Array.from({ length: 10 }, (_, i) => 91 + i)]);
    assertEquals(fast.length, 100);
    assertFigures(lossy, { offered: 100, succeeded: 11, dropped: 89 });
    assertFigures(other, { offered: 100, succeeded: 100 });
    assertLaws(topic);
  });

  it('"drop-oldest" loses nothing within bufferSize, and nothing that is set aside', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      bufferSize: 1000,
      maxHeld: 5,
      retry: { delayMs: 10, jitter: "none" },
    });
    const lossy = topic.subscribe((_, { attempt }) => attempt < 3 ? fails() : undefined, {
      onLag: "drop-oldest",
      lossy: true,
    });
    for (let i = 1; i <= 1000; i++) topic.tryPublish(n(i));
    await env.advance(1_000_000);

    assertFigures(lossy, { offered: 1000, succeeded: 1000, retries: 2000 });
  });

  it('"drop-oldest" may publish into its own topic without end', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 4 });
    let count = 0;
    const lossy = topic.subscribe(({ data }) => {
      count += 1;
      if (count < 100) { for (let i = 0; i < 6; i++) assert(topic.tryPublish(n(data + 1))); }
    }, { onLag: "drop-oldest", lossy: true });
    topic.tryPublish(n(1));
    await env.advance(10);

    const { offered, succeeded, dropped } = lossy.stats();
    assertEquals(offered, succeeded + dropped);
    assert(dropped > 0);
  });

  it('"drop-oldest" has to be said twice where events are delivered at least once', () => {
    const topic = new Bus({ env }).topic<Numbers>("a");

    for (const lossy of [undefined, false, 1] as never[]) {
      assertThrows(
        () => topic.subscribe(() => {}, { onLag: "drop-oldest", lossy }),
        RangeError,
        "lossy: true",
      );
    }
    assertEquals(topic.stats().subscriptions, []);
  });

  it('"close" ends a subscription that falls behind, and tells', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 3 });
    const gate = Promise.withResolvers<void>();
    const closes = topic.subscribe(() => gate.promise, { onLag: "close", deadlineMs: Infinity });
    topic.tryPublish(n(0));
    await env.settle();
    for (let i = 1; i <= 3; i++) topic.tryPublish(n(i));
    await env.settle();
    assert(closes.active);
    topic.tryPublish(n(4));
    gate.resolve();
    await env.settle();

    assert(!closes.active);
    assertInstanceOf(env.reported.pop(), CursorExpiredError);
    assertFigures(closes, { offered: 5, succeeded: 1, released: 4 });
  });

  it('"backpressure" is what happens unless told otherwise', async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 3 });
    const subscription = topic.subscribe(() => {});
    for (let i = 0; i < 5; i++) topic.tryPublish(n(i));
    await env.settle();

    assertFigures(subscription, { offered: 3, succeeded: 3 });
    assertEquals(topic.stats().rejected, 2);
  });

  it("refuses what it does not know, and what needs a store", () => {
    const topic = new Bus({ env }).topic<Numbers>("a");

    for (const onLag of ["", "drop-newest", 1, null] as never[]) {
      assertThrows(() => topic.subscribe(() => {}, { onLag }), RangeError, "onLag");
    }
    assertThrows(() => topic.subscribe(() => {}, { onLag: "spill" }), UnsupportedError, "store");
    for (const onGap of ["", "close", 1, null] as never[]) {
      assertThrows(() => topic.subscribe(() => {}, { onGap }), RangeError, "onGap");
    }
  });
});
