import { createEvent, ValidationError } from "@nova/events";
import { createEventPool, Emitter } from "@nova/events/emitter";
import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { type Any, assertConserved } from "./kit.ts";

describe("Emitter isolation", () => {
  const env = useTestEnv();

  it("shared, the default: every listener gets the same event", async () => {
    const emitter = new Emitter<Any>({ env });
    const event = createEvent("t", { n: 1 });
    const seen: unknown[] = [];
    emitter.on("t", (given) => void seen.push(given));
    emitter.on("t", (given) => void seen.push(given));
    await emitter.emit(event);

    for (const given of seen) assertStrictEquals(given, event);
  });

  it("freeze: nobody can change the event or the plain parts of its data", async () => {
    const emitter = new Emitter<Any>({ env, isolation: "freeze" });
    const date = new Date(0);
    const bytes = new Uint8Array(2);
    const cyclic: Record<string, unknown> = { list: [{ n: 1 }], date, bytes };
    cyclic.self = cyclic;
    emitter.on("t", (event) => {
      assertThrows(() => Object.assign(event, { type: "x" }), TypeError);
      assertThrows(() => (event.data as { list: unknown[] }).list.push(1), TypeError);
      assertThrows(
        () => Object.assign((event.data as { list: object[] }).list[0]!, { n: 2 }),
        TypeError,
      );
      (event.data as { bytes: Uint8Array }).bytes[0] = 7;
    });
    await emitter.emit("t", cyclic);
    await emitter.emit(createEvent("t", cyclic));

    assert(Object.isFrozen(cyclic) && !Object.isFrozen(date));
    assertEquals(bytes[0], 7);
  });

  it("clone: each listener gets a copy of its own, taken when the event is accepted", async () => {
    const emitter = new Emitter<Any>({ env, isolation: "clone" });
    const data = { list: [1] };
    const seen: { list: number[] }[] = [];
    for (let i = 0; i < 2; i++) {
      emitter.on("t", (event) => {
        const own = event.data as { list: number[] };
        own.list.push(i);
        seen.push(own);
      });
    }
    const accepted = emitter.enqueue("t", data);
    data.list.push(99);
    await accepted;
    await env.settle();

    assertEquals(seen, [{ list: [1, 0] }, { list: [1, 1] }]);
    assertNotStrictEquals(seen[0], seen[1]);
    assertEquals(data.list, [1, 99]);
  });

  it("clone: data that cannot be cloned is refused to the caller", async () => {
    const emitter = new Emitter<Any>({ env, isolation: "clone" });
    emitter.on("t", () => {});
    const error = await assertRejects(() => emitter.emit("t", { f: () => {} }), ValidationError);

    assertEquals([error.field, emitter.stats().emitted], ["data", 0]);
    assertThrows(() => new Emitter({ isolation: "deep" as never }), RangeError, "isolation");
  });
});

describe("Emitter.on() concurrency", () => {
  const env = useTestEnv();

  it("limits how often a listener runs at once; the others of the event are not held up", async () => {
    const emitter = new Emitter<Any>({ env });
    const gates: (() => void)[] = [];
    const started: unknown[] = [];
    let others = 0;
    emitter.on("t", ({ data }) => {
      started.push(data);
      return new Promise<void>((resolve) => gates.push(resolve));
    }, { concurrency: 2 });
    emitter.on("t", () => void (others += 1));
    const emitted = [1, 2, 3, 4].map((data) => emitter.emit("t", data));
    await env.settle();
    assertEquals([started, others], [[1, 2], 4]);
    gates.shift()!();
    await env.settle();
    assertEquals(started, [1, 2, 3]);
    while (gates.length > 0) {
      gates.shift()!();
      await env.settle();
    }
    await Promise.all(emitted);

    assertEquals(started, [1, 2, 3, 4]);
    assertConserved(emitter);
  });

  it("frees the slot of a run that throws, and gives none to a subscription that ended", async () => {
    const emitter = new Emitter<Any>({ env, onError: () => "handled" });
    let calls = 0;
    const gate = Promise.withResolvers<void>();
    const subscription = emitter.on("t", ({ data }) => {
      calls += 1;
      if (data === "throw") throw new Error("no");
      return gate.promise;
    }, { concurrency: 1 });
    await emitter.emit("t", "throw");
    const first = emitter.emit("t", "wait");
    const second = emitter.emit("t", "late");
    subscription.unsubscribe();
    gate.resolve();
    await Promise.all([first, second]);

    assertEquals(calls, 2);
    assertThrows(() => emitter.on("t", () => {}, { concurrency: 0 }), RangeError, "concurrency");
  });
});

describe("Emitter.emitBatch()", () => {
  const env = useTestEnv();

  it("answers one outcome for each event, in order; a bad one stops no other", async () => {
    const emitter = new Emitter<Any>({ env });
    const seen: unknown[] = [];
    emitter.on("t", ({ data }) => {
      seen.push(data);
      if (data === 3) throw new Error("three");
    });
    const outcomes = await emitter.emitBatch([
      { type: "t", data: 1 },
      { type: "", data: 2 },
      { type: "t", data: 3 },
      null as never,
      createEvent("t", 5),
    ]);

    assertEquals(outcomes.map(({ status }) => status), [
      "fulfilled",
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    assertEquals(seen, [1, 3, 5]);
    assertConserved(emitter);
  });

  it("enqueues with mode enqueue, and refuses what is no batch", async () => {
    const emitter = new Emitter<Any>({ env, bufferSize: 1, overflow: "drop-newest" });
    let calls = 0;
    emitter.on("t", () => void (calls += 1));
    const outcomes = await emitter.emitBatch([{ type: "t", data: 1 }, { type: "t", data: 2 }], {
      mode: "enqueue",
    });
    await env.settle();

    assertEquals(outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value), [
      true,
      false,
    ]);
    assertEquals(calls, 1);
    await assertRejects(() => emitter.emitBatch(null as never), TypeError, "as a batch");
    await assertRejects(() => emitter.emitBatch([], { mode: "x" as never }), RangeError, "mode");
    assertEquals(await emitter.emitBatch([]), []);
  });
});

describe("createEventPool()", () => {
  const env = useTestEnv();
  type Ticks = { tick: { n: number } };

  it("hands out valid events, new ones or those that were given back", () => {
    const pool = createEventPool<Ticks>({ env });
    const first = pool.acquire("tick", { n: 1 }, { tenant: "x" });
    const { id } = first;
    assertEquals([first.type, first.data.n, first.metadata], ["tick", 1, { tenant: "x" }]);
    assert(pool.release(first));
    assertEquals(pool.free, 1);
    const second = pool.acquire("tick", { n: 2 });

    assertStrictEquals(second as unknown, first);
    assertNotStrictEquals(second.id, id);
    assertEquals([second.data.n, second.metadata, pool.free], [2, {}, 0]);
    assertThrows(() => pool.acquire("" as "tick", { n: 1 }), ValidationError);
  });

  it("takes back no event that is queued, in a listener, foreign, or free already", async () => {
    const pool = createEventPool<Ticks>({ env });
    const emitter = new Emitter<Ticks>({ env });
    const gate = Promise.withResolvers<void>();
    let inside: boolean | undefined;
    let seen: unknown;
    emitter.on("tick", async (event) => {
      seen = event;
      inside = pool.release(event);
      await gate.promise;
    });
    const event = pool.acquire("tick", { n: 1 });
    await emitter.enqueue(event);
    assertEquals(pool.release(event), false);
    await env.settle();
    assertEquals([inside, pool.release(event)], [false, false]);
    gate.resolve();
    await env.settle();

    assertStrictEquals(seen, event);
    assertEquals([pool.release(event), pool.release(event)], [true, false]);
    assertEquals(createEventPool<Ticks>({ env }).release(pool.acquire("tick", { n: 2 })), false);
    assertEquals(pool.release(createEvent("tick", 1)), false);
  });

  it("lets go of an event that failed, was dropped, or was refused", async () => {
    const pool = createEventPool<Ticks>({ env });
    const emitter = new Emitter<Ticks>({
      env,
      bufferSize: 1,
      overflow: "reject",
      onError: () => "handled",
    });
    emitter.on("tick", () => {
      throw new Error("no");
    });
    const events = [1, 2, 3].map((n) => pool.acquire("tick", { n }));
    await emitter.emit(events[0]!);
    await emitter.enqueue(events[1]!);
    await emitter.enqueue(events[2]!).catch(() => {});
    assert(pool.release(events[2]!));
    const [fits, refused] = [pool.acquire("tick", { n: 4 }), pool.acquire("tick", { n: 5 })];
    await env.settle();
    assertEquals([emitter.tryEnqueue(fits), emitter.tryEnqueue(refused)], [true, false]);
    assertEquals([pool.release(fits), pool.release(refused)], [false, true]);
    await env.settle();

    assert(pool.release(fits));
    assert(pool.release(events[0]!) && pool.release(events[1]!));
    await emitter.close();
    const late = pool.acquire("tick", { n: 6 });
    await emitter.emit(late).catch(() => {});
    assert(pool.release(late));
  });

  it("keeps at most size free events", () => {
    const pool = createEventPool<Ticks>({ size: 1, env });
    const events = [1, 2].map((n) => pool.acquire("tick", { n }));
    for (const event of events) assert(pool.release(event));

    assertEquals(pool.free, 1);
    assertThrows(() => createEventPool({ size: -1 }), RangeError, "size");
  });
});
