import { MemoryStore, project, rebuild } from "@nova/events/store";
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

describe("rebuild()", () => {
  const env = useTestEnv();

  it("builds beside the running one, then takes its place and its protection", async () => {
    const store = new MemoryStore<Numbers>({ env, retention: { maxEvents: 2 } });
    const old: number[] = [];
    const running = project(store, { name: "v1", env, apply: ({ data }) => void old.push(data) });
    await store.append("a", [n(1), n(2)]);
    await running.whenProcessed(2);
    const seen: number[] = [];
    let slow: () => void = () => {};
    const rebuilding = rebuild(store, running, {
      name: "v2",
      env,
      apply: ({ data }) => {
        seen.push(data);
        return data === 1 ? new Promise<void>((resolve) => slow = resolve) : undefined;
      },
    });
    await env.settle();
    // The running one goes on, and the new one still has to see it.
    await store.append("a", [n(3)]);
    await env.settle();
    assertEquals([old, seen], [[1, 2, 3], [1]]);
    slow();
    const rebuilt = await rebuilding;
    assertEquals([seen, rebuilt.name, rebuilt.position], [[1, 2, 3], "v2", 3]);

    await store.append("a", [n(4)]);
    await rebuilt.whenProcessed(4);
    assertEquals([old.length, seen.length], [3, 4]);
    await rebuilt.stop();
    await store.saveCheckpoint("projection/v2", 4, { protect: false });
    await store.append("a", [n(5), n(6)]);
    assertEquals(store.stats().oldest, 5, "the old checkpoint holds nothing back");
  });

  it("leaves the running one alone when it fails or is given up", async () => {
    const store = new MemoryStore<Numbers>({ env });
    const running = project(store, { name: "v1", env, apply: () => {} });
    await store.append("a", [n(1)]);
    const { reported } = env;
    const fails = (): void => {
      throw new RangeError("no");
    };
    await assertRejects(
      () => rebuild(store, running, { name: "v2", env, apply: fails }),
      RangeError,
      "no",
    );
    assertEquals(reported.splice(0).length, 1);
    let release: () => void = () => {};
    const slow = (): Promise<void> => new Promise((resolve) => release = resolve);
    const controller = new AbortController();
    const { signal } = controller;
    const given = rebuild(store, running, { name: "v3", env, apply: slow }, { signal });
    await env.settle();
    await assertRejects(
      () => rebuild(store, running, { name: "v1", env, apply: () => {} }),
      TypeError,
      "name",
    );
    const { position } = await store.append("a", [n(2)]);
    await running.whenProcessed(position);
    controller.abort("enough");
    assertEquals(await given.catch((reason) => reason), "enough");
    release();
    await env.settle();
    assertEquals(store.stats().followers, 1);
    await running.stop();
  });
});
