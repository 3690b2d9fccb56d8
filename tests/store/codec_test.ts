import { EncodeError, VersionConflictError } from "@nova/events";
import { SqliteStore } from "@nova/events/sqlite";
import { type Codec, MemoryStore, type Recorded, strictJson } from "@nova/events/store";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { openDatabase, sqliteMissing } from "../adapters/sqlite_kit.ts";
import { n, type Numbers } from "./kit.ts";

/** A codec that answers later, with bytes. */
const later: Codec = {
  name: "later",
  async encode(data) {
    await undefined;
    return new TextEncoder().encode(String(strictJson.encode(data)));
  },
  async decode(body) {
    await undefined;
    return strictJson.decode(body);
  },
};

function suite(): void {
  it("writes and reads, in the order of the calls", async () => {
    const store = new SqliteStore<Numbers>(openDatabase(), { codec: later });
    const appended = await Promise.all([1, 2, 3].map((i) => store.append("a", [n(i), n(-i)])));

    assertEquals(appended.map(({ version }) => version), [2, 4, 6]);
    assertEquals((await store.read("a")).map(({ data }) => data), [1, -1, 2, -2, 3, -3]);
    const seen: number[] = [];
    for await (const { data } of store.follow()) if (seen.push(data) === 6) break;
    assertEquals(seen.length, 6);
    const error = await store.append("a", [n(0)], { expect: 4 }).catch((reason) => reason);
    assertInstanceOf(error, VersionConflictError);
    assertEquals((error.events as Recorded[]).map(({ data }) => data), [3, -3]);
    await assertRejects(() => store.append("a", [n(NaN)]), EncodeError);
    await store.close();
  });

  it("compares what is sent again, keeps snapshots, and moves in a dump", async () => {
    const store = new SqliteStore<Numbers>(openDatabase(), { codec: later });
    const event = { ...n(5), id: "e5" };
    const unit = { appends: [{ stream: "a", events: [event] }] };
    await store.commit(unit);
    const [again] = await store.commit(unit);
    assertEquals([again?.duplicate, again?.events[0]?.data], [true, 5]);
    await assertRejects(() => store.append("a", [{ ...event, data: 6 }]), Error, "e5");
    const options = {
      initial: () => ({ sum: 0 }),
      fold: (state: { sum: number }, { data }: { data: number }) => ({ sum: state.sum + data }),
      snapshotEvery: 1,
    };
    assertEquals((await store.loadAggregate("a", options)).folded, 1);
    assertEquals(await store.loadAggregate("a", options), {
      state: { sum: 5 },
      version: 1,
      folded: 0,
    });
    const copy = new MemoryStore<Numbers>({ codec: later });
    await copy.restore(store.dump());
    assertEquals(await copy.readAll(), await store.readAll());
    assertEquals((await copy.loadAggregate("a", options)).folded, 0);
    // It measures nothing itself; those that do count the same bytes.
    assertEquals(copy.stats().bytes, 0);
    const { bytes } = store.stats();
    const measured = new MemoryStore<Numbers>({ codec: later, maxEventBytes: 1000 });
    const onDisk = new SqliteStore<Numbers>(openDatabase(), { codec: later });
    for (const other of [measured, onDisk]) {
      await other.restore(store.dump());
      assertEquals(other.stats().bytes, bytes);
      await other.close();
    }
    await Promise.all([store.close(), copy.close()]);
  });

  it("keeps the order of the calls, however long one takes", async () => {
    const uneven: Codec = {
      name: "uneven",
      encode: (data) =>
        data === 1
          ? new Promise((resolve) => setTimeout(() => resolve("1"), 5))
          : data === 2
          ? Promise.reject(new EncodeError([], "it is two"))
          : String(data),
      decode: Number,
    };
    const store = new SqliteStore<Numbers>(openDatabase(), { codec: uneven });
    await store.open();
    const appends = [1, 2, 3, 4].map((i) => store.append("a", [n(i)]));
    assertEquals(
      (await Promise.allSettled(appends)).map(({ status }) => status[0]).join(""),
      "frff",
    );
    assertEquals((await store.read("a")).map(({ data }) => data), [1, 3, 4]);
    await store.close();
  });

  it("is refused where it answers neither text nor bytes, and drags nobody down", async () => {
    for (const wrong of [5, undefined, null, {}, ["x"]]) {
      const sloppy: Codec = {
        ...strictJson,
        name: "sloppy",
        encode: (data) => data === 2 ? wrong as never : strictJson.encode(data),
      };
      const onDisk = new SqliteStore<Numbers>(openDatabase(), { codec: sloppy });
      const measured = new MemoryStore<Numbers>({ codec: sloppy, maxEventBytes: 1000 });
      for (const store of [onDisk, measured]) {
        await store.open();
        const [one, two, three] = [1, 2, 3].map((i) => store.append("a", [n(i)]));
        await assertRejects(() => two!, EncodeError, "text nor bytes");
        assertEquals([(await one!).version, (await three!).version], [1, 2]);
        assert(store.stats().bytes > 0);
        await store.close();
      }
    }
  });

  it("gives up with its signal, or its store, while it encodes", async () => {
    let encoded: () => void = () => {};
    const slow: Codec = {
      ...later,
      encode: (data) =>
        new Promise((resolve) => encoded = () => resolve(String(strictJson.encode(data)))),
    };
    const store = new SqliteStore<Numbers>(openDatabase(), { codec: slow });
    await store.open();
    const controller = new AbortController();
    const aborted = store.append("a", [n(1)], { signal: controller.signal });
    controller.abort("enough");
    encoded();
    assertEquals(await aborted.catch((reason) => reason), "enough");
    const closing = store.append("a", [n(1)]);
    await store.close();
    encoded();
    await assertRejects(() => closing, Error, "closed");
  });
}

describe("a codec that answers later", () => {
  if (sqliteMissing === false) suite();
  else it.skip(`on disk: ${sqliteMissing}`, () => {});

  it("measures in memory, where data stays as it is", async () => {
    const store = new MemoryStore<Numbers>({ codec: later, maxEventBytes: 40 });
    await Promise.all([1, 2].map((i) => store.append("a", [n(i)])));
    assertEquals((await store.read("a")).map(({ data }) => data), [1, 2]);
    assert(store.stats().bytes > 0);
    const long = { type: "n", data: "x".repeat(50) } as never;
    await assertRejects(() => store.append("a", [long]), Error, "bytes");
    await store.close();
  });
});
