import { ClosedError, createEvent } from "@nova/events";
import { type CloseResult, Emitter } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertLess,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, counts, isOpen, reasonOf } from "./kit.ts";

const HANGING = (): Promise<void> => new Promise(() => {});

describe("Emitter.close()", () => {
  const env = useTestEnv();

  it("resolves at once when nothing is under way, and needs no timer then", async () => {
    const emitter = new Emitter<Any>({ env });
    emitter.on("a", () => {});
    await emitter.emit("a", 1);

    assertEquals(await emitter.close(), { completed: 0, left: 0 });
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
  });

  it("takes nothing more, from the moment it is called", async () => {
    const emitter = new Emitter<Any>({ name: "orders", env });
    const gate = Promise.withResolvers<void>();
    emitter.on("a", () => gate.promise);
    const running = emitter.emit("a", 1);
    const closed = emitter.close();
    const message = 'Cannot use emitter "orders" as it is closed';
    const refuse = async (): Promise<void> => {
      const event = createEvent("a", 1);
      await assertRejects(() => emitter.emit(event), ClosedError, message);
      await assertRejects(() => emitter.emit("a", 1), ClosedError, message);
      await assertRejects(() => emitter.enqueue(event), ClosedError, message);
      await assertRejects(() => emitter.enqueue("a", 1), ClosedError, message);
      assertThrows(() => emitter.tryEnqueue(event), ClosedError, message);
      assertThrows(() => emitter.on("a", () => {}), ClosedError, message);
      await assertRejects(() => emitter.once("a"), ClosedError, message);
    };
    await refuse();
    gate.resolve();
    await Promise.all([running, closed]);
    await refuse();

    assertEquals(counts(emitter).emitted, 1);
    assertConserved(emitter);
  });

  it("says what is wrong with an event rather than that it is closed", async () => {
    const emitter = new Emitter<Any>({ env });
    await emitter.close();

    await assertRejects(() => emitter.emit(null as never), TypeError);
    assertEquals(emitter.stats().emitted, 0);
  });

  it("waits for what runs and for what is queued, and counts both as completed", async () => {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 1 });
    const gates: (() => void)[] = [];
    const log: unknown[] = [];
    emitter.on("a", async ({ data }) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      log.push(data);
    });
    const direct = emitter.emit("a", "direct");
    for (const data of [1, 2, 3]) emitter.tryEnqueue("a", data);
    await env.settle();
    const closed = emitter.close();
    for (let i = 0; i < 4; i++) {
      assert(await isOpen(closed), `after ${i}`);
      gates.shift()!();
      await env.settle();
    }

    assertEquals(await closed, { completed: 4, left: 0 });
    assertEquals(log, ["direct", 1, 2, 3]);
    await direct;
    assertConserved(emitter);
  });

  it("counts failures as completed, and not what was done before", async () => {
    const emitter = new Emitter<Any>({ env, onError: () => "handled" });
    emitter.on("a", () => Promise.reject("no"));
    await emitter.emit("a", 1);
    for (const data of [2, 3]) emitter.tryEnqueue("a", data);

    assertEquals(await emitter.close(), { completed: 2, left: 0 });
    assertEquals([counts(emitter).failed, counts(emitter).succeeded], [3, 0]);
  });

  it("ends every subscription, and delivers nothing afterwards (I6)", async () => {
    const emitter = new Emitter<Any>({ env });
    let calls = 0;
    const subscriptions = [..."aabc"].map((type) => emitter.on(type, () => void (calls += 1)));
    emitter.tryEnqueue("a", 1);
    assert(subscriptions.every(({ active }) => active));
    await emitter.close();
    await env.advance(100_000);

    assertEquals(calls, 2);
    assertFalse(subscriptions.some(({ active }) => active));
    assertEquals([emitter.listenerCount(), emitter.stats().listeners], [0, []]);
    for (const subscription of subscriptions) subscription.unsubscribe();
    assertEquals(emitter.listenerCount(), 0);
  });

  it("keeps its figures", async () => {
    const emitter = new Emitter<Any>({ env });
    emitter.on("a", () => {});
    for (let i = 0; i < 3; i++) await emitter.emit("a", 1);
    await emitter.emit("nobody", 1);
    await emitter.close();

    const { emitted, succeeded, unheard } = emitter.stats();
    assertEquals({ emitted, succeeded, unheard }, { emitted: 4, succeeded: 4, unheard: 1 });
  });

  it("answers the same twice, also while it is under way", async () => {
    const emitter = new Emitter<Any>({ env });
    emitter.on("a", () => {});
    emitter.tryEnqueue("a", 1);
    const [first, second] = [emitter.close(), emitter.close()];
    const result = { completed: 1, left: 0 };

    assertEquals([await first, await second, await emitter.close()], [result, result, result]);
  });

  it("works as [Symbol.asyncDispose]", async () => {
    const emitter = new Emitter<Any>({ env });
    let calls = 0;
    emitter.on("a", () => void (calls += 1));
    emitter.tryEnqueue("a", 1);

    assertEquals(await emitter[Symbol.asyncDispose](), undefined);
    assertEquals(calls, 1);
    await assertRejects(() => emitter.emit("a", 1), ClosedError);
  });

  it("sends waiting producers away, and delivers what was accepted", async () => {
    const emitter = new Emitter<Any>({ env, name: "orders", bufferSize: 1, maxConcurrency: 1 });
    const log: unknown[] = [];
    emitter.on("a", async ({ data }) => {
      await undefined;
      log.push(data);
    });
    emitter.tryEnqueue("a", 1);
    const waiting = [2, 3].map((data) => reasonOf(emitter.enqueue("a", data)));
    assertEquals(emitter.stats().waiting, 2);
    const result = await emitter.close();

    for (const reason of await Promise.all(waiting)) {
      assertInstanceOf(reason, ClosedError);
      assertEquals(reason.message, 'Cannot use emitter "orders" as it is closed');
    }
    assertEquals([result, log, emitter.stats().waiting], [{ completed: 1, left: 0 }, [1], 0]);
    assertConserved(emitter);
  });

  it("never throws synchronously", async () => {
    for (const bad of [null, 7, "x"]) {
      const emitter = new Emitter<Any>({ env });
      assertInstanceOf(await reasonOf(emitter.close(bad as never)), TypeError);
      await emitter.emit("a", 1);
    }
    for (const signal of [null, {}, "x", new AbortController()]) {
      const emitter = new Emitter<Any>({ env });
      const reason = await reasonOf(emitter.close({ signal: signal as never }));
      assertInstanceOf(reason, TypeError);
      assert(reason.message.endsWith('as "signal": it must be an AbortSignal'), reason.message);
      // It was not closed thereby.
      await emitter.emit("a", 1);
      assertEquals(env.pending, { timers: 0, abortListeners: 0 });
    }
  });
});

describe("Emitter.close() that gives up", () => {
  const env = useTestEnv();

  /** One event in flight and two queued, for ever. */
  async function stuck(): Promise<{ emitter: Emitter<Any>; log: unknown[] }> {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 1 });
    const log: unknown[] = [];
    emitter.on("a", ({ data }) => {
      log.push(data);
      return HANGING();
    });
    for (const data of [1, 2, 3]) emitter.tryEnqueue("a", data);
    await env.settle();
    return { emitter, log };
  }

  /** What is to be seen after giving up. */
  function assertGivenUp(emitter: Emitter<Any>, log: readonly unknown[]): void {
    assertEquals(log, [1]);
    assertEquals(counts(emitter), {
      emitted: 3,
      succeeded: 0,
      failed: 0,
      queued: 0,
      inFlight: 1,
      dropped: 2,
    });
    assertEquals([emitter.listenerCount(), env.pending], [0, { timers: 0, abortListeners: 0 }]);
  }

  it("resolves after 30 s, says what is left, and counts the queued as dropped", async () => {
    const { emitter, log } = await stuck();
    const closed = emitter.close();
    await env.advance(29_999);
    assert(await isOpen(closed));
    await env.advance(1);

    assertEquals(await closed, { completed: 0, left: 3 });
    assertGivenUp(emitter, log);
  });

  it("resolves when the signal says so", async () => {
    const { emitter, log } = await stuck();
    const controller = new AbortController();
    const closed = emitter.close({ signal: controller.signal });
    await env.advance(100_000);
    assert(await isOpen(closed));
    controller.abort();

    assertEquals(await closed, { completed: 0, left: 3 });
    assertGivenUp(emitter, log);
  });

  it("resolves at once for an aborted signal", async () => {
    const { emitter, log } = await stuck();

    assertEquals(await emitter.close({ signal: AbortSignal.abort() }), { completed: 0, left: 3 });
    assertGivenUp(emitter, log);
  });

  it("tells the listeners that still run, those that ask only later, too", async () => {
    const emitter = new Emitter<Any>({ name: "orders", env });
    const later = Promise.withResolvers<void>();
    const signals: AbortSignal[] = [];
    emitter.on("a", (_event, { signal }) => {
      signals.push(signal);
      return HANGING();
    });
    emitter.on("a", async (_event, context) => {
      await later.promise;
      signals.push(context.signal);
    });
    const running = emitter.emit("a", 1);
    assertFalse(signals[0]!.aborted);
    await emitter.close({ signal: AbortSignal.abort() });
    later.resolve();
    await env.settle();

    assert(await isOpen(running));
    assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
    for (const { reason } of signals) assertInstanceOf(reason, ClosedError);
  });

  it("tells those that ask only later, though nobody asked before", async () => {
    const emitter = new Emitter<Any>({ env });
    const later = Promise.withResolvers<void>();
    let aborted: boolean | undefined;
    emitter.on("a", async (_event, context) => {
      await later.promise;
      aborted = context.signal.aborted;
    });
    const running = emitter.emit("a", 1);
    await emitter.close({ signal: AbortSignal.abort() });
    later.resolve();
    await running;

    assertEquals(aborted, true);
  });

  it("counts what finishes later, and still settles its emit", async () => {
    const emitter = new Emitter<Any>({ env });
    const gate = Promise.withResolvers<void>();
    emitter.on("a", () => gate.promise);
    const running = emitter.emit("a", 1);
    assertEquals(await emitter.close({ signal: AbortSignal.abort() }), { completed: 0, left: 1 });
    gate.resolve();
    await running;

    assertEquals([counts(emitter).succeeded, counts(emitter).inFlight], [1, 0]);
    assertConserved(emitter);
  });

  it("does so in the middle of a drain, and delivers no more (I6)", async () => {
    const emitter = new Emitter<Any>({ env });
    const controller = new AbortController();
    let calls = 0;
    let closed: Promise<CloseResult> | undefined;
    emitter.on("a", () => {
      calls += 1;
      if (calls === 300) {
        closed = emitter.close({ signal: controller.signal });
        controller.abort();
      }
    });
    for (let i = 0; i < 1000; i++) emitter.tryEnqueue("a", i);
    await env.settle();
    const { completed, left } = await closed!;
    const delivered = calls;
    await env.settle();

    assertEquals(calls, delivered);
    // The one that called it, too.
    assertEquals(completed + left, 701);
    assertEquals(counts(emitter).dropped, left);
    assertConserved(emitter);
  });

  it("frees everything when the signal aborts within a listener", async () => {
    const emitter = new Emitter<Any>({ env });
    const controller = new AbortController();
    const closed = Promise.withResolvers<CloseResult>();
    emitter.on("a", () => {
      closed.resolve(emitter.close({ signal: controller.signal }));
      controller.abort();
    });
    await emitter.emit("a", 1);

    assertEquals(await closed.promise, { completed: 1, left: 0 });
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
  });
});

describe("Emitter.close() from a listener", () => {
  const env = useTestEnv();

  const send = {
    emit: (emitter: Emitter<Any>) => void emitter.emit("a", 1),
    tryEnqueue: (emitter: Emitter<Any>) => void emitter.tryEnqueue("a", 1),
  };
  for (const how of ["emit", "tryEnqueue"] as const) {
    it(`does not wait for the synchronous listener of ${how}() that calls it`, async () => {
      const emitter = new Emitter<Any>({ env });
      const closed = Promise.withResolvers<CloseResult>();
      const log: string[] = [];
      emitter.on("a", () => {
        closed.resolve(emitter.close());
        log.push("a");
      });
      emitter.on("a", () => void log.push("b"));
      send[how](emitter);

      // It has finished by the time that closing looks.
      assertEquals(await closed.promise, { completed: 1, left: 0 });
      assertEquals(log, ["a", "b"]);
      assertConserved(emitter);
    });

    it(`does not wait for the asynchronous listener of ${how}() that awaits it`, async () => {
      const emitter = new Emitter<Any>({ env });
      const done = Promise.withResolvers<CloseResult>();
      emitter.on("a", async () => done.resolve(await emitter.close()));
      send[how](emitter);

      assertEquals(await done.promise, { completed: 0, left: 0 });
      await env.settle();
      assertEquals(counts(emitter).succeeded, 1);
      assertConserved(emitter);
    });
  }

  it("still waits for the others", async () => {
    const emitter = new Emitter<Any>({ env });
    const gate = Promise.withResolvers<void>();
    emitter.on("slow", () => gate.promise);
    let result: CloseResult | undefined;
    emitter.on("a", async () => {
      result = await emitter.close();
    });
    const slow = emitter.emit("slow", 1);
    emitter.tryEnqueue("slow", 2);
    const closing = emitter.emit("a", 1);
    await env.settle();
    assertEquals(result, undefined);
    gate.resolve();
    await Promise.all([slow, closing]);

    assertEquals(result, { completed: 2, left: 0 });
  });

  it("does not wait for any of the nested deliveries that lead to the call", async () => {
    const emitter = new Emitter<Any>({ env });
    const results: CloseResult[] = [];
    emitter.on("outer", () => emitter.emit("middle", 1));
    emitter.on("middle", () => emitter.emit("inner", 1));
    emitter.on("inner", async () => void results.push(await emitter.close()));
    const outer = emitter.emit("outer", 1);
    await env.settle();

    assertEquals(results, [{ completed: 0, left: 0 }]);
    await outer;
    assertEquals(counts(emitter).succeeded, 3);
    assertConserved(emitter);
  });

  it("does not wait for two listeners of one event that both call it", async () => {
    const emitter = new Emitter<Any>({ env });
    const results: CloseResult[] = [];
    for (let i = 0; i < 2; i++) {
      emitter.on("a", async () => void results.push(await emitter.close()));
    }
    await emitter.emit("a", 1);

    assertEquals(results, [{ completed: 0, left: 0 }, { completed: 0, left: 0 }]);
  });

  it("does not wait for one that calls it when it is under way already", async () => {
    const emitter = new Emitter<Any>({ env });
    const results: CloseResult[] = [];
    emitter.on("a", async () => void results.push(await emitter.close()));
    emitter.tryEnqueue("a", 1);
    emitter.tryEnqueue("a", 2);

    assertEquals(await emitter.close(), { completed: 0, left: 0 });
    await env.settle();
    assertEquals([results.length, counts(emitter).succeeded], [2, 2]);
    assertConserved(emitter);
  });

  it("waits in vain for a listener that calls it after its first await, until the limit", async () => {
    const emitter = new Emitter<Any>({ env });
    let result: CloseResult | undefined;
    emitter.on("a", async () => {
      await undefined;
      result = await emitter.close();
    });
    const done = emitter.emit("a", 1);
    await env.advance(29_999);
    assertEquals(result, undefined);
    await env.advance(1);

    assertEquals(result, { completed: 0, left: 1 });
    await done;
    assertConserved(emitter);
  });

  it("resolves to what it says even if that listener fails", async () => {
    const emitter = new Emitter<Any>({ env, onError: () => "handled" });
    const done = Promise.withResolvers<CloseResult>();
    emitter.on("a", async () => {
      done.resolve(await emitter.close());
      throw new Error("no");
    });
    await emitter.emit("a", 1);

    assertEquals(await done.promise, { completed: 0, left: 0 });
    assertEquals(counts(emitter).failed, 1);
  });

  it("keeps the reason of a rejected emit that comes after", async () => {
    const emitter = new Emitter<Any>({ env });
    let reason: unknown;
    emitter.on("a", async () => {
      const closed = emitter.close();
      reason = await reasonOf(emitter.emit("b", 1));
      await closed;
    });
    await emitter.emit("a", 1);

    assertInstanceOf(reason, ClosedError);
    assertStrictEquals(reason.code, "closed");
  });
});

describe("Emitter.close() of many", () => {
  it("does not take longer and longer with the number of listeners", async () => {
    const LISTENERS = 40_000;
    const emitter = new Emitter<Any>();
    for (let i = 0; i < LISTENERS; i++) emitter.on("a", () => {});
    const start = performance.now();
    assertEquals(await emitter.close(), { completed: 0, left: 0 });

    assertEquals(emitter.listenerCount(), 0);
    // One by one, each with a copy of those that stay, it took seconds.
    assertLess(performance.now() - start, 1000);
  });
});
