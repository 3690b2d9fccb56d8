/**
 * The contract of a store: effects and views in the unit of the events.
 */

import { projectInline } from "../../store/inline_projection.ts";
import type { Placed } from "../../store/driver.ts";
import { counted, dataOf, rejects, same, type World } from "./kit.ts";

/** What is written inline. */
export const inlining: readonly (readonly [string, (world: World) => Promise<void>])[] = [
  [
    "effects are told where the appends of their unit stand, and run only if it enters",
    async (world) => {
      const { effects, atomic, dedupe } = world.capabilities;
      if (effects === "none" || !atomic.mixed) return;
      const store = await world.store();
      await store.append("a", [counted(1)]);
      const told: (readonly Placed[])[] = [];
      const unit = {
        appends: [
          { stream: "a", events: [counted(2, "e2"), counted(3, "e3")], expect: 1 },
          { stream: "b", events: [counted(4, "e4")] },
          { stream: "b", events: [counted(5, "e5")] },
        ],
        effects: [(_: never, placed: readonly Placed[]) => void told.push(placed)],
      };
      const places = (): unknown =>
        told.at(-1)?.map(({ version, position, duplicate }) => [version, position, duplicate]);
      const first = await store.commit(unit);
      same(places(), [[3, 3, false], [1, 4, false], [2, 5, false]], "where they stand");
      same(first.map(({ position }) => position), [3, 4, 5], "where they are");
      const [event] = await store.read("b");
      same(told[0]?.[1]?.recordedAt, event?.recordedAt, "when they were written");
      await rejects(
        store.commit({ ...unit, appends: [{ stream: "b", events: [counted(9)], expect: 0 }] }),
        "version-conflict",
        "a conflict",
      );
      same(told.length, 1, "effects of what entered");
      if (dedupe.scope === "none") return;
      await store.commit(unit);
      same(places(), [[3, 3, true], [1, 4, true], [2, 5, true]], "where they stood before");
    },
  ],
  ["an inline view has each event once: not a repetition, not a conflict", async (world) => {
    const { effects, atomic, dedupe } = world.capabilities;
    const store = await world.store();
    const seen: unknown[] = [];
    const project = () =>
      projectInline(store, { name: "v", apply: (event) => void seen.push(event) });
    if (effects === "none" || !atomic.mixed) {
      await rejects(project(), "unsupported", "a view that is written with the append");
      return;
    }
    await store.append("a", [counted(1), counted(2)]);
    await project();
    same(seen, await store.readAll(), "what was there");
    await store.append("a", [counted(3, "e3")]);
    same(seen, await store.readAll(), "what came");
    if (dedupe.scope !== "none") {
      same((await store.append("a", [counted(3, "e3")])).duplicate, true, "the same once more");
    }
    await rejects(store.append("a", [counted(4)], { expect: 1 }), "version-conflict", "a conflict");
    await store.commit({
      appends: [
        { stream: "b", events: [counted(4), counted(5)] },
        { stream: "a", events: [counted(3, "e3")] },
        { stream: "b", events: [counted(6)] },
      ],
    });
    await Promise.all([7, 8, 9].map((i) => store.append(`s${i}`, [counted(i)])));
    same(seen, await store.readAll(), "all of it, with its places");
    same(await store.checkpoint("projection/v"), store.stats().head, "the checkpoint");
  }],
  ["an append whose inline view fails does not enter", async (world) => {
    const { effects, atomic } = world.capabilities;
    if (effects === "none" || !atomic.mixed) return;
    const store = await world.store();
    const apply = ({ data }: { readonly data: unknown }): void => {
      if (data === "bad") throw new RangeError("no");
    };
    await projectInline(store, { name: "v", apply });
    await store.append("a", [counted("good")]);
    const [before, bad, beside] = await Promise.allSettled([
      store.append("b", [counted("before")]),
      store.append("new", [counted("fine"), counted("bad")]),
      store.append("other", [counted("beside")]),
    ]);
    same(
      [before.status, bad.status, beside.status],
      ["fulfilled", "rejected", "fulfilled"],
      "each",
    );
    same((bad as PromiseRejectedResult).reason instanceof RangeError, true, "what it threw");
    same(dataOf(await store.readAll()), ["good", "before", "beside"], "what is there");
    same([await store.stream("new"), store.stats().streams], [undefined, 3], "no stream of it");
    same((await store.append("new", [counted("again")])).version, 1, "as if it had never been");
    same(await store.checkpoint("projection/v"), 4, "the checkpoint");
  }],
  ["an inline view gets what was written without it", async (world) => {
    const { effects, atomic } = world.capabilities;
    if (effects === "none" || !atomic.mixed) return;
    const store = await world.store();
    const seen: unknown[] = [];
    const options = {
      name: "v",
      streams: ["a", "b"],
      apply: ({ data }: { readonly data: unknown }) => void seen.push(data),
    };
    for (let i = 1; i <= 600; i++) await store.append(i % 2 === 0 ? "a" : "c", [counted(i)]);
    const view = await projectInline(store, options);
    same([seen.length, seen.at(-1)], [300, 600], "what was there");
    view.stop();
    await store.append("b", [counted(601)]);
    same(seen.length, 300, "nothing once it is stopped");
    await projectInline(store, options);
    await store.append("a", [counted(602)]);
    same(seen.slice(300), [601, 602], "what came meanwhile");
  }],
  [
    "a dump goes into a store with checkpoints, and not into one with an inline view",
    async (world) => {
      const { effects, atomic, restore } = world.capabilities;
      if (effects === "none" || !atomic.mixed || !restore) return;
      const store = await world.store();
      const copy = await world.store();
      const options = { name: "v", apply: () => {} };
      for (const made of [store, copy]) await projectInline(made, options);
      await store.append("a", [counted(1)]);
      await rejects(copy.restore(store.dump()), "unsupported", "under a view");
      const third = await world.store();
      (await projectInline(third, options)).stop();
      same(await third.restore(store.dump()), { events: 1 }, "once it is stopped");
      same(await third.checkpoint("projection/v"), 1, "the checkpoint of the dump");
      const seen: unknown[] = [];
      await projectInline(third, { name: "w", apply: ({ data }) => void seen.push(data) });
      same(seen, [1], "a view under a new name");
    },
  ],
];
