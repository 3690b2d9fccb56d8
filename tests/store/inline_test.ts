import { MemoryStore, projectInline } from "@nova/events/store";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { Bus } from "@nova/events/bus";
import { useTestEnv } from "../support/env.ts";
import { n, type Numbers } from "./kit.ts";

describe("projectInline()", () => {
  const env = useTestEnv();
  const open = (options: object = {}): MemoryStore<Numbers> =>
    new MemoryStore<Numbers>({ env, ...options });

  it("changes a view in memory with the events, or not at all", async () => {
    const store = open();
    let total = 0;
    await projectInline(store, {
      name: "v",
      apply: ({ data }, tx) => {
        tx.change(() => void (total += data));
        if (data === 3) throw new RangeError("no");
      },
    });
    await store.append("a", [n(1), n(2)]);
    await assertRejects(() => store.append("a", [n(2), n(3)]), RangeError, "no");
    await assertRejects(
      () => store.commit({ appends: [{ stream: "a", events: [n(5)] }], effects: [() => fail()] }),
      RangeError,
    );
    assertEquals([total, store.stats().events], [3, 2]);
    await store.close();
  });

  it("reports a change that throws: its events have entered", async () => {
    const store = open();
    const changed: number[] = [];
    await projectInline(store, {
      name: "v",
      apply: ({ data }, tx) =>
        tx.change(() => {
          if (data === 1) fail();
          changed.push(data);
        }),
    });
    await store.append("a", [n(1), n(2)]);
    assertEquals([changed, store.stats().events], [[2], 2]);
    assertEquals(env.reported.splice(0).map(String), ["RangeError: no"]);
    await store.close();
  });

  it("refuses what writes to the store inside of its unit", async () => {
    const store = open();
    const inner: Promise<unknown>[] = [];
    const view = await projectInline(store, {
      name: "v",
      apply: () => void inner.push(store.append("b", [n(9)]), store.deleteStream("a")),
    });
    await store.append("a", [n(1)]);
    const [append, cut] = await Promise.allSettled(inner);
    assertEquals([append?.status, cut?.status], ["rejected", "rejected"]);
    assertEquals((await store.readAll()).length, 1);
    view.stop();
    await store.append("b", [n(2)]);
    assertEquals(inner.length, 2);
    await store.close();
  });

  it("refuses an apply that returns a promise, and applies nothing behind it", async () => {
    const store = open();
    const seen: number[] = [];
    await projectInline(store, {
      name: "v",
      apply: async ({ data }) => {
        await Promise.resolve();
        seen.push(data);
      },
    });
    await assertRejects(() => store.append("a", [n(1), n(2)]), TypeError, "asynchronous");
    await Promise.resolve();
    assertEquals([seen, store.stats().events], [[1], 0]);
    await store.close();
  });

  it("begins where it is told, once, and keeps what it has not seen", async () => {
    const store = open({ retention: { maxEvents: 2 } });
    for (let i = 1; i <= 2; i++) await store.append("a", [n(i)]);
    const seen: number[] = [];
    const options = { apply: ({ data }: { readonly data: number }) => void seen.push(data) };
    const loose = await projectInline(store, { name: "w", protect: false, ...options });
    loose.stop();
    const view = await projectInline(store, { name: "v", from: 1, ...options });
    view.stop();
    for (let i = 3; i <= 6; i++) await store.append("a", [n(i)]);
    assertEquals(store.stats().events, 4);
    await projectInline(store, { name: "v", from: 0, ...options });
    assertEquals(seen, [1, 2, 2, 3, 4, 5, 6]);
    assertEquals(store.stats().events, 2);
    await assertRejects(
      () => projectInline(store, { name: "w", ...options }),
      RangeError,
      "missed",
    );
    await assertRejects(
      () => projectInline(store, { name: "x", from: 7, ...options }),
      RangeError,
      "ends at 6",
    );
    await store.append("a", [n(7)]);
    assertEquals(seen.at(-1), 7);
    await store.close();
  });

  it("fails to start where the view fails, and lets appends enter without it", async () => {
    const store = open();
    await store.append("a", [n(1)]);
    const starting = projectInline(store, { name: "v", apply: () => fail() });
    const meanwhile = store.append("a", [n(2)]);
    await assertRejects(() => starting, RangeError, "no");
    assertEquals((await meanwhile).version, 2);
    const seen: number[] = [];
    await projectInline(store, { name: "v", apply: ({ data }) => void seen.push(data) });
    assertEquals(seen, [1, 2]);
    await assertRejects(
      () => projectInline(store, { name: "v", apply: () => {} }),
      TypeError,
      "twice",
    );
    await store.close();
  });

  it("leaves a checkpoint alone that the caller names in the unit", async () => {
    const store = open();
    await projectInline(store, { name: "v", apply: () => {} });
    const mark = { name: "projection/v", position: 9, expect: 5 };
    await assertRejects(
      () => store.commit({ appends: [{ stream: "a", events: [n(1)] }], checkpoints: [mark] }),
      Error,
      "projection/v",
    );
    await store.close();
  });

  it("sees events as readers do, in several views, in the order of appends", async () => {
    const store = new MemoryStore<{ old: number; today: number }>({
      env,
      upcasters: { old: ({ data }) => ({ type: "today", data: (data as number) * 10 }) },
    });
    const seen: string[] = [];
    for (const name of ["v", "w"]) {
      await projectInline(store, {
        name,
        apply: ({ type, data }) => void seen.push(`${name} ${type} ${data}`),
      });
    }
    await store.append("a", [{ type: "old", data: 1 }, { type: "today", data: 2 }]);
    assertEquals(seen, ["v today 10", "w today 10", "v today 2", "w today 2"]);
    await store.close();
  });

  it("has what a durable bus appends", async () => {
    const store = open();
    const seen: unknown[] = [];
    await projectInline(store, { name: "v", apply: ({ data }) => void seen.push(data) });
    const bus = new Bus({ env, store });
    const handled: number[] = [];
    const topic = bus.topic<Numbers>("numbers");
    topic.subscribe(({ data }) => void handled.push(data), { id: "s" });
    await Promise.all([1, 2, 3].map((i) => topic.publish(n(i))));
    await bus.close();
    assertEquals([seen, handled], [[1, 2, 3], [1, 2, 3]]);
    await store.close();
  });

  it("refuses what is no option, and a store that is closed", async () => {
    const store = open();
    const apply = (): void => {};
    const bad: [object, typeof TypeError | typeof RangeError][] = [
      [{ apply }, TypeError],
      [{ name: "", apply }, TypeError],
      [{ name: "v" }, TypeError],
      [{ name: "v", apply, from: -1 }, RangeError],
    ];
    for (const [options] of bad) await assertRejects(() => projectInline(store, options as never));
    await store.close();
    const late = await projectInline(store, { name: "v", apply }).catch((error) => error);
    assert(late.code === "closed");
  });
});

function fail(): never {
  throw new RangeError("no");
}
