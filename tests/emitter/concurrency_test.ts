import { Emitter, type EmitterOptions } from "@nova/events/emitter";
import { assert, assertEquals, assertInstanceOf, assertLess, assertThrows } from "@std/assert";
import { ListenerError } from "@nova/events";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, counts, isOpen, reasonOf } from "./kit.ts";

/** A listener that the test ends, run by run. */
class Runs {
  /** How often it runs now, and at most did. */
  now = 0;
  most = 0;
  readonly began: unknown[] = [];
  readonly #gates: PromiseWithResolvers<void>[] = [];

  readonly listener = async ({ data }: { readonly data: unknown }): Promise<void> => {
    this.began.push(data);
    this.most = Math.max(this.most, ++this.now);
    const gate = Promise.withResolvers<void>();
    this.#gates.push(gate);
    try {
      await gate.promise;
    } finally {
      this.now -= 1;
    }
  };

  /** Ends the oldest run. */
  end(error?: Error): void {
    const gate = this.#gates.shift()!;
    if (error === undefined) gate.resolve();
    else gate.reject(error);
  }
}

describe("Emitter.on() concurrency", () => {
  const env = useTestEnv();

  function emitAll(emitter: Emitter<Any>, events: readonly unknown[]): Promise<void>[] {
    return events.map((data) => emitter.emit("a", data));
  }

  it("bounds how often a listener runs at once, and keeps the order", async () => {
    for (const concurrency of [1, 2, 3]) {
      const emitter = new Emitter<Any>({ env });
      const runs = new Runs();
      emitter.on("a", runs.listener, { concurrency });
      const done = emitAll(emitter, [1, 2, 3, 4, 5]);
      assertEquals(counts(emitter).inFlight, 5, "what waits for a slot is in flight");
      for (let i = 0; i < 5; i++) {
        await env.settle();
        runs.end();
      }
      await Promise.all(done);

      assertEquals([runs.began, runs.most], [[1, 2, 3, 4, 5], concurrency]);
      assertConserved(emitter);
    }
  });

  it("has no limit unless told so", async () => {
    const emitter = new Emitter<Any>({ env });
    const runs = new Runs();
    emitter.on("a", runs.listener);
    const done = emitAll(emitter, Array.from({ length: 50 }, (_, i) => i));
    assertEquals(runs.most, 50);
    for (let i = 0; i < 50; i++) runs.end();
    await Promise.all(done);
  });

  it("counts the runs of one listener, not of its function or its neighbours", async () => {
    const emitter = new Emitter<Any>({ env });
    const runs = new Runs();
    const others: unknown[] = [];
    emitter.on("a", runs.listener, { concurrency: 1 });
    emitter.on("a", runs.listener, { concurrency: 1 });
    emitter.on("a", ({ data }) => void others.push(data));
    const done = emitAll(emitter, [1, 2]);
    assertEquals([runs.began, others], [[1, 1], [1, 2]]);
    for (let i = 0; i < 4; i++) {
      await env.settle();
      runs.end();
    }
    await Promise.all(done);

    assertEquals(runs.began, [1, 1, 2, 2]);
  });

  it("spans all types of a pattern", async () => {
    const emitter = new Emitter<Any>({ env });
    const runs = new Runs();
    emitter.on("*", runs.listener, { concurrency: 1 });
    const done = [emitter.emit("a", 1), emitter.emit("b", 2)];
    assertEquals(runs.began, [1]);
    runs.end();
    await env.settle();
    runs.end();
    await Promise.all(done);

    assertEquals(runs.began, [1, 2]);
  });

  it("holds for enqueued events, too", async () => {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 4 });
    const runs = new Runs();
    emitter.on("a", runs.listener, { concurrency: 2 });
    for (let i = 0; i < 6; i++) emitter.tryEnqueue("a", i);
    for (let i = 0; i < 6; i++) {
      await env.settle();
      runs.end();
    }
    await env.settle();

    assertEquals([runs.began, runs.most], [[0, 1, 2, 3, 4, 5], 2]);
    assertConserved(emitter);
  });

  it("frees the slot of a run that failed, by throwing, rejecting or lying", async () => {
    const error = new Error("no");
    const failing: (() => unknown)[] = [
      () => {
        throw error;
      },
      () => Promise.reject(error),
      () =>
        Object.defineProperty({}, "then", {
          get: () => {
            throw error;
          },
        }),
      () => ({
        then: () => {
          throw error;
        },
      }),
    ];
    for (const fail of failing) {
      const emitter = new Emitter<Any>({ env });
      emitter.on("a", () => fail() as void, { concurrency: 1 });
      for (let i = 0; i < 3; i++) {
        const reason = await reasonOf(emitter.emit("a", i));
        assertInstanceOf(reason, ListenerError);
        assertEquals(reason.cause, error);
      }
      assertConserved(emitter);
    }
  });

  it("lets those who wait fail for themselves", async () => {
    const emitter = new Emitter<Any>({ env });
    const runs = new Runs();
    emitter.on("a", runs.listener, { concurrency: 1 });
    const [first, second] = [reasonOf(emitter.emit("a", 1)), emitter.emit("a", 2)];
    runs.end(new Error("first"));
    assertInstanceOf(await first, ListenerError);
    assert(await isOpen(second));
    runs.end();
    await second;

    assertEquals([counts(emitter).failed, counts(emitter).succeeded], [1, 1]);
  });

  it("costs a synchronous listener no turn", () => {
    const emitter = new Emitter<Any>({ env });
    const seen: unknown[] = [];
    emitter.on("a", ({ data }) => void seen.push(data), { concurrency: 1 });
    void emitAll(emitter, [1, 2, 3]);

    assertEquals(seen, [1, 2, 3]);
  });

  it("makes a listener that emits to itself wait for itself no longer than it must", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: unknown[] = [];
    emitter.on("a", ({ data }) => {
      seen.push(data);
      if (data === 1) void emitter.emit("a", 2);
    }, { concurrency: 1 });
    await emitter.emit("a", 1);
    await env.settle();

    assertEquals(seen, [1, 2]);
    assertConserved(emitter);
  });

  it("delivers nothing to those who wait when the subscription ends (I6)", async () => {
    const emitter = new Emitter<Any>({ env });
    const runs = new Runs();
    const subscription = emitter.on("a", runs.listener, { concurrency: 1 });
    const done = emitAll(emitter, [1, 2, 3]);
    subscription.unsubscribe();
    runs.end();
    await Promise.all(done);

    assertEquals(runs.began, [1]);
    assertConserved(emitter);
  });

  it("works with once, a signal and an id", async () => {
    const emitter = new Emitter<Any>({ env });
    const controller = new AbortController();
    const seen: unknown[] = [];
    const { id } = emitter.on("a", ({ data }) => void seen.push(data), {
      concurrency: 1,
      once: true,
      id: "mine",
      signal: controller.signal,
    });
    await Promise.all(emitAll(emitter, [1, 2]));

    assertEquals([seen, id, env.pending.abortListeners], [[1], "mine", 0]);
  });

  it("is drained when the emitter closes", async () => {
    const emitter = new Emitter<Any>({ env });
    const runs = new Runs();
    emitter.on("a", runs.listener, { concurrency: 1 });
    const done = emitAll(emitter, [1, 2]);
    const closing = emitter.close();
    runs.end();
    await env.settle();
    runs.end();
    await Promise.all(done);

    assertEquals(await closing, { completed: 2, left: 0 });
    assertEquals(runs.began, [1, 2]);
  });

  it("takes many who wait in linear time", async () => {
    const emitter = new Emitter<Any>({ env });
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    emitter.on("a", () => {
      runs += 1;
      return gate.promise;
    }, { concurrency: 1 });
    const many = 100_000;
    const done = emitAll(emitter, Array.from({ length: many }, (_, i) => i));
    gate.resolve();
    const began = performance.now();
    await Promise.all(done);

    assertEquals(runs, many);
    assertLess(performance.now() - began, 5000);
  });

  it("refuses what is no number of slots", () => {
    const emitter = new Emitter<Any>({ env });
    for (const concurrency of [0, -1, NaN, 1.5, "2", null] as never[]) {
      assertThrows(() => emitter.on("a", () => {}, { concurrency }), RangeError, '"concurrency"');
    }
    assertEquals(emitter.listenerCount(), 0);
  });

  it("does not reach into the options of the emitter", async () => {
    const options: EmitterOptions = { env, maxConcurrency: 1 };
    const emitter = new Emitter<Any>(options);
    const runs = new Runs();
    emitter.on("a", runs.listener, { concurrency: 5 });
    for (let i = 0; i < 2; i++) emitter.tryEnqueue("a", i);
    await env.settle();
    assertEquals(runs.began, [0]);
    runs.end();
    await env.settle();
    runs.end();
    await env.settle();
  });
});
