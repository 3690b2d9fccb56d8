import { Bus, Emitter, ListenerManager, MemoryStore, shutdown } from "@nova/events";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

describe("shutdown()", () => {
  const env = useTestEnv();

  /** A part that notes when it begins and ends to close. */
  const part = (log: string[], name: string, failure?: Error) => ({
    async close() {
      log.push(name);
      await undefined;
      log.push(`${name} closed`);
      if (failure !== undefined) throw failure;
      return name;
    },
  });

  it("closes emitters, buses, listeners, stores, pools, whatever the order of the record", async () => {
    const log: string[] = [];
    const results = await shutdown({
      pool: part(log, "pool"),
      store: [part(log, "store 1"), part(log, "store 2")],
      listeners: { stop: part(log, "listeners").close },
      bus: part(log, "bus"),
      emitter: part(log, "emitter"),
    }, { env });

    assertEquals(log, [
      "emitter",
      "emitter closed",
      "bus",
      "bus closed",
      "listeners",
      "listeners closed",
      "store 1",
      "store 2",
      "store 1 closed",
      "store 2 closed",
      "pool",
      "pool closed",
    ]);
    assertEquals(results, {
      emitter: ["emitter"],
      bus: ["bus"],
      listeners: ["listeners"],
      store: ["store 1", "store 2"],
      pool: ["pool"],
    });
  });

  it("closes the real parts", async () => {
    const emitter = new Emitter({ env });
    const bus = new Bus({ env });
    const listeners = new ListenerManager({ env });
    const store = new MemoryStore({ env });
    listeners.start();
    const closing = shutdown({ emitter, bus: [bus], listeners, store }, { env });
    await env.settle();
    const results = await closing;

    assertEquals(results.emitter, [{ completed: 0, left: 0 }]);
    assertEquals(results.listeners, [{ completed: 0, released: [], left: [] }]);
    await assertRejects(() => emitter.emit("any", 1));
  });

  it("closes all even if some fail", async () => {
    const log: string[] = [];
    const [one, two] = [new Error("one"), new Error("two")];
    const single = await shutdown(
      { emitter: part(log, "emitter", one), store: part(log, "store") },
      { env },
    ).catch((error) => error);
    assertEquals(single, one);
    assertEquals(log.at(-1), "store closed");

    const several = await shutdown({
      emitter: part(log, "emitter", one),
      bus: {
        close() {
          throw two;
        },
      },
      pool: part(log, "pool"),
    }, { env }).catch((error) => error);
    assertInstanceOf(several, AggregateError);
    assertEquals(several.errors, [one, two]);
    assertEquals(log.at(-1), "pool closed");
  });

  it("hands its signal to every part, else a limit of 30 s for the whole", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const stuck = {
      close: (options?: { readonly signal?: AbortSignal }) => {
        signals.push(options?.signal);
        const signal = options!.signal!;
        return new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    };
    const quick = {
      close: (options?: { readonly signal?: AbortSignal }) => {
        signals.push(options?.signal);
        return Promise.resolve();
      },
    };
    const { signal } = new AbortController();
    await shutdown({ emitter: quick, pool: quick }, { signal, env });
    assertEquals(signals.splice(0), [signal, signal]);

    let done = false;
    const closing = shutdown({ emitter: stuck, pool: quick }, { env }).then(() => (done = true));
    await env.advance(29_999);
    assertEquals(done, false);
    await env.advance(1);
    await closing;
    assert(signals.every((each) => each?.aborted));
    assertEquals(signals.length, 2);
  });

  it("refuses what it does not know, and closes nothing then", async () => {
    const log: string[] = [];
    await assertRejects(
      () => shutdown({ emitter: part(log, "emitter"), buss: part(log, "bus") } as never, { env }),
      TypeError,
      '"buss"',
    );
    await assertRejects(
      () => shutdown({ emitter: part(log, "emitter"), store: {} as never }, { env }),
      TypeError,
      "store",
    );
    await assertRejects(
      () => shutdown({ emitter: part(log, "emitter"), pool: [null] as never }, { env }),
      TypeError,
      "pool",
    );
    await assertRejects(() => shutdown(undefined as never), TypeError);
    assertEquals(log, []);
    assertEquals(await shutdown({}, { env }), {});
  });
});
