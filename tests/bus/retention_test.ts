import { Bus, type Gap, type NovaEvent, type SubscribeOptions, type Topic } from "@nova/events/bus";
import { CursorExpiredError } from "@nova/events/store";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import {
  assertFigures,
  assertLaw,
  assertLaws,
  byKey,
  type Keyed,
  n,
  type Numbers,
  sleep,
  step,
} from "./kit.ts";

/** What a subscription that begins there gets at once. */
function read(topic: Topic<Numbers>, options: SubscribeOptions): number[] {
  const seen: number[] = [];
  topic.subscribe(({ data }) => void seen.push(data), options);
  return seen;
}

describe("retention", () => {
  const env = useTestEnv();

  for (const maxEvents of [1, 5, 16, 17, 100, 3000]) {
    it(`keeps exactly the last ${maxEvents} events for those who come later`, async () => {
      const topic = new Bus({ env }).topic<Numbers>("a", {
        retention: { maxEvents },
        bufferSize: 8,
      });
      for (let i = 1; i <= 4000; i++) {
        assert(topic.tryPublish(n(i)), "what was handled is in nobody's way");
        if (![1, 7, 33, 150, 4000].includes(i)) continue;
        const ended = new AbortController();
        const seen = read(topic, { from: "earliest", signal: ended.signal });
        await env.settle();
        assertEquals(seen, range(Math.max(1, i - maxEvents + 1), i));
        ended.abort();
        topic.stats();
      }
    });
  }

  it("keeps them for so long, whatever their number", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      retention: { maxAgeMs: 100 },
      bufferSize: 2,
    });
    for (let i = 1; i <= 20; i++) {
      topic.tryPublish(n(i));
      await env.advance(10);
    }
    const seen = read(topic, { from: "earliest" });
    await env.settle();
    assertEquals(seen, range(11, 20));
    await env.advance(1000);
    const late = read(topic, { from: "earliest" });
    topic.tryPublish(n(21));
    await env.settle();
    assertEquals(late, [21]);
  });

  it("never goes by a clock that goes back", async () => {
    let back = 0;
    const unsteady = Object.create(env, {
      coarse: { value: () => env.now() - back },
    }) as typeof env;
    const topic = new Bus({ env: unsteady }).topic<Numbers>("a", { retention: { maxAgeMs: 1000 } });
    topic.tryPublish(n(1));
    back = 5000;
    topic.tryPublish(n(2));
    back = 0;
    const seen = read(topic, { from: "earliest" });
    await env.settle();

    assertEquals(seen, [1, 2]);
  });

  it("keeps 100,000 if only their age is limited", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retention: { maxAgeMs: 1e9 } });
    for (let i = 1; i <= 100_010; i++) topic.tryPublish(n(i));
    const seen = read(topic, { from: "earliest" });
    await env.settle();

    assertEquals([seen.length, seen[0]], [100_000, 11]);
  });

  it("holds in each partition", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      partitions: 4,
      retention: { maxEvents: 3 },
    });
    for (let i = 0; i < 40; i++) topic.tryPublish(step(`key-${i % 8}`, i));
    const counts = topic.stats().partitions.map(({ accepted }) => Math.min(accepted, 3));
    const subscription = topic.subscribe(() => {}, { from: "earliest" });
    await env.settle();

    assertEquals(subscription.stats().succeeded, counts.reduce((sum, count) => sum + count, 0));
  });

  it("is none unless asked for: then there is what the buffer still holds", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 10 });
    for (let i = 1; i <= 25; i++) topic.tryPublish(n(i));
    const seen = read(topic, { from: "earliest" });
    await env.settle();

    assertEquals(seen, range(16, 25));
    assertThrows(() => topic.subscribe(() => {}, { from: new Date() }), RangeError, "retention");
  });
});

describe("from", () => {
  const env = useTestEnv();

  it("a sequence begins with that event, in every partition", async () => {
    for (const partitions of [1, 3]) {
      const topic = new Bus({ env }).topic<Numbers>("a", {
        partitions,
        retention: { maxEvents: 100 },
      });
      for (let i = 1; i <= 50; i++) assertEquals((await topic.publish(n(i))).sequence, i);
      for (const from of [1, 2, 17, 49, 50]) {
        const seen = read(topic, { from });
        await env.settle();
        assertEquals(seen.sort((a, b) => a - b), range(from, 50));
      }
      const next = read(topic, { from: 51 });
      topic.tryPublish(n(51));
      await env.settle();
      assertEquals(next, [51]);
    }
  });

  it("a sequence also works on what the buffer still holds", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 10, partitions: 2 });
    for (let i = 1; i <= 40; i++) topic.tryPublish(n(i));
    const seen = read(topic, { from: 25 });
    await env.settle();

    assertEquals(seen.sort((a, b) => a - b), range(25, 40));
    assertThrows(() => topic.subscribe(() => {}, { from: 20 }), CursorExpiredError);
  });

  it("a date begins with what entered then or later", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      retention: { maxEvents: 100 },
      partitions: 2,
    });
    const start = env.now();
    for (let i = 0; i < 20; i++) {
      // What an event says of itself does not matter.
      topic.tryPublish({ ...n(i), timestamp: 5 });
      await env.advance(10);
    }
    for (
      const [ms, first] of [[-1e6, 0], [0, 0], [50, 5], [51, 6], [190, 19], [1e6, 20]] as const
    ) {
      const date = new Date(start + ms);
      const seen = read(topic, { from: date });
      date.setTime(0);
      await env.settle();
      assertEquals(seen.sort((a, b) => a - b), range(first, 19));
    }
  });

  it("refuses what is no place, and what nobody has reached", () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retention: {} });
    topic.tryPublish(n(1));

    for (
      const from of [0, -1, 1.5, NaN, Infinity, 3, "first", null, {}, new Date(NaN)] as never[]
    ) {
      assertThrows(() => topic.subscribe(() => {}, { from }), RangeError, "from");
    }
    assertEquals(topic.stats().subscriptions, []);
  });

  it("begins a topic that is declared anew at its beginning", async () => {
    const bus = new Bus({ env });
    const first = bus.topic<Numbers>("a", { retention: {} });
    for (let i = 1; i <= 9; i++) first.tryPublish(n(i));
    const seen: number[] = [];
    const subscription = first.subscribe(({ data }) => void seen.push(data), { from: 8 });
    await env.settle();
    await bus.deleteTopic("a");
    const second = bus.topic<Numbers>("a");
    second.tryPublish(n(100));
    await env.settle();

    assertEquals(seen, [8, 9, 100]);
    assertThrows(() => second.subscribe(() => {}, { from: 8 }), RangeError, "deleted");
    assertFigures(subscription, { offered: 3, succeeded: 3 });
  });
});

describe("a subscription that catches up", () => {
  const env = useTestEnv();

  it("holds no publisher back until it has caught up", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      bufferSize: 4,
      retention: { maxEvents: 1000 },
    });
    for (let i = 0; i < 100; i++) topic.tryPublish(n(i));
    const seen: number[] = [];
    const late = topic.subscribe(async ({ data }) => {
      seen.push(data);
      await sleep(env, 1);
    }, { from: "earliest" });
    let ready = false;
    late.ready.then(() => ready = true);
    for (let i = 100; i < 150; i++) {
      assert(topic.tryPublish(n(i)), `event ${i}`);
      await env.advance(1);
    }
    assertEquals([ready, topic.stats().queued], [false, 0]);
    assert(late.stats().queued > 90);
    await env.advance(200);
    assertEquals([ready, seen.length], [true, 150]);
    assertEquals(seen, range(0, 149));

    // From now on it does.
    for (let i = 0; i < 20; i++) topic.tryPublish(n(i));
    assertEquals(topic.stats().rejected, 16);
    await env.advance(100);
    assertLaws(topic);
  });

  it("ends with an error when retention overtakes it, and changes nothing for others", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      bufferSize: 4,
      retention: { maxEvents: 10 },
    });
    const live = read(topic, {});
    for (let i = 1; i <= 10; i++) {
      topic.tryPublish(n(i));
      await env.settle();
    }
    const gate = Promise.withResolvers<void>();
    const late = topic.subscribe(() => gate.promise, { from: "earliest", deadlineMs: Infinity });
    const silent = topic.subscribe(() => gate.promise, { from: "earliest", deadlineMs: Infinity });
    const ready = late.ready.catch((error) => error);
    await env.settle();
    for (let i = 11; i <= 40; i++) {
      topic.tryPublish(n(i));
      await env.settle();
    }
    gate.resolve();
    const error = await ready;

    assertInstanceOf(error, CursorExpiredError);
    assertEquals([error.position, error.oldest], [2, 3]);
    assertEquals([late.active, silent.active], [false, false]);
    // Nobody asked the other one.
    await env.settle();
    assertEquals(env.reported.map((reported) => reported instanceof CursorExpiredError), [true]);
    assertEquals(live, range(1, 40));
    assertFigures(late, { offered: 12, succeeded: 1, released: 11 });
  });

  it("gets a marker instead, if it wants one, and goes on", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      bufferSize: 4,
      retention: { maxEvents: 10 },
      onFailure: "park-key",
    });
    for (let i = 1; i <= 10; i++) topic.tryPublish(step("k", i));
    const seen: unknown[] = [];
    const late = topic.subscribe(async ({ type, data }: NovaEvent) => {
      seen.push(type === "nova.gap" ? data : (data as { n: number }).n);
      await sleep(env, 1);
    }, { from: "earliest", onGap: "marker" });
    await env.settle();
    for (let i = 11; i <= 25; i++) topic.tryPublish(step("k", i));
    await env.advance(1000);

    const gap: Gap = { partition: 0, next: 16, missed: 14 };
    assertEquals(seen, [1, gap, ...range(16, 25)]);
    assertFigures(late, { offered: 26, succeeded: 12, dropped: 14 });
    await late.ready;
  });

  it("that asks for what is gone is refused, or told by a marker", async () => {
    for (const partitions of [1, 2]) {
      const topic = new Bus({ env }).topic<Numbers>("a", {
        partitions,
        retention: { maxEvents: 5 },
        bufferSize: 5,
      });
      for (let i = 1; i <= 30; i++) topic.tryPublish(n(i));
      const oldest = 31 - 5 * partitions;
      assertEquals(topic.subscribe(() => {}, { from: oldest }).active, true);
      const error = assertThrows(
        () => topic.subscribe(() => {}, { from: oldest - 1 }),
        CursorExpiredError,
      );
      assertEquals(error.position, oldest - 2);
      assert(error.oldest >= oldest && error.oldest < oldest + partitions);
      const seen: unknown[] = [];
      topic.subscribe(({ type, data }: NovaEvent) => void seen.push(type === "n" ? data : type), {
        from: 10,
        onGap: "marker",
      });
      await env.settle();
      assertEquals(seen.filter((value) => value === "nova.gap").length, partitions);
      assertEquals(seen[0], "nova.gap");
      assertEquals(seen.filter((value) => value !== "nova.gap").length, 5 * partitions);
    }
  });

  it("is overtaken by age, too", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retention: { maxAgeMs: 100 } });
    for (let i = 1; i <= 5; i++) topic.tryPublish(n(i));
    const seen: unknown[] = [];
    const late = topic.subscribe(async ({ type, data }: NovaEvent) => {
      seen.push(type === "n" ? data : type);
      await sleep(env, 150);
    }, { from: "earliest", onGap: "marker" });
    await env.advance(120);
    topic.tryPublish(n(6));
    await env.advance(1000);

    assertEquals(seen, [1, "nova.gap", 6]);
    assertLaw(late.stats());
  });

  it("is not waited for by a handler that ends it, nor by closing the bus", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retention: {}, bufferSize: 2 });
    for (let i = 1; i <= 50; i++) topic.tryPublish(n(i));
    const quits = topic.subscribe((_, { subscription }) => subscription.unsubscribe(), {
      from: "earliest",
    });
    const reads = topic.subscribe(() => {}, { from: "earliest" });
    const ready = [quits.ready, reads.ready];
    assertEquals(await bus.close(), { completed: 51, left: 0 });
    await Promise.all(ready);

    assertEquals([quits.stats().released, reads.stats().succeeded], [49, 50]);
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}
