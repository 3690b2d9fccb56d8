import { BufferFullError } from "@nova/events";
import { Emitter, ListenerError } from "@nova/events/emitter";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved, isOpen } from "./kit.ts";

describe("Emitter.events()", () => {
  const env = useTestEnv();

  /** Reads up to `most` data from a stream. */
  async function read(stream: AsyncIterable<{ data: unknown }>, most: number): Promise<unknown[]> {
    const seen: unknown[] = [];
    for await (const { data } of stream) {
      seen.push(data);
      if (seen.length === most) break;
    }
    return seen;
  }

  async function emitAll(emitter: Emitter<Any>, ...data: unknown[]): Promise<void> {
    for (const each of data) await emitter.emit("t", each);
  }

  it("reads the events of a type, or of a pattern, in order, those that wait first", async () => {
    const emitter = new Emitter<Any>({ env });
    const byType = emitter.events("t");
    const byPattern = emitter.events("**");
    await emitAll(emitter, 1, 2);
    await emitter.emit("other", "x");
    const reading = read(byType, 3);
    await emitAll(emitter, 3);

    assertEquals(await reading, [1, 2, 3]);
    assertEquals(await read(byPattern, 4), [1, 2, "x", 3]);
    assertEquals(emitter.listenerCount(), 0);
  });

  it("serves several readers that wait in the order they asked", async () => {
    const emitter = new Emitter<Any>({ env });
    const stream = emitter.events("t");
    const results = Promise.all([stream.next(), stream.next(), stream.next()]);
    await emitAll(emitter, 1, 2);
    await emitter.close();

    assertEquals((await results).map(({ done, value }) => done === true ? "done" : value?.data), [
      1,
      2,
      "done",
    ]);
  });

  it("drops the oldest event when the reader is slow, and counts it", async () => {
    const emitter = new Emitter<Any>({ env });
    const stream = emitter.events("t", { bufferSize: 2 });
    await emitAll(emitter, 1, 2, 3, 4);

    assertEquals([stream.queued, stream.dropped], [2, 2]);
    assertEquals(await read(stream, 2), [3, 4]);
    assertConserved(emitter);
  });

  it("drops the newest, or fails emitting, as overflow says", async () => {
    const emitter = new Emitter<Any>({ env });
    const newest = emitter.events("t", { bufferSize: 1, overflow: "drop-newest" });
    await emitAll(emitter, 1, 2);
    assertEquals([await read(newest, 1), newest.dropped], [[1], 1]);

    const rejects = emitter.events("t", { bufferSize: 1, overflow: "reject" });
    await emitAll(emitter, 3);
    const error = await assertRejects(() => emitter.emit("t", 4), ListenerError);
    assert(error.cause instanceof BufferFullError);
    assertEquals(await read(rejects, 1), [3]);
  });

  it("makes emitting wait for the reader, for as long as waitMs", async () => {
    const emitter = new Emitter<Any>({ env });
    const stream = emitter.events("t", { bufferSize: 1, overflow: "wait", waitMs: 100 });
    await emitAll(emitter, 1);
    const second = emitter.emit("t", 2);
    assert(await isOpen(second));
    assertEquals((await stream.next()).value?.data, 1);
    await second;
    const third = emitter.emit("t", 3);
    const refused = assertRejects(() => third, ListenerError, "stayed full for 100 ms");
    await env.advance(100);
    await refused;

    assertEquals((await stream.next()).value?.data, 2);
    await stream.return();
  });

  it("ends when the emitter closes: what is buffered can still be read", async () => {
    const emitter = new Emitter<Any>({ env });
    const stream = emitter.events("t");
    await emitAll(emitter, 1, 2);
    await emitter.close();

    assertEquals(await read(stream, 9), [1, 2]);
    assertEquals(await stream.next(), { done: true, value: undefined });
  });

  it("ends when the loop is left, and gives up what is buffered, counted", async () => {
    const emitter = new Emitter<Any>({ env });
    const stream = emitter.events("t");
    await emitAll(emitter, 1, 2, 3);

    assertEquals(await read(stream, 1), [1]);
    assertEquals([stream.queued, stream.dropped, emitter.listenerCount()], [0, 2, 0]);
    assertEquals(await stream.return(), { done: true, value: undefined });
  });

  it("that is left lets those go on who wait for its reader", async () => {
    const emitter = new Emitter<Any>({ env });
    const stream = emitter.events("t", { bufferSize: 1, overflow: "wait" });
    await emitAll(emitter, 1);
    const waiting = emitter.emit("t", 2);
    await stream.return();
    await waiting;

    assertEquals(stream.dropped, 2);
    assertConserved(emitter);
  });

  it("rejects with the reason of its signal, once, and is then done", async () => {
    const emitter = new Emitter<Any>({ env });
    const controller = new AbortController();
    const reason = new Error("enough");
    const stream = emitter.events("t", { signal: controller.signal });
    const waiting = stream.next();
    controller.abort(reason);

    assertStrictEquals(await waiting.catch((error) => error), reason);
    assertEquals((await stream.next()).done, true);
    const late = emitter.events("t", { signal: controller.signal });
    assertStrictEquals(await late.next().catch((error) => error), reason);
    assertEquals(emitter.listenerCount(), 0);
  });

  it("can be disposed of, and costs nothing afterwards", async () => {
    const emitter = new Emitter<Any>({ env });
    const stream = emitter.events("t");
    await stream[Symbol.asyncDispose]();
    await emitAll(emitter, 1);

    assertEquals(emitter.stats().unheard, 1);
    assertStrictEquals(stream[Symbol.asyncIterator](), stream);
  });

  it("refuses options that make no sense", () => {
    const emitter = new Emitter<Any>({ env });
    assertThrows(() => emitter.events("t", { bufferSize: 0 }), RangeError, "bufferSize");
    assertThrows(() => emitter.events("t", { overflow: "spill" as never }), RangeError, "overflow");
    assertThrows(() => emitter.events("t", { waitMs: -1 }), RangeError, "waitMs");
    assertThrows(() => emitter.events("t", null as never), TypeError);
    assertThrows(() => emitter.events("t", { signal: 5 as never }), TypeError);
    assertEquals(emitter.listenerCount(), 0);
  });
});
