import { VersionConflictError } from "@nova/events";
import { type Expect, MemoryStore, type Recorded } from "@nova/events/store";
import { assert, assertEquals, assertFalse, assertMatch, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { n, type Numbers } from "./kit.ts";

describe("expect", () => {
  const env = useTestEnv();

  /** Whether an append with this expectation enters a stream of so many events. */
  async function enters(version: number, expect: Expect | undefined): Promise<boolean> {
    const store = new MemoryStore<Numbers>({ env });
    for (let i = 0; i < version; i++) await store.append("a", [n(i)]);
    await store.append("b", [n(0)]);
    const options = expect === undefined ? {} : { expect };
    try {
      assertEquals((await store.append("a", [n(9)], options)).version, version + 1);
      return true;
    } catch (error) {
      assert(error instanceof VersionConflictError);
      assertEquals((await store.read("a")).length, version);
      return false;
    }
  }

  it("a number is the version the stream must be at", async () => {
    assert(await enters(0, 0));
    assert(await enters(2, 2));
    assertFalse(await enters(2, 1));
    assertFalse(await enters(2, 3));
    assertFalse(await enters(2, 0));
    assertFalse(await enters(0, 1));
  });

  it('"absent" and "present" are whether it has events, "any" is nothing', async () => {
    assertEquals([await enters(0, "absent"), await enters(1, "absent")], [true, false]);
    assertEquals([await enters(0, "present"), await enters(1, "present")], [false, true]);
    assertEquals([await enters(0, "any"), await enters(1, "any")], [true, true]);
    assertEquals([await enters(0, undefined), await enters(1, undefined)], [true, true]);
  });

  it("refuses nonsense", async () => {
    const store = new MemoryStore<Numbers>({ env });

    for (const expect of [-1, 1.5, NaN, Infinity, "1", "none", "", null, {}, true] as never[]) {
      await assertRejects(() => store.append("a", [n(1)], { expect }), RangeError, "expect");
    }
    assertEquals(store.stats().events, 0);
  });

  it("that fails answers the events the caller did not know of", async () => {
    const store = new MemoryStore<Numbers>({ env });
    for (let i = 1; i <= 5; i++) await store.append("a", [n(i)]);
    const conflict = async (expect: Expect, stream = "a"): Promise<VersionConflictError> =>
      await assertRejects(() => store.append(stream, [n(9)], { expect }), VersionConflictError);

    const behind = await conflict(3);
    assertEquals(behind.events, await store.read("a", { after: 3 }));
    assertEquals([behind.stream, behind.expected, behind.actual], ["a", 3, 5]);
    assertEquals([behind.code, behind.retryable], ["version-conflict", true]);
    assertMatch(behind.message, /"a".* at version 3.* at version 5/);
    assertEquals((await conflict(0)).events.length, 5);
    assertEquals((await conflict("absent")).events.length, 5);
    const ahead = await conflict(8);
    assertEquals([ahead.actual, [...ahead.events]], [5, []]);
    const missing = await conflict("present", "b");
    assertEquals([missing.expected, missing.actual, [...missing.events]], ["present", 0, []]);
    // Enough to decide again: append at the version the error names.
    assertEquals((await store.append("a", [n(6)], { expect: behind.actual })).version, 6);
  });

  it("that fails answers the oldest thousand of very many", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", Array.from({ length: 2500 }, (_, i) => n(i + 1)));
    const error = await assertRejects(
      () => store.append("a", [n(0)], { expect: 100 }),
      VersionConflictError,
    );

    const events = error.events as Recorded[];
    assertEquals([events.length, events[0]?.version, events[999]?.version], [1000, 101, 1100]);
  });

  it("lets exactly one of several writers through", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map((i) => store.append("a", [n(i)], { expect: 0 })),
    );

    assertEquals(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    assertEquals(store.stats().events, 1);
  });
});
