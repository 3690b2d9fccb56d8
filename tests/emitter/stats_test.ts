import { createEvent, Emitter, type EmitterStats } from "@nova/events/emitter";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, reasonOf } from "./kit.ts";
import { schemaOf } from "./schemas.ts";

describe("the figures of an emitter", () => {
  const env = useTestEnv();

  /** The figures of a type: emitted, failed, in flight. */
  function ofType({ types }: EmitterStats, wanted: string): number[] | undefined {
    const found = types.find(({ type }) => type === wanted);
    return found && [found.emitted, found.failed, found.inFlight];
  }

  it("tell apart the types that somebody listens to by name", async () => {
    const emitter = new Emitter<Any>({ env, onError: () => "handled" });
    const ends: ((fails: boolean) => void)[] = [];
    emitter.on("now", ({ data }) => {
      if (data === "bad") throw new Error("no");
    }, { id: "now" });
    emitter.on("later", () =>
      new Promise<void>((resolve, reject) => {
        ends.push((fails) => fails ? reject(new Error("no")) : resolve());
      }), { id: "later" });
    emitter.on("**", () => {}, { id: "all" });
    for (const data of ["good", "bad", "good"]) await emitter.emit("now", data);
    const pending = [1, 2, 3].map((n) => emitter.emit(createEvent("later", n)));
    await emitter.emit("unnamed", 1);

    assertEquals(emitter.stats().types.map(({ type }) => type), ["now", "later"]);
    assertEquals(ofType(emitter.stats(), "now"), [3, 1, 0]);
    assertEquals(ofType(emitter.stats(), "later"), [3, 0, 3]);
    assertEquals(emitter.stats().listeners.map(({ id, inFlight }) => [id, inFlight]), [
      ["now", 0],
      ["later", 3],
      ["all", 0],
    ]);
    ends[0]!(false);
    ends[1]!(true);
    await Promise.all(pending.slice(0, 2));
    assertEquals(ofType(emitter.stats(), "later"), [3, 1, 1]);
    assertEquals(emitter.stats().listeners[1]?.inFlight, 1);
    ends[2]!(true);
    await pending[2];
    assertEquals(ofType(emitter.stats(), "later"), [3, 2, 0]);
    assertEquals(emitter.stats().listeners[1]?.inFlight, 0);
    assertConserved(emitter);
  });

  it("count a pattern's runs in flight once for all of its types", async () => {
    const emitter = new Emitter<Any>({ env });
    const ends: (() => void)[] = [];
    emitter.on("**", () => new Promise<void>((resolve) => ends.push(resolve)));
    const pending = ["a", "b"].map((type) => emitter.emit(type, 1));
    assertEquals(emitter.stats().listeners[0]?.inFlight, 2);
    for (const end of ends) end();
    await Promise.all(pending);

    assertEquals(emitter.stats().listeners[0]?.inFlight, 0);
  });

  it("count what was not valid, at once or later", async () => {
    const emitter = new Emitter<Any>({
      env,
      schema: {
        now: schemaOf(() => ({ issues: [{ message: "no" }] })),
        later: schemaOf(() => Promise.resolve({ issues: [{ message: "no" }] })),
      },
    });
    for (const type of ["", "now", "later"]) await reasonOf(emitter.emit(type, 1));
    const gone = reasonOf(emitter.emit("later", 1, { signal: AbortSignal.abort("gone") }));

    assertEquals(await gone, "gone");
    assertEquals(emitter.stats().invalid, 3);
    assertEquals(emitter.stats().emitted, 0);
  });

  it("count what found no room, whoever asked", async () => {
    const rejecting = new Emitter<Any>({ env, bufferSize: 1, overflow: "reject" });
    rejecting.tryEnqueue("n", 1);
    rejecting.tryEnqueue("n", 2);
    await reasonOf(rejecting.enqueue("n", 3));
    assertEquals(rejecting.stats().refused, 2);

    const waiting = new Emitter<Any>({ env, bufferSize: 1, maxConcurrency: 1, waitMs: 10 });
    waiting.on("n", () => new Promise(() => {}));
    waiting.tryEnqueue("n", 1);
    await env.settle();
    waiting.tryEnqueue("n", 2);
    const late = reasonOf(waiting.enqueue("n", 3));
    await env.advance(10);
    await late;
    assertEquals([waiting.stats().refused, waiting.stats().timedOut], [1, 1]);
    const gone = new AbortController();
    const leaving = reasonOf(waiting.enqueue("n", 4, { signal: gone.signal }));
    gone.abort("gone");
    await leaving;
    assertEquals([waiting.stats().refused, waiting.stats().timedOut], [2, 1]);

    const dropping = new Emitter<Any>({ env, bufferSize: 1, overflow: "drop-newest" });
    dropping.tryEnqueue("n", 1);
    dropping.tryEnqueue("n", 2);
    assertEquals([dropping.stats().refused, dropping.stats().dropped], [0, 1]);
    for (const emitter of [rejecting, waiting, dropping]) {
      assertConserved(emitter);
      await emitter.close({ signal: AbortSignal.abort() });
    }
  });

  it("count what the buffer has taken, also when it was empty between", async () => {
    const emitter = new Emitter<Any>({ env, bufferSize: 3, overflow: "reject" });
    emitter.on("n", () => {});
    for (let round = 1; round <= 4; round++) {
      for (let i = 0; i < 5; i++) emitter.tryEnqueue("n", i);
      await env.settle();
      assertEquals([emitter.stats().enqueued, emitter.stats().refused], [round * 3, round * 2]);
    }
    await emitter.emit("n", 0);

    assertEquals([emitter.stats().enqueued, emitter.stats().succeeded], [12, 13]);
    await emitter.close();
  });
});
