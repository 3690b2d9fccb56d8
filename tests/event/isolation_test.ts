import { createEvent, ValidationError } from "@nova/events";
import { Emitter, type Isolation } from "@nova/events/emitter";
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
import { isBranded } from "../../src/event/brand.ts";
import { isolate } from "../../src/event/isolation.ts";
import { hostileProxy, throwing } from "./bad_values.ts";

class Money {
  cents = 100;
}

describe("isolate()", () => {
  it('"shared" passes the event on as it is', () => {
    const data = { list: [1] };
    const event = createEvent("a", data);

    assertStrictEquals(isolate(event, "shared"), event);
    assertFalse(Object.isFrozen(event) || Object.isFrozen(data));
  });

  it('"freeze" freezes the event and plain objects and arrays, in place', () => {
    const data = { deep: { list: [{ n: 1 }] }, none: null, bare: Object.create(null) as object };
    const event = createEvent("a", data);
    assertStrictEquals(isolate(event, "freeze"), event);

    for (const part of [event, data, data.deep, data.deep.list, data.deep.list[0], data.bare]) {
      assert(Object.isFrozen(part));
    }
    assertThrows(() => data.deep.list.push({ n: 2 }), TypeError);
  });

  it('"freeze" looks into what is frozen already', () => {
    const data = Object.freeze({ inner: { n: 1 }, list: Object.freeze([{ n: 1 }]) });
    isolate(createEvent("a", data), "freeze");

    assert(Object.isFrozen(data.inner));
    assert(Object.isFrozen(data.list[0]));
  });

  it('"freeze" leaves objects with a class alone: they guard themselves', () => {
    const data = { money: new Money(), map: new Map([["a", {}]]), bytes: new Uint8Array(3) };
    isolate(createEvent("a", data), "freeze");

    assert(Object.isFrozen(data));
    for (const part of Object.values(data)) assertFalse(Object.isFrozen(part));
  });

  it('"freeze" takes data that holds itself, is very deep, or very wide', () => {
    const ring: Record<string, unknown> = Object.freeze({ list: [] as unknown[] });
    (ring.list as unknown[]).push(ring);
    isolate(createEvent("a", ring), "freeze");
    assert(Object.isFrozen(ring.list));

    let deep: { inner?: unknown } = {};
    const innermost = deep;
    for (let i = 0; i < 100_000; i++) deep = { inner: deep };
    isolate(createEvent("a", deep), "freeze");
    assert(Object.isFrozen(innermost));

    const wide = Array.from({ length: 300_000 }, () => []);
    isolate(createEvent("a", wide), "freeze");
    assert(Object.isFrozen(wide.at(-1)));
  });

  it('"freeze" says so when data cannot be frozen', () => {
    const stubborn = new Proxy({}, { preventExtensions: () => false });
    for (const data of [hostileProxy(), stubborn, throwing({ a: 1 }, "a")]) {
      const error = assertThrows(
        () => isolate(createEvent("a", data), "freeze"),
        ValidationError,
        'Cannot freeze the data of "a"',
      );
      assertInstanceOf(error.cause, Error);
    }
  });

  it('"clone" copies the data, keeps the other fields, and counts as made', () => {
    const data = { at: new Date(0), map: new Map([["a", [1]]]) };
    const event = createEvent("a", data, { id: "1", metadata: { trace: "2" }, timestamp: 3 });
    const copy = isolate(event, "clone");

    assertEquals(copy, { ...event });
    assertNotStrictEquals(copy, event);
    assertNotStrictEquals(copy.data, data);
    assertStrictEquals(copy.metadata, event.metadata);
    assert(isBranded(copy));
  });

  it('"clone" refuses what cannot be cloned', () => {
    for (const data of [() => {}, { deep: [Symbol("s")] }, new WeakMap(), hostileProxy()]) {
      const error = assertThrows(
        () => isolate(createEvent("a", data), "clone"),
        ValidationError,
        'Cannot clone the data of "a"',
      );
      assertStrictEquals(error.value, data);
      assert(error.cause !== undefined);
    }
  });
});

describe("Emitter isolation", () => {
  type Lists = { a: { list: number[] } };

  /** What two listeners, of which the first one changes it, and the caller see of the data. */
  async function changed(isolation: Isolation | undefined): Promise<number[][]> {
    const emitter = new Emitter<Lists>({
      ...(isolation === undefined ? {} : { isolation }),
      onError: () => "handled",
    });
    const seen: number[][] = [];
    emitter.on("a", ({ data }) => void data.list.push(2));
    emitter.on("a", ({ data }) => void seen.push(data.list));
    const data = { list: [1] };
    await emitter.emit(createEvent("a", data));
    return [...seen, data.list];
  }

  it('is "shared" unless told otherwise', async () => {
    assertEquals(await changed(undefined), [[1, 2], [1, 2]]);
    assertEquals(await changed("shared"), [[1, 2], [1, 2]]);
  });

  it('"freeze" and "clone" keep listeners from each other\'s hands', async () => {
    assertEquals(await changed("freeze"), [[1], [1]]);
    assertEquals(await changed("clone"), [[1], [1]]);
  });

  it('"clone" gives each listener its own, also by pattern, stream, once() and queue', async () => {
    const emitter = new Emitter<Lists>({ isolation: "clone" });
    const seen: unknown[] = [];
    emitter.on("a", ({ data }) => void seen.push(data));
    emitter.on("*", ({ data }) => void seen.push(data), { concurrency: 1 });
    const next = emitter.once("a");
    const stream = emitter.events("a");
    const data = { list: [1] };
    await emitter.emit("a", data);
    seen.push((await next).data, (await stream.next()).value!.data);
    await emitter.enqueue("a", data);
    await emitter.close();

    assertEquals(seen.length, 6);
    assertEquals(new Set([...seen, data]).size, 7);
    for (const one of seen) assertEquals(one, data);
  });

  it('"clone" takes the copy when the event is accepted', async () => {
    const emitter = new Emitter<Lists>({ isolation: "clone" });
    const seen: number[][] = [];
    emitter.on("a", ({ data }) => void seen.push(data.list));
    const data = { list: [1] };
    await emitter.enqueue("a", data);
    data.list.push(2);
    await emitter.close();

    assertEquals(seen, [[1]]);
  });

  it("refuses the event that cannot be isolated, before anybody sees it", async () => {
    const emitter = new Emitter({ isolation: "clone" });
    let runs = 0;
    emitter.on("a", () => void runs++);
    const results = await emitter.emitBatch([{ type: "a", data: () => {} }, {
      type: "a",
      data: 1,
    }]);

    assertEquals(results.map(({ status }) => status), ["rejected", "fulfilled"]);
    assertEquals([runs, emitter.stats().emitted], [1, 1]);
  });

  it("keeps made events made: they pass on without another look", async () => {
    for (const isolation of ["freeze", "clone"] as const) {
      const emitter = new Emitter({ isolation });
      const other = new Emitter();
      const seen: unknown[] = [];
      other.on("a", (event) => void seen.push(event));
      emitter.on("a", (event) => {
        seen.push(event);
        return other.emit(event);
      });
      await emitter.emit("a", [1]);

      assertStrictEquals(seen[0], seen[1]);
    }
  });

  it("refuses another word", () => {
    for (const isolation of ["", "Clone", null, 1] as never[]) {
      assertThrows(() => new Emitter({ isolation }), RangeError, '"isolation"');
    }
  });
});
