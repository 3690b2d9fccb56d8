import { createEvent, ListenerError, ValidationError } from "@nova/events";
import { Bus } from "@nova/events/bus";
import {
  createEventPool,
  type Emitted,
  Emitter,
  type EmitterOptions,
  type EventPool,
} from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { MAX_METADATA_BYTES } from "../../src/event/metadata.ts";
import { useTestEnv } from "../support/env.ts";

type Ticks = { tick: number };

describe("createEventPool()", () => {
  const env = useTestEnv();

  it("makes events with a new id and time", async () => {
    const pool = createEventPool<Ticks>({ env });
    const first = pool.acquire("tick", 1, { trace: "1" });
    const { id, timestamp } = first;
    assertEquals([first.type, first.data, timestamp], ["tick", 1, env.now()]);
    assertEquals({ ...first.metadata }, { trace: "1" });
    assert(pool.release(first));
    await env.advance(5);
    const second = pool.acquire("tick", 2);

    assertStrictEquals<Emitted>(second, first, "it is used again");
    assert(second.id > id);
    assertEquals([second.data, second.timestamp, { ...second.metadata }], [2, timestamp + 5, {}]);
  });

  it("never hands out the same event twice at a time", () => {
    const pool = createEventPool<Ticks>({ env });
    const events = Array.from({ length: 100 }, (_, i) => pool.acquire("tick", i));
    assertEquals(new Set(events).size, 100);
    for (const event of events) assert(pool.release(event));
    const again = Array.from({ length: 101 }, (_, i) => pool.acquire("tick", i));

    assertEquals(new Set(again).size, 101);
    assertEquals(pool.free, 0);
  });

  it("keeps as many free events as its size says, 1000 unless told otherwise", () => {
    for (const [options, most] of [[{}, 1000], [{ size: 3 }, 3], [{ size: 0 }, 0]] as const) {
      const pool = createEventPool<Ticks>({ env, ...options });
      const events = Array.from({ length: 1001 }, (_, i) => pool.acquire("tick", i));
      assertEquals(pool.free, 0);
      for (const event of events) assert(pool.release(event));
      assertEquals(pool.free, most);
    }
  });

  it("takes an event back once, and only its own", () => {
    const pool = createEventPool<Ticks>({ env });
    const other = createEventPool<Ticks>({ env });
    const event = pool.acquire("tick", 1);

    assertFalse(other.release(event));
    assertFalse(pool.release({ ...event }), "a copy is not of the pool");
    assertFalse(pool.release(createEvent("tick", 1)));
    assertEquals([event.data, pool.free, other.free], [1, 0, 0]);
    assert(pool.release(event));
    assertFalse(pool.release(event));
    assertEquals(pool.free, 1);
  });

  it("keeps nothing of the last use", () => {
    const pool = createEventPool<{ a: object }>({ env });
    const event = pool.acquire("a", {}, { secret: "s" });
    pool.release(event);

    assertEquals([event.data as unknown, { ...event.metadata }], [undefined, {}]);
  });

  it("drops an event that somebody froze", () => {
    const pool = createEventPool<Ticks>({ env });
    const event = pool.acquire("tick", 1);
    Object.freeze(event);

    assert(pool.release(event));
    assertFalse(pool.release(event));
    assertNotStrictEquals<Emitted>(pool.acquire("tick", 2), event);
  });

  it("refuses bad types, metadata and options, and loses no event over it", () => {
    const pool = createEventPool({ env });
    pool.release(pool.acquire("a", 1));
    for (const type of ["", "a.*", 5, "\ud800"] as never[]) {
      assertThrows(() => pool.acquire(type, 1), ValidationError);
    }
    const long = { a: "x".repeat(MAX_METADATA_BYTES) };
    assertThrows(() => pool.acquire("a", 1, long), ValidationError);
    assertEquals(pool.free, 1);
    for (const size of [-1, NaN, 1.5, "1", Infinity] as never[]) {
      assertThrows(() => createEventPool({ size }), RangeError, '"size"');
    }
    for (const options of [null, 5] as never[]) {
      assertThrows(() => createEventPool(options), TypeError);
    }
  });

  it("answers false to what is no event at all", () => {
    const pool = createEventPool({ env });
    for (const bad of [null, undefined, 5, "x", Symbol("s")] as never[]) {
      assertFalse(pool.release(bad));
    }
  });
});

describe("a pooled event in an emitter", () => {
  const env = useTestEnv();

  function world(options: EmitterOptions<Ticks> = {}): {
    emitter: Emitter<Ticks>;
    pool: EventPool<Ticks>;
  } {
    return {
      emitter: new Emitter<Ticks>({ env, ...options }),
      pool: createEventPool<Ticks>({ env }),
    };
  }

  it("is delivered as it is, without a copy", async () => {
    const { emitter, pool } = world();
    const event = pool.acquire("tick", 1);
    emitter.on("tick", (one) => assertStrictEquals<Emitted>(one, event));
    await emitter.emit(event);

    assert(pool.release(event));
    assertFalse(Object.isFrozen(event));
  });

  it("is not taken back from a listener, whether that returns, throws or rejects", async () => {
    for (const ending of ["resolve", "reject", "throw"] as const) {
      const { emitter, pool } = world({ onError: () => "handled" });
      const event = pool.acquire("tick", 1);
      const gate = Promise.withResolvers<void>();
      const within: boolean[] = [];
      emitter.on("tick", () => {
        within.push(pool.release(event));
        if (ending === "throw") throw new Error("no");
        return gate.promise;
      });
      const done = emitter.emit(event);
      if (ending !== "throw") assertFalse(pool.release(event));
      if (ending === "resolve") gate.resolve();
      else gate.reject(new Error("no"));
      gate.promise.catch(() => {});
      await done;

      assertEquals(within, [false]);
      assert(pool.release(event));
    }
  });

  it("is not taken back while one of several deliveries has it", async () => {
    const { emitter, pool } = world();
    const other = new Emitter<Ticks>({ env });
    const event = pool.acquire("tick", 1);
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    emitter.on("tick", () => gates[0]!.promise);
    other.on("tick", () => gates[1]!.promise);
    const done = [emitter.emit(event), other.emit(event)];
    gates[0]!.resolve();
    await done[0];
    assertFalse(pool.release(event));
    gates[1]!.resolve();
    await done[1];

    assert(pool.release(event));
  });

  it("is not taken back from the queue", async () => {
    const { emitter, pool } = world();
    const events = [pool.acquire("tick", 1), pool.acquire("tick", 2)];
    const seen: number[] = [];
    emitter.on("tick", ({ data }) => void seen.push(data));
    emitter.tryEnqueue(events[0]!);
    const accepted = emitter.enqueue(events[1]!);
    const early = events.map((event) => pool.release(event));
    assert(await accepted);
    await env.settle();

    assertEquals(seen, [1, 2]);
    assertEquals(early, [false, false]);
    for (const event of events) assert(pool.release(event));
  });

  for (const overflow of ["wait", "reject", "drop-newest", "drop-oldest"] as const) {
    it(`is let go exactly once when the queue is full and says ${overflow}`, async () => {
      const { emitter, pool } = world({ bufferSize: 1, overflow, waitMs: 10 });
      const event = pool.acquire("tick", 1);
      for (let i = 0; i < 3; i++) {
        emitter.tryEnqueue("tick", 0);
        emitter.tryEnqueue(event);
        emitter.enqueue(event).catch(() => {});
        emitter.tryEnqueue("tick", 0);
        await env.advance(10);
      }
      assert(pool.release(event), "nobody has it");

      // Let go once too often, it would be handed out while a listener has it.
      const again = pool.acquire("tick", 2);
      assertStrictEquals<Emitted>(again, event);
      const gate = Promise.withResolvers<void>();
      emitter.on("tick", () => gate.promise);
      const done = emitter.emit(again);
      assertFalse(pool.release(again));
      gate.resolve();
      await done;
    });
  }

  it("is let go when closing gives it up, a signal sends it away, or it is refused", async () => {
    const { emitter, pool } = world({ bufferSize: 1 });
    const events = Array.from({ length: 4 }, (_, i) => pool.acquire("tick", i));
    emitter.on("tick", () => {});
    emitter.tryEnqueue(events[0]!);
    const controller = new AbortController();
    const { signal } = controller;
    const sent = [
      emitter.enqueue(events[1]!, { signal }),
      emitter.enqueue(events[2]!),
    ].map((promise) => promise.catch(() => {}));
    for (const event of events.slice(0, 3)) assertFalse(pool.release(event));
    controller.abort();
    await emitter.close({ signal: AbortSignal.abort() });
    await Promise.all(sent);
    await emitter.emit(events[3]!).catch(() => {});

    for (const event of events) assert(pool.release(event));
  });

  it("is let go when a middleware drops or refuses it", async () => {
    for (const middleware of [() => {}, () => Promise.reject(new Error("no"))]) {
      const { emitter, pool } = world({ middleware: [middleware] });
      const event = pool.acquire("tick", 1);
      await emitter.emit(event).catch(() => {});
      assert(pool.release(event));
    }
  });

  it("is held for listeners that run on when a middleware has failed", async () => {
    const { emitter, pool } = world({
      middleware: [(_event, next) => {
        void next();
        throw new Error("no");
      }],
    });
    const event = pool.acquire("tick", 1);
    const gate = Promise.withResolvers<void>();
    emitter.on("tick", () => gate.promise);
    await emitter.emit(event).catch(() => {});
    await env.settle();
    assertFalse(pool.release(event));
    gate.resolve();
    await env.settle();

    assert(pool.release(event));
  });

  it("that went back is refused", async () => {
    const { emitter, pool } = world();
    let runs = 0;
    emitter.on("tick", () => void runs++);
    const event = pool.acquire("tick", 1);
    pool.release(event);
    const [result] = await emitter.emitBatch([event]);

    assertEquals(result!.status, "rejected");
    assertThrows(() => emitter.tryEnqueue(event), ValidationError, "went back to its pool");
    assertEquals(runs, 0);
    assertStrictEquals<Emitted>(pool.acquire("tick", 2), event);
    await emitter.emit(event);
    assertEquals(runs, 1);
  });

  it("reaches streams and once() as a copy: they look at it later", async () => {
    const { emitter, pool } = world();
    const stream = emitter.events("tick");
    const next = emitter.once("tick");
    const event = pool.acquire("tick", 1, { trace: "1" });
    const { id } = event;
    await emitter.emit(event);
    assert(pool.release(event));
    pool.acquire("tick", 2);

    for (const seen of [await next, (await stream.next()).value!]) {
      assertNotStrictEquals<Emitted>(seen, event);
      assertEquals({ ...seen, metadata: { ...seen.metadata } }, {
        id,
        type: "tick",
        data: 1,
        metadata: { trace: "1" },
        timestamp: env.now(),
      });
    }
    await stream.return();
  });

  it("stands in errors as a copy", async () => {
    const { emitter, pool } = world();
    emitter.on("tick", () => {
      throw new Error("no");
    });
    const event = pool.acquire("tick", 1);
    const [result] = await emitter.emitBatch([event]);
    pool.release(event);
    pool.acquire("tick", 2);

    assert(result?.status === "rejected");
    assertInstanceOf(result.reason, ListenerError);
    assertEquals((result.reason.event as Emitted).data, 1);
  });

  it("may be frozen or cloned by the isolation", async () => {
    for (const isolation of ["freeze", "clone"] as const) {
      const { emitter, pool } = world({ isolation });
      emitter.on("tick", () => {});
      const event = pool.acquire("tick", 1);
      await emitter.emit(event);
      assert(pool.release(event));
      assertEquals(pool.acquire("tick", 2).data, 2);
    }
  });

  it("is copied by a bus, which keeps what it takes", async () => {
    const pool = createEventPool<Ticks>({ env });
    const topic = new Bus({ env }).topic<Ticks>("ticks");
    const seen: Emitted[] = [];
    topic.subscribe((event) => void seen.push(event));
    const event = pool.acquire("tick", 1);
    topic.tryPublish(event);
    assert(pool.release(event));
    await env.settle();

    assertEquals(seen.map(({ data }) => data), [1]);
  });
});
