/** A store in a real thread. */

import { ClosedError, UnavailableError, UnknownOutcomeError, UnsupportedError } from "@nova/events";
import { SqliteThreadStore } from "@nova/events/sqlite";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { describe, it } from "node:test";

type Numbers = { n: number };

function threaded(query: string): SqliteThreadStore<Numbers> {
  const url = new URL(`./thread.ts?${query}`, import.meta.url);
  return new SqliteThreadStore<Numbers>(() => new Worker(url, { type: "module" }));
}

async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "nova-thread-" });
  try {
    await use(`${folder}/store.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

describe("SqliteThreadStore", () => {
  it("writes and reads, follows another thread on the same file, and ends", () =>
    inFolder(async (path) => {
      const one = threaded(`path=${path}`);
      const other = threaded(`path=${path}`);
      await Promise.all([one.open(), other.open()]);
      const { survives, blocks, effects, writers } = one.capabilities;
      assertEquals([survives, blocks, effects, writers], ["power-loss", "never", "none", "many"]);
      const followed = (async () => {
        const seen: number[] = [];
        for await (const { data } of other.follow()) {
          seen.push(data);
          if (seen.length === 200) return seen;
        }
      })();
      const numbers = Array.from({ length: 200 }, (_, n) => n);
      await Promise.all(numbers.map((n) => one.append("a", [{ type: "n", data: n }])));
      assert(one.commits < 50, `${one.commits} commits for one turn`);
      assertEquals(await followed, numbers);
      await assertRejects(() => one.append("a", [], { expect: 5 }), Error, "version");
      await assertRejects(() => one.commit({ effects: [() => {}] }), UnsupportedError);
      assertEquals(await one.checkIntegrity(), []);
      assertEquals(one.stats().events, 200);
      await Promise.all([one.close(), other.close()]);
      await assertRejects(() => one.read("a"), ClosedError);
    }));

  it("says what is wrong when its database cannot be opened", async () => {
    const store = threaded("path=/no/such/folder/store.db");
    await assertRejects(() => store.append("a", [{ type: "n", data: 1 }]), UnavailableError);
    await assertRejects(() => store.read("a"), UnavailableError);
    await store.close();
  });

  it("says that nobody knows when its thread is lost in a commit, and closes", () =>
    inFolder(async (path) => {
      const store = threaded(`die&path=${path}`);
      await store.append("a", [{ type: "n", data: 1 }]);
      const error = await assertRejects(() => store.append("a", [{ type: "n", data: 2 }]));
      assertInstanceOf(error, UnknownOutcomeError);
      await assertRejects(() => store.append("a", [{ type: "n", data: 3 }]), ClosedError);
      await store.close();
      const again = threaded(`path=${path}`);
      assertEquals((await again.read("a")).map(({ data }) => data), [1, 2]);
      await again.close();
    }));
});
