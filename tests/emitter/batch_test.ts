import { BufferFullError, createEvent, ListenerError } from "@nova/events";
import { type Emitted, Emitter } from "@nova/events/emitter";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, counts, reasonOf } from "./kit.ts";

/** Events of type "n". */
function events(...data: readonly unknown[]): Emitted[] {
  return data.map((one) => ({ type: "n", data: one }));
}

/** What a batch came to, in words. */
function words(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.map((one) =>
    one.status === "fulfilled" ? one.value : (one.reason as Error).constructor.name
  );
}

describe("Emitter.emitBatch()", () => {
  const env = useTestEnv();

  it("emits all, in order and in this turn, unless told otherwise", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: unknown[] = [];
    emitter.on("n", ({ data }) => void seen.push(data));
    const made = createEvent("n", 3);
    const results = emitter.emitBatch([...events(1, 2), made]);
    assertEquals(seen, [1, 2, 3]);

    assertEquals(words(await results), [undefined, undefined, undefined]);
    assertEquals(counts(emitter).succeeded, 3);
  });

  it('mode "enqueue" puts them into the backlog, and tells what the policy did', async () => {
    const emitter = new Emitter<Any>({ env, bufferSize: 2, overflow: "drop-newest" });
    const seen: unknown[] = [];
    emitter.on("n", ({ data }) => void seen.push(data));
    const results = emitter.emitBatch(events(1, 2, 3), { mode: "enqueue" });
    assertEquals([seen, counts(emitter).queued], [[], 2]);

    assertEquals(words(await results), [true, true, false]);
    await env.settle();
    assertEquals(seen, [1, 2]);
    assertConserved(emitter);
  });

  it("has one outcome for each event: a bad one stops no other (E12)", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: unknown[] = [];
    emitter.on("n", ({ data }) => {
      if (data === "fail") throw new Error("no");
      seen.push(data);
    });
    const batch = [
      ...events(1),
      { type: "", data: 1 },
      null as never,
      ...events("fail"),
      { type: "n.*", data: 1 },
      ...events(2),
    ];
    const results = await emitter.emitBatch(batch);

    assertEquals(words(results), [
      undefined,
      "ValidationError",
      "TypeError",
      "ListenerError",
      "ValidationError",
      undefined,
    ]);
    assertEquals(seen, [1, 2]);
    assertEquals(counts(emitter).emitted, 3);
    assertConserved(emitter);

    const queued = await emitter.emitBatch(batch, { mode: "enqueue" });
    assertEquals(words(queued), [
      true,
      "ValidationError",
      "TypeError",
      true,
      "ValidationError",
      true,
    ]);
    await env.settle();
    assertEquals(env.reported.splice(0).length, 1);
  });

  it("waits for room with each event on its own, and may give up on some", async () => {
    const emitter = new Emitter<Any>({ env, bufferSize: 1, maxConcurrency: 1, waitMs: 10 });
    emitter.on("n", () => new Promise<void>(() => {}));
    const results = emitter.emitBatch(events(1, 2, 3), { mode: "enqueue" });
    await env.advance(10);

    assertEquals(words(await results), [true, true, "BufferFullError"]);
    await emitter.close({ signal: AbortSignal.abort() });
    assertConserved(emitter);
  });

  it("waits for asynchronous listeners, all at a time", async () => {
    const emitter = new Emitter<Any>({ env });
    const gate = Promise.withResolvers<void>();
    let running = 0;
    emitter.on("n", () => {
      running += 1;
      return gate.promise;
    });
    const results = emitter.emitBatch(events(1, 2, 3));
    assertEquals(running, 3);
    gate.resolve();

    assertEquals(words(await results), [undefined, undefined, undefined]);
  });

  it("takes no event for a hole in the array", async () => {
    const emitter = new Emitter<Any>({ env });
    const [first, , third] = events(1, 2, 3);
    // deno-lint-ignore no-sparse-arrays
    const results = await emitter.emitBatch([first, , third] as Emitted[]);

    assertEquals(words(results), [undefined, "TypeError", undefined]);
  });

  it("takes an empty batch", async () => {
    assertEquals(await new Emitter<Any>({ env }).emitBatch([]), []);
  });

  it("is not changed by who changes the array meanwhile", async () => {
    const emitter = new Emitter<Any>({ env });
    const batch = events(1, 2);
    emitter.on("n", () => void (batch.length = 0));
    const results = await emitter.emitBatch(batch);

    assertEquals(words(results), [undefined, undefined]);
    assertEquals(counts(emitter).succeeded, 2);
  });

  it("tells of each event when the emitter is closed, or closes meanwhile", async () => {
    const emitter = new Emitter<Any>({ env });
    emitter.on("n", ({ data }) => void (data === 2 && emitter.close()));
    assertEquals(words(await emitter.emitBatch(events(1, 2, 3))), [
      undefined,
      undefined,
      "ClosedError",
    ]);
    assertEquals(words(await emitter.emitBatch(events(1))), ["ClosedError"]);
  });

  it("never throws synchronously, and refuses what is no batch", async () => {
    const emitter = new Emitter<Any>({ env });
    for (const bad of [null, undefined, 5, "ab", {}, new Set()] as never[]) {
      assertInstanceOf(await reasonOf(emitter.emitBatch(bad)), TypeError);
    }
    for (const bad of [null, 5, "x"] as never[]) {
      assertInstanceOf(await reasonOf(emitter.emitBatch([], bad)), TypeError);
    }
    for (const mode of ["", "tryEnqueue", null, 5] as never[]) {
      assertInstanceOf(await reasonOf(emitter.emitBatch([], { mode })), RangeError);
    }
    assertEquals(counts(emitter).emitted, 0);
  });

  it("keeps the reasons as emit and enqueue reject with them", async () => {
    const cause = new Error("no");
    const emitter = new Emitter<Any>({ env, bufferSize: 1, overflow: "reject" });
    emitter.on("n", () => Promise.reject(cause));
    const [failed] = await emitter.emitBatch(events(1));
    const [, full] = await emitter.emitBatch(events(1, 2), { mode: "enqueue" });
    await env.settle();
    env.reported.splice(0);

    assert(failed?.status === "rejected" && full?.status === "rejected");
    assertInstanceOf(failed.reason, ListenerError);
    assertStrictEquals(failed.reason.cause, cause);
    assertInstanceOf(full.reason, BufferFullError);
  });
});
