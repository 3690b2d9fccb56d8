import { ClosedError, ValidationError } from "@nova/events";
import { MemoryStore } from "@nova/events/store";
import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { n, NO_STATS, type Numbers } from "./kit.ts";

/** Streams a (odd data) and b (even data), `count` events in all. */
async function filled(count: number): Promise<MemoryStore<Numbers>> {
  const store = new MemoryStore<Numbers>();
  for (let i = 1; i <= count; i++) await store.append(i % 2 === 1 ? "a" : "b", [n(i)]);
  return store;
}

function dataOf(events: readonly { readonly data: number }[]): number[] {
  return events.map(({ data }) => data);
}

describe("MemoryStore.read()", () => {
  it("answers a stream in order of its versions", async () => {
    const store = await filled(7);
    const events = await store.read("a");

    assertEquals(dataOf(events), [1, 3, 5, 7]);
    assertEquals(events.map(({ version }) => version), [1, 2, 3, 4]);
    assertEquals(events.map(({ position }) => position), [1, 3, 5, 7]);
  });

  it("of an unknown stream is an empty page", async () => {
    assertEquals(await (await filled(3)).read("c"), []);
    assertEquals(await new MemoryStore().read("c", { reverse: true }), []);
  });

  it("begins after a version, exclusive", async () => {
    const store = await filled(8);

    assertEquals(dataOf(await store.read("b", { after: 0 })), [2, 4, 6, 8]);
    assertEquals(dataOf(await store.read("b", { after: 2 })), [6, 8]);
    assertEquals(dataOf(await store.read("b", { after: 4 })), []);
    assertEquals(dataOf(await store.read("b", { after: Number.MAX_SAFE_INTEGER })), []);
  });

  it("answers at most limit events, 1000 unless told otherwise", async () => {
    const store = new MemoryStore<Numbers>();
    await store.append("a", Array.from({ length: 1500 }, (_, i) => n(i + 1)));

    assertEquals((await store.read("a")).length, 1000);
    assertEquals((await store.readAll()).length, 1000);
    assertEquals(dataOf(await store.read("a", { limit: 2 })), [1, 2]);
    assertEquals(dataOf(await store.read("a", { after: 1498, limit: 5 })), [1499, 1500]);
    assertEquals((await store.read("a", { limit: Number.MAX_SAFE_INTEGER })).length, 1500);
  });

  it("in reverse begins at the end, or before a version", async () => {
    const store = await filled(8);
    const reversed = async (options: object): Promise<number[]> =>
      dataOf(await store.read("b", { reverse: true, ...options }));

    assertEquals(await reversed({}), [8, 6, 4, 2]);
    assertEquals(await reversed({ limit: 1 }), [8]);
    assertEquals(await reversed({ after: 3 }), [4, 2]);
    assertEquals(await reversed({ after: 99 }), [8, 6, 4, 2]);
    assertEquals(await reversed({ after: 1 }), []);
    assertEquals(await reversed({ after: 0 }), []);
  });

  it("refuses nonsense, and does not take it for the whole log", async () => {
    const store = await filled(4);

    for (const limit of [0, -1, 1.5, NaN, Infinity, "5", null] as never[]) {
      await assertRejects(() => store.read("a", { limit }), RangeError, "limit");
      await assertRejects(() => store.readAll({ limit }), RangeError, "limit");
    }
    for (const after of [-1, 1.5, NaN, Infinity, "1", null] as never[]) {
      await assertRejects(() => store.read("a", { after }), RangeError, "after");
      await assertRejects(() => store.readAll({ after }), RangeError, "after");
    }
    for (const options of [null, 5, "x"] as never[]) {
      await assertRejects(() => store.read("a", options), TypeError);
      await assertRejects(() => store.readAll(options), TypeError);
    }
    for (const stream of [undefined, null, "", "a\0", "\ud800", "s".repeat(257)] as never[]) {
      await assertRejects(() => store.read(stream), ValidationError, "stream");
    }
  });

  it("makes a record for each reader: what one changes, no other sees", async () => {
    const store = await filled(1);
    const [mine] = await store.read("a");
    Object.assign(mine!, { data: 99, version: 99, stream: "x" });
    const [theirs] = await store.read("a");

    assertNotStrictEquals(mine, theirs);
    assertEquals([theirs?.data, theirs?.version, theirs?.stream], [1, 1, "a"]);
    assert(Object.isFrozen(theirs?.metadata));
  });

  it("is refused after close", async () => {
    const store = await filled(2);
    await store.close();

    await assertRejects(() => store.read("a"), ClosedError);
    await assertRejects(() => store.readAll(), ClosedError);
    await assertRejects(() => store.pages().next(), ClosedError);
  });
});

describe("MemoryStore.readAll()", () => {
  it("answers the whole log in order of positions", async () => {
    const store = await filled(6);
    const events = await store.readAll();

    assertEquals(dataOf(events), [1, 2, 3, 4, 5, 6]);
    assertEquals(events.map(({ position }) => position), [1, 2, 3, 4, 5, 6]);
    assertEquals(events.map(({ stream, version }) => `${stream}${version}`), [
      "a1",
      "b1",
      "a2",
      "b2",
      "a3",
      "b3",
    ]);
  });

  it("takes after, limit and reverse as positions", async () => {
    const store = await filled(6);

    assertEquals(dataOf(await store.readAll({ after: 2, limit: 3 })), [3, 4, 5]);
    assertEquals(dataOf(await store.readAll({ reverse: true, limit: 2 })), [6, 5]);
    assertEquals(dataOf(await store.readAll({ reverse: true, after: 3 })), [2, 1]);
    assertEquals(dataOf(await new MemoryStore<Numbers>().readAll()), []);
  });
});

describe("MemoryStore.pages()", () => {
  async function pagesOf(
    pages: AsyncIterable<readonly { readonly data: number }[]>,
  ): Promise<number[][]> {
    const all: number[][] = [];
    for await (const page of pages) all.push(dataOf(page));
    return all;
  }

  it("answers the log, or a stream, page by page", async () => {
    const store = await filled(7);

    assertEquals(await pagesOf(store.pages({ limit: 3 })), [[1, 2, 3], [4, 5, 6], [7]]);
    assertEquals(await pagesOf(store.pages({ stream: "a", limit: 2 })), [[1, 3], [5, 7]]);
    assertEquals(await pagesOf(store.pages({ stream: "a", after: 3, limit: 2 })), [[7]]);
    assertEquals(await pagesOf(store.pages()), [[1, 2, 3, 4, 5, 6, 7]]);
    assertEquals(await pagesOf(store.pages({ stream: "c" })), []);
  });

  it("goes backwards too", async () => {
    const store = await filled(7);

    assertEquals(await pagesOf(store.pages({ limit: 3, reverse: true })), [
      [7, 6, 5],
      [4, 3, 2],
      [1],
    ]);
    assertEquals(await pagesOf(store.pages({ stream: "b", limit: 2, reverse: true, after: 3 })), [
      [4, 2],
    ]);
  });

  it("sees what is appended before its last page is read", async () => {
    const store = await filled(2);
    const seen: number[] = [];
    for await (const page of store.pages({ limit: 2 })) {
      seen.push(...dataOf(page));
      if (seen.length < 6) await store.append("a", [n(seen.length + 1), n(seen.length + 2)]);
    }

    assertEquals(seen, [1, 2, 3, 4, 5, 6]);
  });

  it("rejects with the reason of its signal, also between pages", async () => {
    const store = await filled(6);
    const controller = new AbortController();
    const pages = store.pages({ limit: 2, signal: controller.signal });
    await pages.next();
    controller.abort("enough");

    assertEquals(await pages.next().catch((reason) => reason), "enough");
    assertEquals((await pages.next()).done, true);
    const aborted = store.pages({ signal: AbortSignal.abort("never") });
    assertEquals(await aborted.next().catch((reason) => reason), "never");
  });

  it("rejects when the store closes between pages", async () => {
    const store = await filled(6);
    const pages = store.pages({ limit: 2 });
    await pages.next();
    await store.close();

    await assertRejects(() => pages.next(), ClosedError);
  });

  it("refuses nonsense at its first page", async () => {
    const store = await filled(2);

    await assertRejects(() => store.pages({ limit: 0 }).next(), RangeError);
    await assertRejects(() => store.pages({ after: NaN }).next(), RangeError);
    await assertRejects(() => store.pages({ stream: "" }).next(), ValidationError);
    await assertRejects(() => store.pages({ stream: null as never }).next(), ValidationError);
    await assertRejects(() => store.pages({ signal: {} as never }).next(), TypeError);
    await assertRejects(() => store.pages(null as never).next(), TypeError);
  });
});

describe("MemoryStore", () => {
  const env = useTestEnv();

  it("has a name, store unless told otherwise", async () => {
    assertEquals(new MemoryStore().name, "store");
    const store = new MemoryStore({ env, name: "ledger" });
    assertEquals(store.stats(), { ...NO_STATS, name: "ledger" });
    await store.close();

    await assertRejects(() => store.read("a"), ClosedError, 'store "ledger"');
  });

  it("refuses options that are none", () => {
    for (const options of [null, 5, "x"] as never[]) {
      let error: unknown;
      try {
        new MemoryStore(options);
      } catch (thrown) {
        error = thrown;
      }
      assert(error instanceof TypeError);
    }
  });

  it("stamps id and time of its own world", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await env.advance(5);
    const { events } = await store.append("a", [n(1)]);

    assertEquals(events[0]?.timestamp, 1_700_000_000_005);
    assertEquals(events[0]?.recordedAt, 1_700_000_000_005);
  });

  it("closes once, also with await using", async () => {
    const store = new MemoryStore({ env });

    assertEquals(await store.close(), { completed: 0, left: 0 });
    assertEquals(await store.close(), { completed: 0, left: 0 });
    assertStrictEquals(await store[Symbol.asyncDispose](), undefined);
  });

  it("holds events over many segments and streams", async () => {
    const store = await filled(5000);
    for (const position of [1, 1023, 1024, 1025, 2048, 2049, 4096, 4097, 5000]) {
      const [event] = await store.readAll({ after: position - 1, limit: 1 });
      assertEquals(event?.data, position);
      assertEquals(event?.version, Math.ceil(position / 2));
      const [same] = await store.read(event!.stream, { after: event!.version - 1, limit: 1 });
      assertEquals(same, event);
    }

    assertEquals([store.stats().events, store.stats().streams], [5000, 2]);
  });
});
