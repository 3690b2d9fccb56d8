import { createEvent, ListenerError, ValidationError } from "@nova/events";
import { createEventPool, type Emitted, Emitter, type Middleware } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, counts, isOpen, reasonOf, thenable } from "./kit.ts";

const pass: Middleware = (_event, next) => next();

/** Settles in a later turn. */
async function later(): Promise<void> {
  for (let i = 0; i < 3; i++) await undefined;
}

describe("Emitter middleware", () => {
  const env = useTestEnv();

  it("wraps the listeners like an onion, the first layer outermost", async () => {
    const log: string[] = [];
    const layer = (name: string): Middleware => (_event, next) => {
      log.push(`>${name}`);
      const result = next();
      log.push(`<${name}`);
      return result;
    };
    const emitter = new Emitter<Any>({ env, middleware: [layer("a"), layer("b"), layer("c")] });
    emitter.on("x", () => void log.push("listener"));
    const done = emitter.emit("x", 1);

    assertEquals(log, [">a", ">b", ">c", "listener", "<c", "<b", "<a"], "all in this turn");
    await done;
  });

  it("awaits asynchronous layers and listeners", async () => {
    const log: string[] = [];
    const layer = (name: string): Middleware => async (_event, next) => {
      await later();
      log.push(`>${name}`);
      try {
        await next();
      } finally {
        log.push(`<${name}`);
      }
    };
    const emitter = new Emitter<Any>({ env, middleware: [layer("a"), pass, layer("b")] });
    emitter.on("x", async () => {
      await later();
      log.push("listener");
    });
    const done = emitter.emit("x", 1);
    assertEquals(counts(emitter), {
      emitted: 1,
      succeeded: 0,
      failed: 0,
      queued: 0,
      inFlight: 1,
      dropped: 0,
    });
    await done;

    assertEquals(log, [">a", ">b", "listener", "<b", "<a"]);
    assertConserved(emitter);
    assertEquals(emitter.stats().succeeded, 1);
  });

  it("runs for direct, queued and batched events, and for those that nobody hears (E8)", async () => {
    const seen: string[] = [];
    const emitter = new Emitter<Any>({
      env,
      middleware: [(event, next) => {
        seen.push(event.type);
        return next();
      }],
    });
    await emitter.emit("a", 1);
    await emitter.emit(createEvent("b", 1));
    await emitter.enqueue("c", 1);
    emitter.tryEnqueue(createEvent("d", 1));
    await emitter.emitBatch([{ type: "e", data: 1 }]);
    await env.settle();

    assertEquals(seen.sort(), ["a", "b", "c", "d", "e"]);
    assertEquals(emitter.stats().unheard, 5);
    assertConserved(emitter);
  });

  it("answers the shared promise when all was synchronous", () => {
    const emitter = new Emitter<Any>({ env, middleware: [pass, pass, pass] });
    emitter.on("x", () => {});
    const event = createEvent("x", 1);

    assertStrictEquals(emitter.emit(event), emitter.emit(event));
  });

  it("takes its list once: what is pushed later does not run (E11)", async () => {
    const layers: Middleware[] = [pass];
    const emitter = new Emitter<Any>({ env, middleware: layers });
    layers.push(() => {
      throw new Error("never");
    });
    layers[0] = layers[1]!;
    await emitter.emit("x", 1);

    assertEquals(emitter.stats().succeeded, 1);
  });

  it("refuses what is no list of functions", () => {
    for (const middleware of [null, 5, "ab", {}, pass, [null], [pass, 7], [[pass]]] as never[]) {
      assertThrows(() => new Emitter({ env, middleware }), TypeError, "middleware");
    }
  });

  it("does not take what a layer answers for more than it is", async () => {
    const answers: unknown[] = [1, null, "x", {}, [], { then: 5 }];
    const emitter = new Emitter<Any>({
      env,
      middleware: [(_event, next) => {
        next();
        return answers.shift() as undefined;
      }],
    });
    const seen: unknown[] = [];
    emitter.on("x", ({ data }) => void seen.push(data));
    for (let i = 0; i < 6; i++) await emitter.emit("x", i);

    assertEquals(seen, [0, 1, 2, 3, 4, 5]);
    assertEquals(counts(emitter).succeeded, 6);
    assertEquals(await emitter.close(), { completed: 0, left: 0 });
  });

  it("adopts a foreign thenable of a layer, also one that throws or settles twice", async () => {
    const answers = [
      thenable((done) => {
        done();
        done();
      }),
      thenable(() => {
        throw new Error("then");
      }),
      Object.defineProperty({}, "then", {
        get: () => {
          throw new Error("get");
        },
      }) as Promise<void>,
    ];
    const emitter = new Emitter<Any>({ env, middleware: [() => answers.shift()!] });
    await emitter.emit("x", 1);
    const reasons = [await reasonOf(emitter.emit("x", 1)), await reasonOf(emitter.emit("x", 1))];

    assertEquals(reasons.map((reason) => (reason as Error).message), ["then", "get"]);
    assertEquals([emitter.stats().dropped, emitter.stats().failed], [1, 2]);
    assertConserved(emitter);
    assertEquals(await emitter.close(), { completed: 0, left: 0 });
  });
});

describe("Emitter middleware that replaces the event", () => {
  const env = useTestEnv();

  /** An emitter whose one layer goes on with another event. */
  function replacing(
    replacement: () => unknown,
    options: object = {},
  ): { emitter: Emitter<Any>; seen: Emitted[] } {
    const emitter = new Emitter<Any>({
      env,
      middleware: [(_event, next) => next(replacement() as Emitted)],
      ...options,
    });
    const seen: Emitted[] = [];
    emitter.on("**", (event) => void seen.push(event));
    return { emitter, seen };
  }

  it("passes it on inwards, and the type it has then decides who hears it (E15)", async () => {
    const seen: string[] = [];
    const emitter = new Emitter<Any>({
      env,
      middleware: [
        (event, next) => next({ ...event, type: "b", metadata: { trace: "1" } }),
        (event, next) => {
          seen.push(`layer ${event.type} ${event.metadata?.trace}`);
          return next();
        },
      ],
    });
    emitter.on("a", () => void seen.push("a"));
    emitter.on("b", (event) => void seen.push(`b ${event.data} ${event.metadata?.trace}`));
    await emitter.emit("a", 7);

    assertEquals(seen, ["layer b 1", "b 7 1"]);
  });

  it("goes on with a made event as it is, with another one as a frozen copy", async () => {
    const made = createEvent("b", {});
    const foreign = { type: "b", data: {} };
    const events: Emitted[] = [made, foreign];
    const { emitter, seen } = replacing(() => events.shift());
    await emitter.emit("a", 1);
    await emitter.emit("a", 1);

    assertStrictEquals(seen[0], made);
    assertNotStrictEquals(seen[1], foreign);
    assert(Object.isFrozen(seen[1]));
  });

  it("refuses what is no event, and delivers nothing", async () => {
    for (const bad of [null, 5, "b", {}, { type: "", data: 1 }, { type: "b.*", data: 1 }]) {
      const { emitter, seen } = replacing(() => bad);
      const reason = await reasonOf(emitter.emit("a", 1));
      assert(reason instanceof TypeError || reason instanceof ValidationError, String(reason));
      assertEquals(seen, []);
      assertEquals([emitter.stats().failed, emitter.stats().middlewareErrors], [1, 1]);
      assertConserved(emitter);
    }
  });

  it("lets a layer go on after a replacement was refused", async () => {
    const seen: unknown[] = [];
    const emitter = new Emitter<Any>({
      env,
      middleware: [(_event, next) => {
        assertThrows(() => next({ type: "", data: 1 }), ValidationError);
        return next();
      }],
    });
    emitter.on("a", ({ data }) => void seen.push(data));
    await emitter.emit("a", 1);

    assertEquals(seen, [1]);
    assertEquals(emitter.stats().middlewareErrors, 0);
  });

  it("isolates the replacement, too", async () => {
    const data = { deep: { list: [1] } };
    const frozen = replacing(() => createEvent("b", data), { isolation: "freeze" });
    await frozen.emitter.emit("a", 1);
    assert(Object.isFrozen(frozen.seen[0]) && Object.isFrozen(data.deep.list));

    const own = { n: 1 };
    const cloned = replacing(() => ({ type: "b", data: own }), { isolation: "clone" });
    const slow: unknown[] = [];
    cloned.emitter.on("b", ({ data }) => void slow.push(data));
    await cloned.emitter.emit("a", 1);
    assertEquals([cloned.seen[0]!.data, slow[0]], [own, own]);
    assertNotStrictEquals(cloned.seen[0]!.data, slow[0]);
    assertNotStrictEquals(cloned.seen[0]!.data, own);

    const bad = replacing(() => ({ type: "b", data: () => {} }), { isolation: "clone" });
    assertInstanceOf(await reasonOf(bad.emitter.emit("a", 1)), ValidationError);
    assertEquals([bad.seen.length, bad.emitter.stats().middlewareErrors], [0, 1]);
  });

  it("holds a pooled replacement until its delivery is done", async () => {
    const pool = createEventPool({ env });
    const event = pool.acquire("b", 1);
    const gate = Promise.withResolvers<void>();
    const { emitter } = replacing(() => event);
    emitter.on("b", () => gate.promise);
    const done = emitter.emit("a", 1);

    assertFalse(pool.release(event), "a listener has it");
    gate.resolve();
    await done;
    assert(pool.release(event));
  });
});

describe("Emitter middleware and next()", () => {
  const env = useTestEnv();

  it("that is never called drops the event, and counts it", async () => {
    const emitter = new Emitter<Any>({
      env,
      middleware: [(event, next) => event.data === "no" ? undefined : next()],
    });
    const seen: unknown[] = [];
    emitter.on("a", ({ data }) => void seen.push(data));
    for (const data of ["yes", "no", "yes"]) await emitter.emit("a", data);
    emitter.tryEnqueue("a", "no");
    await env.settle();

    assertEquals(seen, ["yes", "yes"]);
    assertEquals(counts(emitter), {
      emitted: 4,
      succeeded: 2,
      failed: 0,
      queued: 0,
      inFlight: 0,
      dropped: 2,
    });
    assertEquals(emitter.stats().middlewareErrors, 0);
  });

  it("that an asynchronous layer never calls drops it when the layer is done", async () => {
    const gate = Promise.withResolvers<void>();
    const emitter = new Emitter<Any>({ env, middleware: [() => gate.promise] });
    const done = emitter.emit("a", 1);
    assertEquals(counts(emitter).inFlight, 1);
    assertConserved(emitter);
    gate.resolve();
    await done;

    assertEquals([counts(emitter).inFlight, counts(emitter).dropped], [0, 1]);
    assertConserved(emitter);
  });

  it("that is called twice throws the second time, and delivers once", async () => {
    let thrown: unknown;
    const emitter = new Emitter<Any>({
      env,
      middleware: [(_event, next) => {
        const result = next();
        try {
          next();
        } catch (error) {
          thrown = error;
        }
        return result;
      }],
    });
    let runs = 0;
    emitter.on("a", () => void runs++);
    await emitter.emit("a", 1);

    assertEquals(runs, 1);
    assertInstanceOf(thrown, TypeError);
    assertStringIncludes(thrown.message, 'call next twice for "a"');
    assertEquals(counts(emitter).succeeded, 1);
  });

  it("that is called twice fails the emit if the layer lets it", async () => {
    const emitter = new Emitter<Any>({
      env,
      middleware: [(_event, next) => {
        next();
        next();
      }],
    });
    let runs = 0;
    emitter.on("a", () => void runs++);
    assertInstanceOf(await reasonOf(emitter.emit("a", 1)), TypeError);

    assertEquals(runs, 1);
    assertEquals(emitter.stats().middlewareErrors, 1);
    assertEquals(counts(emitter).succeeded, 1, "its listeners succeeded");
    assertConserved(emitter);
  });

  it("cannot be called for a layer that went on already, nor by an inner one for an outer", async () => {
    const nexts: (() => unknown)[] = [];
    const emitter = new Emitter<Any>({
      env,
      middleware: [
        (_event, next) => {
          nexts.push(next);
          return next();
        },
        (_event, next) => {
          assertThrows(() => nexts[0]!(), TypeError, "twice");
          return next();
        },
      ],
    });
    let runs = 0;
    emitter.on("a", () => {
      assertThrows(() => nexts[0]!(), TypeError, "twice");
      runs += 1;
    });
    await emitter.emit("a", 1);

    assertEquals([runs, counts(emitter).succeeded], [1, 1]);
  });

  it("that is called late throws, and delivers nothing", async () => {
    let kept: (() => unknown) | undefined;
    const emitter = new Emitter<Any>({
      env,
      middleware: [(_event, next) => void (kept = next)],
    });
    let runs = 0;
    emitter.on("a", () => void runs++);
    await emitter.emit("a", 1);

    assertThrows(() => kept!(), TypeError, "after the middleware was done");
    assertEquals([runs, counts(emitter).dropped], [0, 1]);
    assertConserved(emitter);
  });

  it("that is called in the next event for the last one throws, and delivers the right event", async () => {
    // A layer that always lets the event before go on: one that was dropped long ago.
    const errors: unknown[] = [];
    let before: (() => unknown) | undefined;
    const emitter = new Emitter<Any>({
      env,
      middleware: [(event, next) => {
        try {
          before?.();
        } catch (error) {
          errors.push(error);
        }
        before = next;
        return event.data === 3 ? next() : undefined;
      }],
    });
    const seen: unknown[] = [];
    emitter.on("a", ({ data }) => void seen.push(data));
    for (const data of [1, 2, 3]) await emitter.emit("a", data);

    assertEquals(seen, [3]);
    assertEquals(errors.length, 2);
    for (const error of errors) {
      assertInstanceOf(error, TypeError);
      assertStringIncludes(error.message, "after the middleware was done");
    }
    assertConserved(emitter);
  });

  it("belongs to its event, also when a layer or a listener emits inside", async () => {
    const log: string[] = [];
    const emitter = new Emitter<Any>({
      env,
      middleware: [
        async (event, next) => {
          if (event.type === "outer") await emitter.emit("inner", 1);
          await next();
        },
        pass,
      ],
    });
    emitter.on("inner", () => void log.push("inner"));
    emitter.on("outer", async () => {
      log.push("outer");
      await emitter.emit("inner", 2);
    });
    await Promise.all([emitter.emit("outer", 1), emitter.emit("outer", 2)]);

    assertEquals(log.length, 6);
    assertEquals(counts(emitter).succeeded, 6);
    assertConserved(emitter);
  });
});

describe("Emitter middleware and failures", () => {
  const env = useTestEnv();
  const error = new Error("layer");

  it("that throws refuses the event: it failed, and the reason is untouched", async () => {
    const kinds: Middleware[] = [
      () => {
        throw error;
      },
      () => Promise.reject(error),
      async () => {
        await later();
        throw error;
      },
    ];
    for (const layer of kinds) {
      const errors: unknown[] = [];
      const emitter = new Emitter<Any>({
        env,
        middleware: [pass, layer],
        onError: (error) => void errors.push(error),
      });
      let runs = 0;
      emitter.on("a", () => void runs++);

      assertStrictEquals(await reasonOf(emitter.emit("a", 1)), error);
      assertEquals([runs, errors.length], [0, 0], "no listener failed");
      assertEquals([counts(emitter).failed, emitter.stats().middlewareErrors], [1, 1]);
      assertConserved(emitter);
    }
  });

  it("that throws for an enqueued event is reported, as nobody awaits it", async () => {
    const emitter = new Emitter<Any>({
      env,
      middleware: [() => {
        throw error;
      }],
    });
    emitter.tryEnqueue("a", 1);
    await env.settle();

    assertEquals(env.reported.splice(0), [error]);
    assertEquals(counts(emitter).failed, 1);
    assertConserved(emitter);
  });

  it("sees the failure of a listener, and may swallow or replace it", async () => {
    const emitter = new Emitter<Any>({
      env,
      middleware: [async (event, next) => {
        try {
          await next();
        } catch (thrown) {
          assertInstanceOf(thrown, ListenerError);
          if (event.data === "replace") throw error;
        }
      }],
    });
    emitter.on("a", () => {
      throw new Error("listener");
    });
    await emitter.emit("a", "swallow");
    assertEquals(emitter.stats().middlewareErrors, 0);
    assertStrictEquals(await reasonOf(emitter.emit("a", "replace")), error);

    assertEquals(counts(emitter).failed, 2, "its listener failed all the same");
    assertEquals(emitter.stats().middlewareErrors, 1);
    assertConserved(emitter);
  });

  it("passes the failure of a listener on, and does not count it as its own", async () => {
    for (
      const listener of [() => Promise.reject(error), () => {
        throw error;
      }]
    ) {
      const emitter = new Emitter<Any>({ env, middleware: [pass, pass] });
      emitter.on("a", listener);
      const reason = await reasonOf(emitter.emit("a", 1));

      assertInstanceOf(reason, ListenerError);
      assertStrictEquals(reason.cause, error);
      assertEquals([counts(emitter).failed, emitter.stats().middlewareErrors], [1, 0]);
    }
  });

  it("that throws behind a delivery that went well fails the emit, not the event", async () => {
    for (const thrown of [error, undefined]) {
      const emitter = new Emitter<Any>({
        env,
        middleware: [async (_event, next) => {
          await next();
          throw thrown;
        }],
      });
      emitter.on("a", () => {});
      assertStrictEquals(await reasonOf(emitter.emit("a", 1)), thrown);

      assertEquals(counts(emitter).succeeded, 1);
      assertEquals(emitter.stats().middlewareErrors, 1);
      assertConserved(emitter);
    }
  });

  it("that forgets to return next() loses neither failures nor the end of the delivery", async () => {
    const forgetful: Middleware = (_event, next) => void next();
    const asynchronous: Middleware = async (_event, next) => {
      await undefined;
      void next();
    };
    for (const layer of [forgetful, asynchronous]) {
      const gate = Promise.withResolvers<void>();
      const emitter = new Emitter<Any>({ env, middleware: [layer] });
      emitter.on("a", () => gate.promise);
      const done = reasonOf(emitter.emit("a", 1));
      assert(await isOpen(done), "a listener still runs");
      gate.reject(error);
      const reason = await done;

      assertInstanceOf(reason, ListenerError);
      assertEquals(emitter.stats().middlewareErrors, 0);
      assertConserved(emitter);
    }
  });

  it("that fails while the listeners run does not hide their failures", async () => {
    const gate = Promise.withResolvers<void>();
    const emitter = new Emitter<Any>({
      env,
      middleware: [(_event, next) => {
        void next();
        throw error;
      }],
    });
    emitter.on("a", () => gate.promise);
    assertStrictEquals(await reasonOf(emitter.emit("a", 1)), error);
    assertEquals(counts(emitter).inFlight, 1);
    gate.reject(new Error("listener"));
    await env.settle();

    const [reported, ...others] = env.reported.splice(0);
    assertInstanceOf(reported, ListenerError);
    assertEquals(others, []);
    assertEquals([counts(emitter).failed, emitter.stats().middlewareErrors], [1, 1]);
    assertConserved(emitter);
  });

  it("runs its finally, whatever happens inside (E8)", async () => {
    const ends: string[] = [];
    const emitter = new Emitter<Any>({
      env,
      middleware: [
        async (event, next) => {
          try {
            await next();
          } finally {
            ends.push(event.type);
          }
        },
        (event, next) => {
          if (event.type === "thrown") throw error;
          return event.type === "filtered" ? undefined : next();
        },
      ],
    });
    emitter.on("failed", () => Promise.reject(error));
    const types = ["unheard", "filtered", "thrown", "failed"];
    await emitter.emitBatch(types.map((type) => ({ type, data: 1 })));

    assertEquals(ends.sort(), types.sort());
    assertConserved(emitter);
  });
});

describe("Emitter middleware and close()", () => {
  const env = useTestEnv();

  const slow: Middleware = async (_event, next) => {
    await later();
    await next();
    await later();
  };

  it("waits for events in the layers, before and behind the listeners", async () => {
    const log: string[] = [];
    const emitter = new Emitter<Any>({
      env,
      middleware: [slow, async (_event, next) => {
        await next();
        await later();
        log.push("behind");
      }],
    });
    emitter.on("a", () => void log.push("listener"));
    const done = emitter.emit("a", 1);
    emitter.tryEnqueue("a", 2);

    assertEquals(await emitter.close(), { completed: 2, left: 0 });
    assertEquals(log, ["listener", "listener", "behind", "behind"]);
    await done;
  });

  it("gives up on a layer that never settles, and says so", async () => {
    const emitter = new Emitter<Any>({ env, middleware: [() => new Promise<void>(() => {})] });
    void emitter.emit("a", 1);
    const closing = emitter.close();
    await env.advance(30_000);

    assertEquals(await closing, { completed: 0, left: 1 });
    assertConserved(emitter);
  });

  it("delivers nothing when a layer goes on only after it gave up (I6)", async () => {
    const gate = Promise.withResolvers<void>();
    const emitter = new Emitter<Any>({
      env,
      middleware: [async (_event, next) => {
        await gate.promise;
        await next();
      }],
    });
    let runs = 0;
    emitter.on("a", () => void runs++);
    const done = emitter.emit("a", 1);
    assertEquals(await emitter.close({ signal: AbortSignal.abort() }), { completed: 0, left: 1 });
    gate.resolve();
    await done;

    assertEquals(runs, 0);
    assertConserved(emitter);
  });

  for (const layers of [[pass], [slow], [slow, pass, slow]]) {
    it(`does not wait for listeners that call it, behind ${layers.length} layer(s)`, async () => {
      const emitter = new Emitter<Any>({ env, middleware: layers });
      const results: unknown[] = [];
      emitter.on("a", async () => void results.push(await emitter.close()));
      const events = [1, 2, 3].map((data) => ({ type: "a", data }));
      await emitter.emitBatch(events);

      // In step, all are on their way when the first one closes.
      assertEquals(results.length, layers.includes(slow) ? 3 : 1);
      for (const result of results) assertEquals((result as { left: number }).left, 0);
      assertConserved(emitter);
    });
  }

  it("does not wait for nested events whose innermost listener calls it", async () => {
    const emitter = new Emitter<Any>({ env, middleware: [pass] });
    emitter.on("outer", () => emitter.emit("middle", 1));
    emitter.on("middle", () => emitter.emit("inner", 1));
    let result: unknown;
    emitter.on("inner", async () => void (result = await emitter.close()));
    await emitter.emit("outer", 1);

    assertEquals(result, { completed: 0, left: 0 });
    assertConserved(emitter);
  });

  it("does not wait for a layer that calls it, and its event may go on", async () => {
    for (const awaiting of [true, false]) {
      const emitter = new Emitter<Any>({
        env,
        middleware: [pass, async (_event, next) => {
          const closing = emitter.close();
          if (awaiting) assertEquals((await closing).left, 0);
          await next();
        }],
      });
      let runs = 0;
      emitter.on("a", () => void runs++);
      await emitter.emit("a", 1);

      assertEquals(runs, awaiting ? 0 : 1, "after it resolved nobody hears anything");
      assertEquals((await emitter.close()).left, 0);
      assertConserved(emitter);
    }
  });
});
