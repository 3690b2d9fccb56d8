/**
 * The defects of the Go library's emitter, one case each, by their ids; and those of what it shares
 * with the other parts (D1, D2). E11 is a data race, which one thread cannot have.
 *
 * @module
 */

import { ClosedError, createEvent, ListenerError, NovaError } from "@nova/events";
import { Emitter } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { type Any, assertConserved, counts, isOpen, reasonOf } from "../emitter/kit.ts";
import { useTestEnv } from "../support/env.ts";

describe("ghosts of the emitter", () => {
  const env = useTestEnv();
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void env.setTimer(resolve, ms));

  it("E1: enqueued events run up to maxConcurrency at a time, not one by one", async () => {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 16 });
    const start = env.monotonic();
    let done = 0;
    emitter.on("a", async () => {
      await sleep(10);
      done += 1;
    });
    for (let i = 0; i < 48; i++) emitter.tryEnqueue("a", i);
    await env.advance(30);

    // 48 events of 10 ms, 16 at a time.
    assertEquals([done, env.monotonic() - start], [48, 30]);
  });

  it("E2: emit resolves when the listeners are done, however many events are under way", async () => {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 1 });
    let done = 0;
    emitter.on("a", async ({ data }) => {
      await sleep(10);
      done += 1;
      if (data === "bad") throw new Error("no");
    });
    const emits = [1, 2, 3].map((data) => emitter.emit("a", data));
    const bad = reasonOf(emitter.emit("a", "bad"));
    await env.advance(9);
    assert(await isOpen(emits[2]!));
    assertEquals(done, 0);
    await env.advance(1);
    await Promise.all(emits);

    assertEquals(done, 4);
    assertInstanceOf(await bad, ListenerError);
  });

  it("E3: events that wait for a slot hold up nothing else", async () => {
    const emitter = new Emitter<Any>({ env, maxConcurrency: 1, bufferSize: 100 });
    const other = new Emitter<Any>({ env });
    const log: string[] = [];
    emitter.on("slow", () => sleep(1000));
    emitter.on("direct", () => void log.push("direct"));
    other.on("a", () => void log.push("other"));
    for (let i = 0; i < 50; i++) emitter.tryEnqueue("slow", i);
    await env.settle();
    other.tryEnqueue("a", 1);
    await emitter.emit("direct", 1);
    await env.settle();

    assertEquals(log, ["direct", "other"]);
    await env.advance(50_000);
    assertEquals(counts(emitter).succeeded, 51);
  });

  it("E4: a listener that fails does not stop those behind it", async () => {
    const emitter = new Emitter<Any>({ env });
    let calls = 0;
    emitter.on("a", () => {
      throw new Error("no");
    });
    emitter.on("a", () => void (calls += 1));
    await assertRejects(() => emitter.emit("a", 1), ListenerError);
    emitter.tryEnqueue("a", 1);
    await env.settle();

    assertEquals(calls, 2);
  });

  it("E5: onError can keep a failure from the caller", async () => {
    const emitter = new Emitter<Any>({ env, onError: () => "handled" });
    emitter.on("a", () => {
      throw new Error("no");
    });
    await emitter.emit("a", 1);
    emitter.tryEnqueue("a", 1);
    await env.settle();

    assertEquals([env.reported, counts(emitter).failed], [[], 2]);
  });

  it("E6: an event that fails is counted once, however many of its listeners do", async () => {
    const emitter = new Emitter<Any>({ env, onError: () => "handled" });
    for (let i = 0; i < 3; i++) {
      emitter.on("a", () => {
        throw new Error("no");
      });
      emitter.on("a", () => Promise.reject(new Error("no")));
    }
    await emitter.emit("a", 1);

    const { emitted, failed, succeeded } = counts(emitter);
    assertEquals({ emitted, failed, succeeded }, { emitted: 1, failed: 1, succeeded: 0 });
  });

  it("E7: unsubscribing removes that subscription, not another one of the same id", async () => {
    const emitter = new Emitter<Any>({ env });
    const log: string[] = [];
    emitter.on("a", () => void log.push("first"), { id: "same" });
    const second = emitter.on("a", () => void log.push("second"), { id: "same" });
    second.unsubscribe();
    await emitter.emit("a", 1);

    assertEquals(log, ["first"]);
  });

  it("E8: what middleware opens it can close: nobody listening, refused, failed, closed", async () => {
    let open = 0;
    const emitter = new Emitter<Any>({
      env,
      middleware: [async (_event, next) => {
        open += 1;
        try {
          await next();
        } finally {
          open -= 1;
        }
      }, (event, next) => {
        if (event.type === "refused") throw new Error("refused");
        if (event.type !== "dropped") return next();
      }],
    });
    emitter.on("failing", () => {
      throw new Error("no");
    });
    for (const type of ["nobody", "refused", "failing", "dropped"]) {
      await emitter.emit(type, 1).catch(() => {});
      assertEquals(open, 0, type);
      emitter.tryEnqueue(type, 1);
      await env.settle();
      assertEquals(open, 0, type);
    }
    await emitter.close();
    await emitter.emit("a", 1).catch(() => {});

    assertEquals(open, 0);
    assertConserved(emitter);
  });

  it("E9: a listener that throws on the queued path harms nothing", async () => {
    const emitter = new Emitter<Any>({ env });
    emitter.on("a", () => {
      throw new Error("no");
    });
    emitter.on("b", async () => {
      await undefined;
      throw new Error("no");
    });
    for (const type of ["a", "b", "a", "b"]) emitter.tryEnqueue(type, 1);
    await env.settle();

    assertEquals([counts(emitter).failed, env.reported.length], [4, 4]);
    assertConserved(emitter);
  });

  it("E10: null is refused, not tripped over", async () => {
    const emitter = new Emitter<Any>({ env });
    for (const bad of [null, undefined]) {
      await assertRejects(() => emitter.emit(bad as never), TypeError, "it must be an object");
      await assertRejects(() => emitter.enqueue(bad as never), TypeError, "it must be an object");
      assertThrows(() => emitter.tryEnqueue(bad as never), TypeError, "it must be an object");
    }
    assertEquals(counts(emitter).emitted, 0);
  });

  it("E12: a batch goes on after an event that fails, and answers for each", async () => {
    const emitter = new Emitter<Any>({ env });
    const log: unknown[] = [];
    emitter.on("a", ({ data }) => {
      log.push(data);
      if (data === 2) throw new Error("no");
    });
    const events = [1, 2, 3].map((data) => ({ type: "a", data }));
    const results = await emitter.emitBatch([...events, null as never, { type: "a", data: 4 }]);

    assertEquals(log, [1, 2, 3, 4]);
    assertEquals(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"],
    );
  });

  it("E13: closing loses nothing that was accepted, and the gauge returns to 0", async () => {
    for (let round = 0; round < 100; round++) {
      const emitter = new Emitter<Any>({ env, maxConcurrency: 1 + round % 3 });
      let delivered = 0;
      emitter.on("a", async () => {
        for (let i = round % 5; i > 0; i--) await undefined;
        delivered += 1;
      });
      let accepted = 0;
      const producer = async (): Promise<void> => {
        try {
          for (;;) {
            if (await emitter.enqueue("a", accepted)) accepted += 1;
          }
        } catch (error) {
          assertInstanceOf(error, ClosedError);
        }
      };
      const producers = [producer(), producer()];
      for (let i = round; i > 0; i--) await undefined;
      const { left } = await emitter.close();
      await Promise.all(producers);

      assertEquals([delivered, left, counts(emitter).queued], [accepted, 0, 0], `round ${round}`);
      assertConserved(emitter);
    }
  });

  it("E14: a request that is cancelled does not take back what it enqueued", async () => {
    const emitter = new Emitter<Any>({ env });
    const controller = new AbortController();
    let calls = 0;
    emitter.on("a", (_event, { signal }) => {
      calls += 1;
      assertFalse(signal.aborted);
    });
    await emitter.enqueue("a", 1, { signal: controller.signal });
    await emitter.enqueue(createEvent("a", 2), { signal: controller.signal });
    controller.abort();
    await env.settle();

    assertEquals(calls, 2);
  });

  it("E15: middleware can replace the event", async () => {
    const emitter = new Emitter<Any>({
      env,
      middleware: [(event, next) => next({ ...event, metadata: { trace: "7" } })],
    });
    const seen: unknown[] = [];
    emitter.on("a", ({ data, metadata }) => void seen.push(data, metadata?.trace));
    await emitter.emit("a", 1);
    emitter.tryEnqueue("a", 2);
    await env.settle();

    assertEquals(seen, [1, "7", 2, "7"]);
  });

  it("E16: subscriptions made in the same moment have labels of their own", () => {
    const emitter = new Emitter<Any>({ env });
    const ids = Array.from({ length: 100 }, () => emitter.on("a", () => {}).id);

    assertEquals(new Set(ids).size, 100);
  });
});

describe("ghosts of what all parts share", () => {
  const env = useTestEnv();

  it("D1: no listener changes the metadata that the next one sees", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: unknown[] = [];
    emitter.on("a", ({ metadata }) => {
      assertThrows(() => ((metadata as Record<string, string>).trace = "changed"), TypeError);
      assertThrows(() => ((metadata as Record<string, string>).more = "added"), TypeError);
    });
    emitter.on("a", ({ metadata }) => void seen.push({ ...metadata }));
    const metadata = { trace: "1" };
    await emitter.emit(createEvent("a", 1, { metadata }));
    await emitter.emit({ type: "a", data: 1, metadata });
    await emitter.emit("a", 1, { metadata });

    assertEquals(seen, [{ trace: "1" }, { trace: "1" }, { trace: "1" }]);
    assertEquals(metadata, { trace: "1" });
  });

  it("D2: an error can be shown, whatever it is about", () => {
    const error = new ListenerError("a", createEvent("a", undefined), undefined);

    assertInstanceOf(error, NovaError);
    assertNotEquals(`${error}`, "");
    assertEquals(error.message, 'Listener "a" failed on "a": undefined');
  });
});
