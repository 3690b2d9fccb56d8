/**
 * The defects of the Go library's store, one case each, by their ids. Those of snapshots (S1),
 * limits (S2, S3) and retention (S6, S7 in part) come with those features.
 *
 * @module
 */

import { ClosedError, NovaError, VersionConflictError } from "@nova/events";
import { createEvent } from "@nova/events/bus";
import { MemoryStore } from "@nova/events/store";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "node:test";
import { n, type Numbers } from "../store/kit.ts";
import { useTestEnv } from "../support/env.ts";

describe("ghosts of the store", () => {
  const env = useTestEnv();

  /** The positions that a follower gets until the store closes. */
  async function follow(
    store: MemoryStore<Numbers>,
    after = 0,
    pause?: () => Promise<unknown>,
  ): Promise<number[]> {
    const positions: number[] = [];
    for await (const { position } of store.follow({ after })) {
      positions.push(position);
      await pause?.();
    }
    return positions;
  }

  it("S4: a follower gets every event, a slow one too", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const slow = follow(store, 0, () => new Promise((resolve) => queueMicrotask(() => resolve(0))));
    const fast = follow(store);
    for (let i = 1; i <= 3000; i++) {
      await store.append("a", [n(i)]);
      if (i % 1000 === 0) await env.settle();
    }
    await env.settle();
    await store.close();

    const all = Array.from({ length: 3000 }, (_, i) => i + 1);
    assertEquals(await fast, all);
    assertEquals(await slow, all);
  });

  it("S5: between catching up and living nothing is lost or doubled", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const followers: Promise<number[]>[] = [];
    for (let i = 0; i < 600; i++) {
      await store.append("a", [n(i), n(i)]);
      // Each begins behind, and reaches the end while events still come.
      if (i % 100 === 50) followers.push(follow(store, i));
    }
    await env.settle();
    await store.close();

    for (const [f, positions] of (await Promise.all(followers)).entries()) {
      const first = f * 100 + 51;
      assertEquals(positions, Array.from({ length: 1200 - first + 1 }, (_, i) => first + i));
    }
  });

  it("S7: the store's own time counts, not what a client says", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const { events } = await store.append("a", [{ ...n(1), timestamp: 5 }]);

    assertEquals([events[0]?.timestamp, events[0]?.recordedAt], [5, env.now()]);
  });

  it("S8: leaving, aborting and closing while events are appended break nothing", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const outcomes: Promise<unknown>[] = [];
    for (let i = 0; i < 100; i++) {
      const controller = new AbortController();
      const events = store.follow({ signal: controller.signal });
      outcomes.push(events.next().catch((reason) => reason));
      store.append("a", [n(i)]);
      if (i % 3 === 0) controller.abort("enough");
      if (i % 3 === 1) outcomes.push(events.return());
    }
    const closed = store.close();
    await env.settle();
    await closed;
    await Promise.all(outcomes);

    assertEquals(store.stats().events, 100);
    await assertRejects(() => store.append("a", [n(0)]), ClosedError);
  });

  it("S9: followers that begin in the same moment are each their own", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const followers = Array.from({ length: 20 }, () => follow(store));
    await env.settle();
    assertEquals(store.stats().followers, 20);
    await store.append("a", [n(1)]);
    await env.settle();
    await store.close();

    assertEquals(await Promise.all(followers), Array(20).fill([1]));
  });

  it("S10: the order over all streams is there to read, whatever clients' clocks say", async () => {
    const store = new MemoryStore<Numbers>({ env });
    for (let i = 1; i <= 6; i++) {
      await store.append(i % 2 === 0 ? "a" : "b", [{ ...n(i), timestamp: 1000 - i }]);
    }

    const events = await store.readAll();
    assertEquals(events.map(({ data, position }) => [data, position]), [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
      [5, 5],
      [6, 6],
    ]);
  });

  it("S11: of two writers that expect the same version, one is refused and told why", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1)]);
    const [first, second] = await Promise.allSettled([
      store.append("a", [n(2)], { expect: 1 }),
      store.append("a", [n(3)], { expect: 1 }),
    ]);

    assertEquals(first.status, "fulfilled");
    assert(second.status === "rejected" && second.reason instanceof VersionConflictError);
    assertEquals(second.reason.events, await store.read("a", { after: 1 }));
  });

  it("S12: reading the end does not touch the start; a follower that is left is gone", async () => {
    const store = new MemoryStore<Numbers>({ env });
    let touched = 0;
    const events = Array.from({ length: 5000 }, (_, i) => {
      const event = createEvent("n", i);
      return Object.defineProperty(event, "data", {
        get: () => {
          touched += 1;
          return i;
        },
      });
    });
    await store.append("a", events);
    touched = 0;
    await store.read("a", { after: 4990 });
    await store.readAll({ reverse: true, limit: 10 });
    assertEquals(touched, 20);
    for await (const { position } of store.follow()) if (position === 3) break;

    assertEquals([touched, store.stats().followers], [23, 0]);
  });

  it("S13: a signal is heeded, no option is needed, closing ends who follows, errors have codes", async () => {
    const store = new MemoryStore<Numbers>();
    const reason = new Error("enough");
    const aborted = store.append("a", [n(1)], { signal: AbortSignal.abort(reason) });
    assertStrictEquals(await aborted.catch((error) => error), reason);
    await store.append("a", [n(1)]);
    const following = follow(store);
    await store.close();

    assertEquals(await following, [1]);
    const error = await store.append("a", [n(1)]).catch((error) => error);
    assert(error instanceof NovaError);
    assertEquals(error.code, "closed");
  });
});
