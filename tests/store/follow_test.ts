import { ClosedError, ValidationError } from "@nova/events";
import { type FollowOptions, MemoryStore, type Recorded } from "@nova/events/store";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { n, type Numbers } from "./kit.ts";

describe("MemoryStore.follow()", () => {
  const env = useTestEnv();

  /** Follows until `count` events came, and answers their positions. */
  async function take(
    store: MemoryStore<Numbers>,
    count: number,
    options?: FollowOptions,
  ): Promise<number[]> {
    const positions: number[] = [];
    for await (const { position } of store.follow(options)) {
      positions.push(position);
      if (positions.length === count) break;
    }
    return positions;
  }

  /** Whether a promise has settled once everything that can happen has happened. */
  async function settled(promise: Promise<unknown>): Promise<boolean> {
    let done = false;
    promise.then(() => done = true, () => done = true);
    await env.settle();
    return done;
  }

  it("hands over what is there, then what comes, in order, each once", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1), n(2)]);
    const taken = take(store, 5);
    await env.settle();
    await store.append("b", [n(3)]);
    await env.settle();
    await store.append("a", [n(4), n(5)]);

    assertEquals(await taken, [1, 2, 3, 4, 5]);
  });

  it("hands over records as reading does", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1)]);
    const { value } = await store.follow().next();

    assertEquals(value as Recorded, (await store.readAll())[0]);
  });

  it("begins after a position, also one that is to come", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1), n(2), n(3)]);
    assertEquals(await take(store, 1, { after: 2 }), [3]);
    assertEquals(await take(store, 1, { after: 0 }), [1]);
    const ahead = take(store, 2, { after: 5 });
    await env.settle();
    for (let i = 4; i <= 8; i++) await store.append("a", [n(i)]);

    assertEquals(await ahead, [6, 7]);
  });

  it("follows one stream, or some", async () => {
    const store = new MemoryStore<Numbers>({ env });
    for (const stream of ["a", "b", "c", "a", "b", "c"]) await store.append(stream, [n(0)]);
    const both = take(store, 5, { streams: ["a", "c"] });
    await env.settle();
    await store.append("b", [n(0)]);
    await store.append("c", [n(0)]);

    assertEquals(await take(store, 2, { streams: "b" }), [2, 5]);
    assertEquals(await both, [1, 3, 4, 6, 8]);
    const none = store.follow({ streams: [] }).next();
    assertEquals(await settled(none), false);
    await store.close();
    assertEquals((await none).done, true);
  });

  it("serves many followers, each at its own pace", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1)]);
    const followers = Array.from({ length: 50 }, (_, i) => take(store, 20 - i % 5));
    await env.settle();
    assertEquals(store.stats().followers, 50);
    for (let i = 2; i <= 20; i++) {
      await store.append("a", [n(i)]);
      if (i % 7 === 0) await env.settle();
    }
    const all = await Promise.all(followers);

    all.forEach((positions, i) => {
      assertEquals(positions, Array.from({ length: 20 - i % 5 }, (_, p) => p + 1));
    });
    assertEquals(store.stats().followers, 0);
  });

  it("loses and doubles nothing while events are appended from inside it", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1)]);
    const seen: number[] = [];
    for await (const { data } of store.follow()) {
      seen.push(data);
      if (data === 100) break;
      if (data % 3 === 1) await store.append("b", [n(data + 1), n(data + 2), n(data + 3)]);
    }

    assertEquals(seen, Array.from({ length: 100 }, (_, i) => i + 1));
  });

  it("answers calls in order, also those that do not wait for each other", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1), n(2), n(3), n(4)]);
    const events = store.follow();
    const five = Promise.all(Array.from({ length: 5 }, () => events.next()));
    const six = events.next();
    await env.settle();
    await store.append("a", [n(5)]);

    assertEquals((await five).map(({ value }) => value?.data), [1, 2, 3, 4, 5]);
    assertEquals(await settled(six), false);
    await events.return();
    assertEquals((await six).done, true);
  });

  it("hands out pages, none of them empty, and each to its follower alone", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const seen: number[][] = [[], [], []];
    const following = seen.map(async (mine) => {
      for await (const page of store.followPages()) {
        assert(page.length > 0);
        while (page.length > 0) mine.push(page.shift()!.data);
      }
    });
    for (let round = 0; round < 5; round++) {
      await env.settle();
      for (let i = 0; i < 100; i++) store.append("a", [n(round * 100 + i)]);
    }
    await env.settle();
    await store.close();
    await Promise.all(following);

    const all = Array.from({ length: 500 }, (_, i) => i);
    assertEquals(seen, [all, all, all]);
    const strict = new MemoryStore<Numbers>({ env });
    await strict.append("a", [n(1), n(2)]);
    const signal = AbortSignal.abort("never");
    assertEquals(await strict.followPages({ signal }).next().catch((reason) => reason), "never");
    const [first] = (await strict.followPages({ after: 1, streams: "a" }).next()).value ?? [];
    assertEquals(first?.data, 2);
  });

  it("sees no event that is gone, though others read it before", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1)]);
    await store.append("b", [n(2)]);
    const before = store.follow();
    assertEquals((await before.next()).value?.data, 1);
    await store.deleteStream("a");
    const after = store.follow();

    assertEquals((await after.next()).value?.data, 2);
    await Promise.all([before.return(), after.return()]);
  });

  it("ends when the store closes, also while it waits", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1)]);
    const waiting = store.follow();
    await waiting.next();
    const next = waiting.next();
    await env.settle();
    const behind = store.follow();
    await behind.next();
    await store.append("a", [n(2)]);
    await store.close();

    assertEquals((await next).value?.data, 2);
    assertEquals((await waiting.next()).done, true);
    assertEquals((await behind.next()).done, true);
    assertEquals(store.stats().followers, 0);
    await assertRejects(() => store.follow().next(), ClosedError);
  });

  it("rejects with the reason of its signal, while it waits and between events", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1), n(2)]);
    const reason = { why: "enough" };
    const controller = new AbortController();
    const between = store.follow({ signal: controller.signal });
    await between.next();
    const waiting = store.follow({ after: 2, signal: controller.signal });
    const next = waiting.next();
    const other = store.follow({ after: 2 });
    const others = other.next();
    await env.settle();
    assertEquals(env.pending.abortListeners, 2);
    controller.abort(reason);

    assertStrictEquals(await next.catch((error) => error), reason);
    assertStrictEquals(await between.next().catch((error) => error), reason);
    assertEquals([store.stats().followers, env.pending.abortListeners], [1, 0]);
    assertEquals(await settled(others), false);
    await store.append("a", [n(3)]);
    assertEquals((await others).value?.data, 3);
    await other.return();
  });

  it("rejects with the reason also if the store closed meanwhile", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const controller = new AbortController();
    const next = store.follow({ signal: controller.signal }).next();
    await env.settle();
    store.close();
    controller.abort("enough");

    assertEquals(await next.catch((reason) => reason), "enough");
    const aborted = new MemoryStore({ env }).follow({ signal: AbortSignal.abort("never") });
    assertEquals(await aborted.next().catch((reason) => reason), "never");
    assertEquals(env.pending.abortListeners, 0);
  });

  it("frees its listener when it is left by break, return or throw", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const { signal } = new AbortController();
    await store.append("a", [n(1), n(2)]);
    assertEquals(await take(store, 1, { signal }), [1]);
    const thrown = await (async () => {
      for await (const event of store.follow({ signal })) throw event.data;
    })().catch((error) => error);
    const returned = store.follow({ signal });
    await returned.next();
    await returned.return();

    assertEquals(thrown, 1);
    assertEquals([store.stats().followers, env.pending.abortListeners], [0, 0]);
  });

  it("can be left while it waits", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const { signal } = new AbortController();
    const events = store.follow({ signal });
    const next = events.next();
    await env.settle();
    assertEquals(store.stats().followers, 1);
    const left = events.return();

    assertEquals(await settled(left), true);
    assertEquals([(await next).done, (await left).done, (await events.next()).done], [
      true,
      true,
      true,
    ]);
    assertEquals([store.stats().followers, env.pending.abortListeners], [0, 0]);
  });

  it("that is not asked again leaves no listener when the store closes", async () => {
    const store = new MemoryStore<Numbers>({ env });
    await store.append("a", [n(1), n(2)]);
    const controller = new AbortController();
    const events = store.follow({ signal: controller.signal });
    await events.next();
    assertEquals(env.pending.abortListeners, 1);
    await store.close();

    assertEquals(env.pending.abortListeners, 0);
    controller.abort("enough");
    assertEquals(await events.next().catch((reason) => reason), "enough");
    assertEquals(store.stats().followers, 0);
  });

  it("does nothing before it is iterated", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const events = store.follow({ signal: new AbortController().signal });

    assertEquals([store.stats().followers, env.pending.abortListeners], [0, 0]);
    assertEquals((await events.return()).done, true);
    assertEquals((await events.next()).done, true);
  });

  it("refuses nonsense at its first event", async () => {
    const store = new MemoryStore<Numbers>({ env });

    for (const after of [-1, 1.5, NaN, Infinity, "1", null] as never[]) {
      await assertRejects(() => store.follow({ after }).next(), RangeError, "after");
    }
    for (const streams of ["", "a\0", ["a", ""], [5], 5, null, ["\ud800"]] as never[]) {
      await assertRejects(() => store.follow({ streams }).next(), ValidationError, "stream");
    }
    for (const signal of [null, {}, 5] as never[]) {
      await assertRejects(() => store.follow({ signal }).next(), TypeError, "signal");
    }
    await assertRejects(() => store.follow(null as never).next(), TypeError);
    assertEquals([store.stats().followers, env.pending.abortListeners], [0, 0]);
  });
});
