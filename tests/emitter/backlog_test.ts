import { createEvent, Emitter, type Env } from "@nova/events/emitter";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { BufferFullError, ClosedError } from "../../src/errors.ts";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved } from "./kit.ts";

const EVENT = createEvent("tick", 1);

describe("the backlog of an emitter", () => {
  const env = useTestEnv();

  /** The world with another clock, one that listeners can move on. */
  function withClock(monotonic: () => number): Env {
    return Object.create(env, { monotonic: { value: monotonic } });
  }

  /** How many of `count` events are delivered before the loop gets a break; each takes `costMs`. */
  async function firstBurst(count: number, costMs: number): Promise<number> {
    let time = 0;
    let delivered = 0;
    const emitter = new Emitter<Any>({
      bufferSize: count,
      env: withClock(() => time),
    });
    emitter.on("tick", () => {
      time += costMs;
      delivered += 1;
    });
    for (let i = 0; i < count; i++) emitter.tryEnqueue(EVENT);
    for (let i = 0; i < 100; i++) await undefined;
    const before = delivered;
    await env.settle();

    assertEquals(delivered, count);
    assertConserved(emitter);
    return before;
  }

  it("gives the loop a break when half a millisecond is over", async () => {
    assertEquals(await firstBurst(1000, 0.001), 512);
    assertEquals(await firstBurst(1000, 0.01), 64);
    assertEquals(await firstBurst(1000, 10), 8);
    assertEquals(await firstBurst(100, 10), 8);
  });

  it("gives the loop a break after so many events, however short they are", async () => {
    assertEquals(await firstBurst(10_000, 0), 4096);
  });

  it("gives the loop a break when small batches are slow", async () => {
    let time = 0;
    const emitter = new Emitter<Any>({ env: withClock(() => time) });
    let delivered = 0;
    emitter.on("tick", () => {
      delivered += 1;
      time += 10;
      if (delivered < 100) Promise.resolve().then(() => emitter.tryEnqueue(EVENT));
    });
    emitter.tryEnqueue(EVENT);
    for (let i = 0; i < 1000; i++) await undefined;
    assertEquals(delivered, 8);
    await env.settle();

    assertEquals(delivered, 100);
  });

  it("counts events in small batches, most of which it does not time, four times", async () => {
    const emitter = new Emitter<Any>({ env });
    let delivered = 0;
    emitter.on("tick", () => {
      delivered += 1;
      // A chain of microtasks: each drain finds one event.
      if (delivered < 3000) Promise.resolve().then(() => emitter.tryEnqueue(EVENT));
    });
    emitter.tryEnqueue(EVENT);
    for (let i = 0; i < 20_000; i++) await undefined;
    assertEquals(delivered, 1024);
    await env.settle();

    assertEquals(delivered, 3000);
  });

  it("carries time over from one batch to the next within a turn", async () => {
    let time = 0;
    const emitter = new Emitter<Any>({ env: withClock(() => time) });
    let delivered = 0;
    const refill = () => {
      for (let i = 0; i < 128; i++) emitter.tryEnqueue(EVENT);
    };
    emitter.on("tick", () => {
      time += 0.001;
      delivered += 1;
      if (delivered % 128 === 0 && delivered < 1280) Promise.resolve().then(refill);
    });
    refill();
    for (let i = 0; i < 1000; i++) await undefined;
    // Four batches of 0.128 ms make half a millisecond.
    assertEquals(delivered, 512);
    await env.settle();

    assertEquals(delivered, 1280);
  });

  it("takes made events straight again when the producers that waited are gone", async () => {
    const emitter = new Emitter<Any>({ bufferSize: 1, waitMs: 10, env });
    const heard: unknown[] = [];
    emitter.on("tick", ({ data }) => void heard.push(data));
    emitter.tryEnqueue(createEvent("tick", 1));
    const waiting = emitter.enqueue(createEvent("tick", 2));
    assertEquals(emitter.tryEnqueue(createEvent("tick", 3)), false);
    assertEquals(await waiting, true);
    await env.settle();
    for (const n of [4, 5]) {
      assertEquals(emitter.tryEnqueue(createEvent("tick", n)), true);
      await env.settle();
    }

    assertEquals(heard, [1, 2, 4, 5]);
  });

  it("takes them straight again when those that waited gave up", async () => {
    const emitter = new Emitter<Any>({ bufferSize: 1, maxConcurrency: 1, waitMs: 10, env });
    const heard: unknown[] = [];
    let finish = () => {};
    emitter.on("tick", ({ data }) => {
      heard.push(data);
      return new Promise<void>((resolve) => (finish = resolve));
    });
    emitter.tryEnqueue(createEvent("tick", 1));
    await env.settle();
    emitter.tryEnqueue(createEvent("tick", 2));
    const refused = assertRejects(() => emitter.enqueue(createEvent("tick", 3)), BufferFullError);
    await env.advance(10);
    await refused;
    finish();
    await env.settle();
    assertEquals(emitter.tryEnqueue(createEvent("tick", 4)), true);
    finish();
    await env.settle();
    finish();

    assertEquals(heard, [1, 2, 4]);
  });

  it("takes no made event once the emitter is closed, also while it drains", async () => {
    const emitter = new Emitter<Any>({ env });
    emitter.on("tick", () => {});
    emitter.tryEnqueue(EVENT);
    const closing = emitter.close();
    assertThrows(() => emitter.tryEnqueue(EVENT), ClosedError);
    await assertRejects(() => emitter.enqueue(EVENT), ClosedError);

    assertEquals(await closing, { completed: 1, left: 0 });
  });

  it("finds channels of types that mean something to objects", async () => {
    const emitter = new Emitter<Any>({ env });
    const types = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    for (const type of types) {
      await emitter.emit(createEvent(type, 1));
      emitter.tryEnqueue(createEvent(type, 1));
    }
    await env.settle();

    assertEquals([emitter.stats().succeeded, emitter.stats().unheard], [8, 8]);
  });
});
