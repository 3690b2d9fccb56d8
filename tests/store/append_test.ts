import { ClosedError, ValidationError, VersionConflictError } from "@nova/events";
import { createEvent } from "@nova/events/bus";
import { MemoryStore } from "@nova/events/store";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { World } from "../sim/world.ts";
import { n, NO_STATS, type Numbers } from "./kit.ts";

const BAD_STREAMS: readonly unknown[] = [
  "",
  "a\0b",
  "\0",
  "\ud800",
  "x\udfff",
  "s".repeat(257),
  "é".repeat(129),
  "s".repeat(10_000),
  undefined,
  null,
  5,
  {},
  ["a"],
  Symbol("a"),
];

describe("MemoryStore.append()", () => {
  const env = useTestEnv();

  it("answers where the stream and the log are now", async () => {
    const store = new MemoryStore<Numbers>({ env });

    const first = await store.append("a", [n(1), n(2)]);
    assertEquals([first.version, first.position, first.duplicate], [2, 2, false]);
    const other = await store.append("b", [n(3)]);
    assertEquals([other.version, other.position], [1, 3]);
    const again = await store.append("a", [n(4)]);
    assertEquals([again.version, again.position], [3, 4]);
  });

  it("answers the records of its own events, whatever comes later", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(0)]);
    const appended = await store.append("a", [{ ...n(1), id: "e-1", timestamp: 5 }, n(2)]);
    await store.append("a", [n(3)]);
    const [first, second] = appended.events;

    assertEquals(first, {
      id: "e-1",
      type: "n",
      data: 1,
      metadata: {},
      timestamp: 5,
      stream: "a",
      version: 2,
      position: 2,
      recordedAt: env.now(),
    });
    assertEquals([second?.data, second?.version, second?.position], [2, 3, 3]);
    assertEquals(appended.events.length, 2);
    assertEquals(appended.events, await store.read("a", { after: 1, limit: 2 }));
  });

  it("keeps data by reference, and leaves the caller's objects alone", async () => {
    const store = new MemoryStore<{ any: object }>({ env });
    const data = { deep: {} };
    const metadata = { trace: "t" };
    const literal = { type: "any", data, metadata } as const;
    await store.append("a", [literal]);
    metadata.trace = "changed";
    const [record] = await store.read("a");

    assertStrictEquals(record?.data, data);
    assertEquals(record?.metadata, { trace: "t" });
    assertEquals(Object.keys(literal), ["type", "data", "metadata"]);
  });

  it("takes made events, and events of another stream", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const event = createEvent("n", 1, { id: "e-1", timestamp: 5, metadata: { trace: "t" } });
    await store.append("a", [event]);
    const [record] = await store.read("a");
    await store.append("b", [record!]);
    const [copy] = await store.read("b");

    assertEquals([copy?.id, copy?.timestamp, copy?.metadata], ["e-1", 5, { trace: "t" }]);
    assertEquals([copy?.stream, copy?.version, copy?.position], ["b", 1, 2]);
  });

  it("of nothing changes nothing, and makes no stream", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const none = await store.append("a", []);
    assertEquals([none.version, none.position, [...none.events]], [0, 0, []]);
    assertEquals(store.stats().streams, 0);
    await store.append("a", [n(1)]);
    await store.append("b", [n(2)]);
    const still = await store.append("a", [], { expect: 1 });

    assertEquals([still.version, still.position, [...still.events]], [1, 2, []]);
    await assertRejects(() => store.append("a", [], { expect: "absent" }), VersionConflictError);
  });

  it("enters whole, or not at all", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const throwing = {
      get type(): "n" {
        throw new Error("no");
      },
      data: 3,
    };
    const holes = [n(1)];
    holes[2] = n(3);

    for (const bad of [{ type: "" }, null, 5, throwing, { type: "n", id: "\ud800" }] as never[]) {
      await assertRejects(() => store.append("a", [n(1), n(2), bad]));
    }
    await assertRejects(() => store.append("a", holes), TypeError, "event");
    assertEquals(store.stats(), NO_STATS);
    assertEquals((await store.append("a", [n(1)])).position, 1);
  });

  it("rejects wrong content with a ValidationError that names the field", async () => {
    const store = new MemoryStore({ env });
    const wrong = [
      ["type", { type: "a*" }],
      ["id", { type: "n", id: "" }],
      ["timestamp", { type: "n", timestamp: NaN }],
      ["metadata", { type: "n", metadata: { "nova-x": "y" } }],
      [
        "event",
        new Proxy({}, {
          get() {
            throw new Error("no");
          },
        }),
      ],
    ] as const;

    for (const [field, event] of wrong) {
      const error = await assertRejects(
        () => store.append("a", [event as never]),
        ValidationError,
      );
      assertEquals([error.field, error.code], [field, "validation"]);
    }
    assertEquals(store.stats().events, 0);
  });

  it("rejects what is no array of events, no stream, no options", async () => {
    const store = new MemoryStore<Numbers>({ env });

    for (const events of [undefined, null, n(1), "n", 5, new Set([n(1)])] as never[]) {
      await assertRejects(() => store.append("a", events), TypeError, "must be an array");
    }
    for (const stream of BAD_STREAMS as never[]) {
      const error = await assertRejects(() => store.append(stream, [n(1)]), ValidationError);
      assertEquals(error.field, "stream");
    }
    for (const options of [null, 5, "any"] as never[]) {
      await assertRejects(() => store.append("a", [n(1)], options), TypeError);
    }
    for (const signal of [null, {}, 5] as never[]) {
      await assertRejects(() => store.append("a", [n(1)], { signal }), TypeError, "signal");
    }
    assertEquals(store.stats().events, 0);
  });

  it("takes streams of any other name", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const names = ["a", " ", "é", "__proto__", "constructor", "a/b c", "😀", "s".repeat(256)];
    for (const name of names) await store.append(name, [n(1)], { expect: "absent" });

    assertEquals(store.stats().streams, names.length);
    for (const name of names) assertEquals((await store.read(name))[0]?.stream, name);
  });

  it("rejects with the reason of an aborted signal, and appends nothing", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const reason = { why: "enough" };
    const appended = store.append("a", [n(1)], { signal: AbortSignal.abort(reason) });

    assertStrictEquals(await appended.catch((error) => error), reason);
    assertEquals(store.stats().events, 0);
    const controller = new AbortController();
    const later = store.append("a", [n(1)], { signal: controller.signal });
    controller.abort();
    assertEquals((await later).version, 1);
  });

  it("is refused after close, also if an event closes the store while it is read", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const closing = {
      get type(): "n" {
        store.close();
        return "n";
      },
      data: 1,
    };

    await assertRejects(() => store.append("a", [closing]), ClosedError, 'store "store"');
    await assertRejects(() => store.append("a", [n(1)]), ClosedError);
    assertEquals(store.stats().events, 0);
  });

  it("is whole even if an event appends while it is read", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const nested = {
      get type(): "n" {
        store.append("a", [n(1)]);
        return "n";
      },
      data: 2,
    };

    await assertRejects(() => store.append("a", [nested], { expect: 0 }), VersionConflictError);
    assertEquals((await store.read("a")).map(({ data }) => data), [1]);
    await store.append("a", [nested, n(3)], { expect: 2 });
    assertEquals((await store.read("a")).map(({ data }) => data), [1, 1, 2, 3]);
  });
});

describe("recordedAt", () => {
  it("is the time of the append, one for all of its events, and never goes back", async () => {
    const world = new World(1);
    const store = new MemoryStore<Numbers>({ env: world });
    const start = world.now();
    const recordedAt = async (skew: number): Promise<number[]> => {
      world.skew = skew;
      return (await store.append("a", [n(1), n(2)])).events.map((event) => event.recordedAt);
    };

    assertEquals(await recordedAt(0), [start, start]);
    assertEquals(await recordedAt(50), [start + 50, start + 50]);
    assertEquals(await recordedAt(-100_000), [start + 50, start + 50]);
    assertEquals(await recordedAt(51), [start + 51, start + 51]);
    const all = await store.readAll();
    assertEquals(all.map((event) => event.timestamp), [
      start,
      start,
      start + 50,
      start + 50,
      start - 100_000,
      start - 100_000,
      start + 51,
      start + 51,
    ]);
  });
});
