import { ClosedError, createEvent, ListenerError, ValidationError } from "@nova/events";
import { Emitter, type Middleware } from "@nova/events/emitter";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, isOpen } from "./kit.ts";

describe("middleware", () => {
  const env = useTestEnv();

  function make(...middleware: Middleware[]): Emitter<Any> {
    return new Emitter<Any>({ env, middleware });
  }

  it("runs around the listeners, outermost first", async () => {
    const log: string[] = [];
    const layer = (name: string): Middleware => (_event, next) => {
      log.push(`${name} in`);
      const pending = next();
      log.push(`${name} out`);
      return pending;
    };
    const emitter = make(layer("a"), layer("b"));
    emitter.on("t", () => void log.push("listener"));
    await emitter.emit("t", 1);
    await emitter.enqueue("t", 2);
    await env.settle();

    const once = ["a in", "b in", "listener", "b out", "a out"];
    assertEquals(log, [...once, ...once]);
  });

  it("waits for asynchronous layers and listeners", async () => {
    const log: string[] = [];
    const emitter = make(async (_event, next) => {
      await Promise.resolve();
      await next();
      log.push("layer");
    });
    emitter.on("t", async () => {
      await Promise.resolve();
      log.push("listener");
    });
    const emitted = emitter.emit("t", 1);
    assertEquals(emitter.stats().inFlight, 1);
    await emitted;

    assertEquals(log, ["listener", "layer"]);
    assertConserved(emitter);
  });

  it("waits for the listeners also when a layer does not keep what next answered", async () => {
    const gate = Promise.withResolvers<void>();
    const emitter = make((_event, next) => void next());
    emitter.on("t", () => gate.promise);
    const emitted = emitter.emit("t", 1);
    assert(await isOpen(emitted));
    gate.reject(new Error("late"));

    await assertRejects(() => emitted, ListenerError, "late");
  });

  it("may replace the event, also by a foreign literal that is then checked", async () => {
    const seen: unknown[] = [];
    const made = createEvent("b", 2);
    const emitter = make((event, next) =>
      next(event.type === "a" ? made : event.type === "bad" ? { type: "", data: 0 } : undefined)
    );
    emitter.on("**", (event) => void seen.push(event));
    await emitter.emit("a", 1);
    await emitter.emit("c", 3);
    await assertRejects(() => emitter.emit("bad", 3), ValidationError);

    assertStrictEquals(seen[0], made);
    assertEquals((seen[1] as { data: unknown }).data, 3);
    assertEquals(emitter.stats().middlewareErrors, 1);
    assertConserved(emitter);
  });

  it("drops an event by never calling next; it is counted", async () => {
    const emitter = make((event, next) => event.data === "spam" ? undefined : next());
    let calls = 0;
    emitter.on("t", () => void (calls += 1));
    await emitter.emit("t", "spam");
    await emitter.emit("t", "mail");

    assertEquals(calls, 1);
    const { emitted, succeeded, dropped } = emitter.stats();
    assertEquals([emitted, succeeded, dropped], [2, 1, 1]);
    assertConserved(emitter);
  });

  it("refuses an event by throwing; it is counted as failed and as an error of middleware", async () => {
    for (const asynchronous of [false, true]) {
      const emitter = make(() => {
        if (asynchronous) return Promise.reject(new RangeError("no"));
        throw new RangeError("no");
      });
      emitter.on("t", () => {});
      await assertRejects(() => emitter.emit("t", 1), RangeError, "no");

      const { failed, middlewareErrors, succeeded, listeners } = emitter.stats();
      assertEquals([failed, middlewareErrors, succeeded, listeners[0]?.runs], [1, 1, 0, 0]);
      assertConserved(emitter);
    }
  });

  it("sees what listeners failed with; its finally always runs, and it may handle the failure", async () => {
    const log: string[] = [];
    const swallow: Middleware = async (_event, next) => {
      try {
        await next();
      } catch (error) {
        log.push((error as Error).name);
      } finally {
        log.push("finally");
      }
    };
    const emitter = make(swallow);
    emitter.on("t", () => {
      throw new Error("no");
    });
    await emitter.emit("t", 1);

    assertEquals(log, ["ListenerError", "finally"]);
    const { failed, middlewareErrors } = emitter.stats();
    assertEquals([failed, middlewareErrors], [1, 0]);
  });

  it("counts its own failure behind a delivery that went well", async () => {
    const emitter = make((_event, next) => {
      next();
      throw new Error("after");
    });
    emitter.on("t", () => {});
    await assertRejects(() => emitter.emit("t", 1), Error, "after");

    const { succeeded, failed, middlewareErrors } = emitter.stats();
    assertEquals([succeeded, failed, middlewareErrors], [1, 0, 1]);
    assertConserved(emitter);
  });

  it("may call next once, and only while it runs", async () => {
    const stray: (() => unknown)[] = [];
    let calls = 0;
    const emitter = make((event, next) => {
      if (event.data === "twice") {
        next();
        return next();
      }
      stray.push(next);
      if (event.data === "late") return;
      return next();
    });
    emitter.on("t", () => void (calls += 1));
    await assertRejects(() => emitter.emit("t", "twice"), TypeError, "next twice");
    await emitter.emit("t", "once");
    await emitter.emit("t", "late");

    for (const next of stray) {
      assertThrows(next, TypeError, "after the middleware was done");
    }
    assertEquals(calls, 2);
    assertConserved(emitter);
  });

  it("keeps events apart that are inside at the same time, or within each other", async () => {
    const seen: unknown[] = [];
    const emitter = make(async (event, next) => {
      await Promise.resolve();
      await next(createEvent(event.type, `${event.data}!`));
    }, (_event, next) => next());
    emitter.on("t", async ({ data }) => {
      seen.push(data);
      if (data === "1!") await emitter.emit("t", "nested");
    });
    await Promise.all([emitter.emit("t", 1), emitter.emit("t", 2)]);

    assertEquals(seen, ["1!", "2!", "nested!"]);
    assertConserved(emitter);
  });

  it("is waited for by close, but not by a close from inside", async () => {
    const gate = Promise.withResolvers<void>();
    const emitter = make(async (_event, next) => {
      await gate.promise;
      await next();
    });
    let calls = 0;
    emitter.on("t", () => void (calls += 1));
    const emitted = emitter.emit("t", 1);
    const closed = emitter.close();
    assert(await isOpen(closed));
    await assertRejects(() => emitter.emit("t", 2), ClosedError);
    gate.resolve();
    await emitted;
    assertEquals([await closed, calls], [{ completed: 1, left: 0 }, 1]);

    const other = make(async (_event, next) => await next());
    other.on("t", async () => {
      await other.close();
    });
    await other.emit("t", 1);
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
  });

  it("refuses what is no function", () => {
    assertThrows(() => make(null as never), TypeError, "as a middleware");
    assertThrows(() => make("x" as never), TypeError);
  });
});
