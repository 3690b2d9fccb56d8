import { BufferFullError, ClosedError, ListenerError } from "@nova/events";
import { type Emitted, Emitter, type EventsOptions, type EventStream } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertConserved, counts, isOpen, reasonOf } from "./kit.ts";

type Numbers = { n: number; "n.other": number };

describe("Emitter.events()", () => {
  const env = useTestEnv();

  /** An emitter and a stream of its numbers. */
  function open(options?: EventsOptions): {
    emitter: Emitter<Numbers>;
    stream: EventStream<Emitted<"n", number>>;
  } {
    const emitter = new Emitter<Numbers>({ env, name: "numbers" });
    return { emitter, stream: emitter.events("n", options) };
  }

  /** What can be read now, without waiting. */
  async function readAll(stream: EventStream<Emitted<string, number>>): Promise<number[]> {
    const read: number[] = [];
    while (stream.queued > 0) read.push((await stream.next()).value!.data);
    return read;
  }

  it("gives the events of a type, in order, from the call on", async () => {
    const emitter = new Emitter<Numbers>({ env });
    await emitter.emit("n", 0);
    const stream = emitter.events("n");
    for (const n of [1, 2, 3]) await emitter.emit("n", n);
    await emitter.emit("n.other", 9);
    const read: number[] = [];
    for await (const { data } of stream) {
      read.push(data);
      if (data === 3) break;
    }

    assertEquals(read, [1, 2, 3]);
    assertEquals(emitter.listenerCount(), 0, "leaving the loop ends the subscription");
  });

  it("takes a pattern", async () => {
    const emitter = new Emitter<Numbers>({ env });
    const stream = emitter.events("**");
    await emitter.emit("n", 1);
    await emitter.emit("n.other", 2);

    assertEquals((await stream.next()).value!.type, "n");
    assertEquals((await stream.next()).value!.type, "n.other");
    await stream.return();
  });

  it("serves readers that wait, in the order they asked", async () => {
    const { emitter, stream } = open();
    const readers = [stream.next(), stream.next(), stream.next()];
    await emitter.emit("n", 1);
    await emitter.emit("n", 2);
    assertEquals((await readers[0]!).value!.data, 1);
    assertEquals((await readers[1]!).value!.data, 2);
    assert(await isOpen(readers[2]!));
    await stream.return();

    assertEquals(await readers[2], { done: true, value: undefined });
  });

  it("drops the oldest beyond its buffer, and counts them, unless told otherwise", async () => {
    const { emitter, stream } = open({ bufferSize: 2 });
    for (const n of [1, 2, 3, 4]) await emitter.emit("n", n);

    assertEquals([stream.queued, stream.dropped], [2, 2]);
    assertEquals(await readAll(stream), [3, 4]);
    assertEquals(counts(emitter).succeeded, 4, "a slow reader fails nobody");
    await stream.return();
  });

  it("holds 1000 unless told otherwise", async () => {
    const { emitter, stream } = open();
    for (let n = 0; n < 1001; n++) await emitter.emit("n", n);

    assertEquals([stream.queued, stream.dropped], [1000, 1]);
    await stream.return();
    assertEquals([stream.queued, stream.dropped], [0, 1001], "what is given up is counted");
  });

  it('overflow "drop-newest" keeps the oldest', async () => {
    const { emitter, stream } = open({ bufferSize: 2, overflow: "drop-newest" });
    for (const n of [1, 2, 3, 4]) await emitter.emit("n", n);

    assertEquals([stream.dropped, await readAll(stream)], [2, [1, 2]]);
    await stream.return();
  });

  it('overflow "reject" fails the emit, and no other listener', async () => {
    const { emitter, stream } = open({ bufferSize: 1, overflow: "reject" });
    const seen: number[] = [];
    emitter.on("n", ({ data }) => void seen.push(data));
    await emitter.emit("n", 1);
    const reason = await reasonOf(emitter.emit("n", 2));

    assertInstanceOf(reason, ListenerError);
    assertInstanceOf(reason.cause, BufferFullError);
    assertEquals(reason.subscription, "n.events");
    assertEquals(reason.cause.capacity, 1);
    assertEquals([seen, await readAll(stream)], [[1, 2], [1]]);
    await stream.return();
  });

  it('overflow "wait" makes emit wait for the reader, in order', async () => {
    const { emitter, stream } = open({ bufferSize: 1, overflow: "wait" });
    const done = [1, 2, 3].map((n) => emitter.emit("n", n));
    assertEquals([await isOpen(done[0]!), await isOpen(done[1]!)], [false, true]);
    assertEquals(counts(emitter).inFlight, 2);
    const read = [];
    for (let i = 0; i < 3; i++) read.push((await stream.next()).value!.data);
    await Promise.all(done);

    assertEquals([read, stream.dropped], [[1, 2, 3], 0]);
    assertConserved(emitter);
    await stream.return();
  });

  it("waitMs bounds that, and is 30 s unless told otherwise", async () => {
    for (const [options, ms] of [[{ waitMs: 50 }, 50], [{}, 30_000]] as const) {
      const { emitter, stream } = open({ bufferSize: 1, overflow: "wait", ...options });
      await emitter.emit("n", 1);
      const reason = reasonOf(emitter.emit("n", 2));
      await env.advance(ms - 1);
      assert(await isOpen(reason));
      await env.advance(1);

      assertInstanceOf(((await reason) as ListenerError).cause, BufferFullError);
      assertEquals(await readAll(stream), [1]);
      await stream.return();
    }
  });

  it("lets waiting emits go when the reader leaves half-way (I7)", async () => {
    const leave: ((stream: EventStream<Emitted>) => PromiseLike<unknown>)[] = [
      (stream) => stream.return(),
      (stream) => stream[Symbol.asyncDispose](),
      async (stream) => {
        for await (const _event of stream) break;
      },
      (stream) =>
        reasonOf((async () => {
          for await (const _event of stream) throw new Error("reader");
        })()),
    ];
    for (const way of leave) {
      const { emitter, stream } = open({ bufferSize: 1, overflow: "wait" });
      const done = [1, 2, 3].map((n) => emitter.emit("n", n));
      await way(stream);
      await Promise.all(done);

      assertEquals([emitter.listenerCount(), stream.queued], [0, 0]);
      assertEquals(env.pending.timers, 0);
      assertConserved(emitter);
    }
  });

  it("ends for good: nothing comes afterwards", async () => {
    const { emitter, stream } = open();
    await emitter.emit("n", 1);
    assertEquals(await stream.return(), { done: true, value: undefined });
    await emitter.emit("n", 2);
    for (let i = 0; i < 3; i++) assertEquals(await stream.next(), { done: true, value: undefined });

    assertEquals(await stream.return(), { done: true, value: undefined });
    assertEquals(stream.dropped, 1);
    assertEquals(emitter.stats().unheard, 1);
  });

  it("ends when the emitter closes, and what it holds can still be read", async () => {
    const { emitter, stream } = open();
    await emitter.emit("n", 1);
    emitter.tryEnqueue("n", 2);
    await emitter.close();
    const read: number[] = [];
    for await (const { data } of stream) read.push(data);

    assertEquals(read, [1, 2]);
  });

  it("ends a reader that waits when the emitter closes", async () => {
    const { emitter, stream } = open();
    const reader = stream.next();
    await emitter.close();

    assertEquals(await reader, { done: true, value: undefined });
    assertThrows(() => emitter.events("n"), ClosedError, 'emitter "numbers"');
  });

  it("does not hold up a close that gives up, though nobody reads", async () => {
    const { emitter, stream } = open({ bufferSize: 1, overflow: "wait", waitMs: Infinity });
    const done = [1, 2].map((n) => emitter.emit("n", n));
    const closing = emitter.close();
    await env.advance(30_000);

    assertEquals(await closing, { completed: 0, left: 1 });
    await Promise.all(done);
    assertEquals([await readAll(stream), stream.dropped], [[1], 1]);
    assertConserved(emitter);
  });

  it("rejects with the reason of its signal once, behind what it holds (I7)", async () => {
    const controller = new AbortController();
    const { emitter, stream } = open({ signal: controller.signal });
    assertEquals(env.pending.abortListeners, 1);
    await emitter.emit("n", 1);
    const stop = { odd: true };
    controller.abort(stop);
    await emitter.emit("n", 2);

    assertEquals((await stream.next()).value!.data, 1);
    assertStrictEquals(await reasonOf(stream.next()), stop);
    assertEquals(await stream.next(), { done: true, value: undefined });
    assertEquals([emitter.listenerCount(), env.pending.abortListeners], [0, 0]);
  });

  it("rejects the first reader that waits, and ends the others", async () => {
    const controller = new AbortController();
    const { stream } = open({ signal: controller.signal });
    const readers = [reasonOf(stream.next()), stream.next()];
    controller.abort("stop");

    assertEquals(await readers[0], "stop");
    assertEquals(await readers[1], { done: true, value: undefined });
  });

  it("rejects for a signal that is aborted already", async () => {
    const { emitter, stream } = open({ signal: AbortSignal.abort("stop") });
    assertEquals(emitter.listenerCount(), 0);
    await emitter.emit("n", 1);

    assertEquals(await reasonOf(stream.next()), "stop");
  });

  it("lets go of its signal however it ends (I7)", async () => {
    const { signal } = new AbortController();
    const { emitter, stream } = open({ signal });
    await stream.return();
    assertEquals(env.pending.abortListeners, 0);
    emitter.events("n", { signal });
    await emitter.close();

    assertEquals(env.pending.abortListeners, 0);
  });

  it("may be left, aborted or closed from a listener, in the middle of an event", async () => {
    const controller = new AbortController();
    const emitter = new Emitter<Numbers>({ env });
    const streams: EventStream<Emitted>[] = [];
    emitter.on("n", () => {
      void streams[0]!.return();
      controller.abort("stop");
    });
    streams.push(emitter.events("n"), emitter.events("n", { signal: controller.signal }));
    const last = emitter.events("n");
    await emitter.emit("n", 1);

    assertEquals(streams.map(({ queued }) => queued), [0, 0]);
    assertEquals((await last.next()).value!.data, 1);
    assertEquals(await reasonOf(streams[1]!.next()), "stop");
    await last.return();
  });

  it("refuses options that make no sense", () => {
    const emitter = new Emitter<Numbers>({ env });
    for (const bufferSize of [0, -1, NaN, 1.5, "1"] as never[]) {
      assertThrows(() => emitter.events("n", { bufferSize }), RangeError, '"bufferSize"');
    }
    for (const waitMs of [-1, NaN, "1"] as never[]) {
      assertThrows(() => emitter.events("n", { waitMs }), RangeError, '"waitMs"');
    }
    for (const overflow of ["", "drop", null] as never[]) {
      assertThrows(() => emitter.events("n", { overflow }), RangeError, '"overflow"');
    }
    for (const options of [null, 5] as never[]) {
      assertThrows(() => emitter.events("n", options), TypeError);
    }
    for (const signal of [null, {}, 5] as never[]) {
      assertThrows(() => emitter.events("n", { signal }), TypeError, '"signal"');
    }
    assertThrows(() => emitter.events("n*"), SyntaxError);
    assertEquals(emitter.listenerCount(), 0);
  });
});
