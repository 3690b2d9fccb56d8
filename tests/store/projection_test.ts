import { MemoryStore, project } from "@nova/events/store";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { n, type Numbers } from "./kit.ts";

describe("project()", () => {
  const env = useTestEnv();

  async function filled(count: number): Promise<MemoryStore<Numbers>> {
    const store = new MemoryStore<Numbers>({ env });
    for (let i = 1; i <= count; i++) await store.append(i % 2 === 1 ? "a" : "b", [n(i)]);
    return store;
  }

  it("applies what is there and what comes, and tells when it has", async () => {
    const store = await filled(3);
    const seen: number[] = [];
    const view = project(store, { name: "v", env, apply: ({ data }) => void seen.push(data) });
    await view.whenProcessed(3);
    assertEquals([seen, view.position], [[1, 2, 3], 3]);
    const waiting = view.whenProcessed(5);
    await store.append("a", [n(4), n(5)]);
    await waiting;
    await view.stop();
    assertEquals([seen.length, await store.checkpoint("projection/v")], [5, 5]);
    await assertRejects(() => view.whenProcessed(6), RangeError);
  });

  it("goes on from its checkpoint, or from where it is told", async () => {
    const store = await filled(6);
    const run = async (name: string, options: object): Promise<number[]> => {
      const seen: number[] = [];
      const view = project(store, {
        name,
        env,
        apply: ({ data }) => void seen.push(data),
        ...options,
      });
      await view.whenProcessed(store.stats().head);
      await view.stop();
      return seen;
    };
    assertEquals(await run("v", { from: 4 }), [5, 6]);
    await store.append("a", [n(7)]);
    assertEquals(await run("v", { from: 0 }), [7]);
    assertEquals(await run("w", { streams: "b" }), [2, 4, 6]);
    assertEquals(await run("x", { checkpoint: 0 }), [1, 2, 3, 4, 5, 6, 7]);
    assertEquals(await run("x", { checkpoint: 0 }), [1, 2, 3, 4, 5, 6, 7]);
    assertEquals(await store.checkpoint("projection/x"), undefined);
  });

  it("saves a checkpoint every so many events, and protects it", async () => {
    const store = new MemoryStore<Numbers>({ env, retention: { maxEvents: 1 } });
    let stop: () => void = () => {};
    const view = project(store, {
      name: "v",
      env,
      checkpoint: 2,
      apply: ({ data }) => data === 5 ? new Promise<void>((resolve) => stop = resolve) : undefined,
    });
    await env.settle();
    await store.append("a", [1, 2, 3, 4, 5, 6].map(n));
    await env.settle();
    assertEquals(await store.checkpoint("projection/v"), 4);
    await store.retain();
    assertEquals(store.stats().oldest, 5);
    stop();
    await view.whenProcessed(6);
    await view.stop();
  });

  it("ends with what apply throws, and says so to all who wait", async () => {
    const store = await filled(3);
    const error = new Error("no");
    const view = project(store, {
      name: "v",
      env,
      apply: ({ data }) => {
        if (data === 2) throw error;
      },
    });
    assertStrictEquals(await view.whenProcessed(3).catch((e) => e), error);
    assertStrictEquals(await view.done.catch((e) => e), error);
    assertStrictEquals(view.error, error);
    assertEquals(view.position, 1);
    assertEquals(env.reported, [error]);
    env.reported.length = 0;
  });

  it("heeds the signal of who waits, and refuses nonsense", async () => {
    const store = await filled(1);
    const view = project(store, { name: "v", env, apply: () => {} });
    const controller = new AbortController();
    const waiting = view.whenProcessed(9, { signal: controller.signal });
    controller.abort("enough");
    assertEquals(await waiting.catch((reason) => reason), "enough");
    for (const position of [-1, NaN, undefined] as never[]) {
      await assertRejects(() => view.whenProcessed(position), RangeError);
    }
    await view.stop();
    assertThrows(() => project(store, { name: "", apply: () => {} }));
    assertThrows(() => project(store, { name: "x", apply: 5 as never }), TypeError);
    assertThrows(() => project(store, { name: "x", apply: () => {}, from: -1 }), RangeError);
    assertThrows(() => project(store, { name: "x", apply: () => {}, checkpoint: -1 }), RangeError);
  });

  it("ends when the store closes", async () => {
    const store = await filled(2);
    const view = project(store, { name: "v", env, apply: () => {} });
    await view.whenProcessed(2);
    const waiting = view.whenProcessed(3).catch((e) => e.constructor);
    await store.close();
    await view.done;
    assertEquals(await waiting, RangeError);
  });
});
