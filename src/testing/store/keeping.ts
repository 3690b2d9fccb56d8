/** The cases of retention, checkpoints, cursors, dumps, snapshots and units. */

import { counted, dataOf, rejects, same, type World } from "./kit.ts";

type Case = readonly [string, (world: World) => Promise<void>];

/** What every driver must keep, and forget. */
export const keeping: readonly Case[] = [
  ["retention by number never resets versions or positions", async (world) => {
    if (!world.capabilities.retention.has("count")) return;
    const store = await world.store({ retention: { maxEvents: 3 } });
    for (let i = 1; i <= 10; i++) await store.append(i < 9 ? "a" : "b", [counted(i)]);
    await store.retain();
    same(dataOf(await store.readAll()), [8, 9, 10], "what is left");
    const { version, first } = (await store.stream("a"))!;
    same([version, first], [8, 8], "the stream");
    await store.append("b", [counted(11)]);
    await store.retain();
    same((await store.append("a", [counted(12)], { expect: 8 })).version, 9, "it goes on");
    await rejects(
      store.append("a", [counted(0)], { expect: "absent" }),
      "version-conflict",
      "absent",
    );
    const all = await store.readAll();
    same(all.at(-1)!.position, 12, "positions go on");
  }],
  ["retention by age and by bytes", async (world) => {
    if (!world.capabilities.retention.has("age") || !world.capabilities.retention.has("bytes")) {
      return;
    }
    const aged = await world.store({ retention: { maxAgeMs: 60_000 } });
    await aged.append("a", [{ ...counted(1), timestamp: 8e15 }]);
    world.env.shift += 50_000;
    await aged.append("a", [counted(2)]);
    world.env.shift += 20_000;
    await aged.retain();
    same(dataOf(await aged.read("a")), [2], "by age");
    const heavy = await world.store({ retention: { maxBytes: 1000 } });
    for (let i = 0; i < 20; i++) await heavy.append("a", [counted("x".repeat(90))]);
    await heavy.retain();
    const { bytes, events } = heavy.stats();
    same(bytes <= 1000 && bytes > 800 && events < 11, true, `by bytes (${bytes} in ${events})`);
  }],
  ["retention waits for protected checkpoints, unless forced", async (world) => {
    if (!world.capabilities.retention.has("count")) return;
    const store = await world.store({ retention: { maxEvents: 2 } });
    await store.saveCheckpoint("reader", 0, { protect: true });
    for (let i = 1; i <= 6; i++) await store.append("a", [counted(i)]);
    await store.retain();
    same((await store.readAll()).length, 6, "all are kept");
    await store.saveCheckpoint("reader", 3);
    await store.retain();
    same(dataOf(await store.readAll()), [4, 5, 6], "the protection lasts");
    same(await store.retain({ force: true }), 1, "what was forced");
    same(dataOf(await store.readAll()), [5, 6], "what is left");
  }],
  ["who comes too late is told", async (world) => {
    if (!world.capabilities.retention.has("count")) return;
    const store = await world.store({ retention: { maxEvents: 2 } });
    await store.append("a", [counted(1)]);
    const cursor = await store.cursor(1);
    for (let i = 2; i <= 9; i++) await store.append("a", [counted(i)]);
    await store.retain();
    await rejects(store.position(cursor), "cursor-expired", "a cursor");
    await rejects(store.follow({ after: 1 }).next(), "cursor-expired", "a follower");
    const { value } = await store.feed({ after: 1 }).next();
    same(value, { is: "gap", from: 2, to: 7 }, "a gap");
    same((await store.follow().next()).value?.data, 8, "from the start of what is there");
  }],
  ["cursors name their log", async (world) => {
    const [store, other] = [await world.store(), await world.store()];
    await store.append("a", [counted(1)]);
    const cursor = await store.cursor(1);
    same(await store.position(cursor), 1, "its own");
    await rejects(other.position(cursor), "cursor-foreign", "another log");
    for (const bad of ["", "1", cursor.slice(0, -1), `${cursor}0`, 7 as never]) {
      await rejects(store.position(bad), "validation", `${bad}`);
    }
  }],
  ["checkpoints compare and set", async (world) => {
    const store = await world.store();
    same(await store.checkpoint("c"), undefined, "none");
    await rejects(store.saveCheckpoint("c", 1, { expect: 0 }), "checkpoint-conflict", "of none");
    await store.saveCheckpoint("c", 1, { expect: "absent" });
    await rejects(
      store.saveCheckpoint("c", 2, { expect: "absent" }),
      "checkpoint-conflict",
      "absent",
    );
    await rejects(store.saveCheckpoint("c", 2, { expect: 5 }), "checkpoint-conflict", "elsewhere");
    await store.saveCheckpoint("c", 2, { expect: 1 });
    same(await store.checkpoint("c"), 2, "where it is");
  }],
  ["a lease has one holder; an outlived fence is refused", async (world) => {
    if (world.capabilities.leases === "none") return;
    const store = await world.store();
    const first = (await store.lease("c", { ttlMs: 60_000 }))!;
    same(await store.lease("c", { ttlMs: 60_000 }), undefined, "held");
    await store.saveCheckpoint("c", 1, { fence: first.fence });
    same(await first.renew(), true, "renewed");
    await first.release();
    const second = (await store.lease("c", { ttlMs: 60_000 }))!;
    same(second.fence > first.fence, true, "fences rise");
    await rejects(store.saveCheckpoint("c", 9, { fence: first.fence }), "fenced", "the old one");
    same(await first.renew(), false, "lost");
    await store.saveCheckpoint("c", 2, { fence: second.fence });
    same(await store.checkpoint("c"), 2, "where it is");
  }],
  ["a deleted stream is gone; its versions go on", async (world) => {
    const store = await world.store();
    await store.append("a", [counted(1), counted(2)]);
    await store.append("b", [counted(3)]);
    await store.deleteStream("a");
    await store.deleteStream("unknown");
    same([await store.read("a"), dataOf(await store.readAll())], [[], [3]], "gone");
    same((await store.stream("a"))?.deleted, true, "the tombstone");
    same(store.stats().streams, 1, "streams that have events");
    const again = await store.append("a", [counted(4)], { expect: "absent" });
    same([again.version, (await store.stream("a"))?.deleted], [3, false], "it goes on");
    same((await store.streams()).map(({ name }) => name), ["a", "b"], "the names");
  }],
  ["dump and restore: the same log with the same places", async (world) => {
    if (!world.capabilities.restore) return;
    const store = await world.store();
    for (let i = 1; i <= 30; i++) {
      await store.append(`s${i % 3}`, [{ ...counted({ i }, `e${i}`), metadata: { k: "v" } }]);
    }
    await store.deleteStream("s1");
    await store.saveCheckpoint("c", 7, { protect: true });
    const text = await new Response(store.dump()).text();
    const copy = await world.store();
    same(await copy.restore(streamOf(text)), { events: 20 }, "the number");
    same(await copy.readAll(), await store.readAll(), "the events");
    same(
      [await copy.checkpoint("c"), await copy.streams()],
      [7, await store.streams()],
      "the rest",
    );
    if (world.capabilities.dedupe.scope !== "none") {
      const again = await copy.append("s2", [counted({ i: 29 }, "e29")]);
      same([again.duplicate, again.version], [true, 10], "what was there is recognised");
    }
    same((await copy.append("s1", [counted(31)])).version, 11, "versions go on");
    same((await copy.readAll()).at(-1)?.position, 31, "positions go on");
    await rejects(copy.restore(streamOf(text)), "unsupported", "into a store that has events");
    const lines = text.trimEnd().split("\n");
    for (
      const bad of [lines.slice(0, -1), lines.slice(1), [
        ...lines.slice(0, 9),
        "{",
        ...lines.slice(9),
      ]]
    ) {
      const empty = await world.store();
      await rejects(empty.restore(streamOf(bad.join("\n"))), "corrupt", "a damaged dump");
      same(empty.stats().events, 0, "nothing is loaded");
    }
  }],
  ["aggregates fold from their snapshot, unless its schema is another", async (world) => {
    if (!world.capabilities.documents) return;
    const store = await world.store();
    const load = (schemaVersion: number) =>
      store.loadAggregate<{ sum: number }>("a", {
        initial: () => ({ sum: 0 }),
        fold: (state, { data }) => {
          state.sum += data as number;
          return state;
        },
        snapshotEvery: 5,
        schemaVersion,
      });
    for (let i = 1; i <= 6; i++) await store.append("a", [counted(i)]);
    same(await load(1), { state: { sum: 21 }, version: 6, folded: 6 }, "at first");
    await store.append("a", [counted(7)]);
    same(await load(1), { state: { sum: 28 }, version: 7, folded: 1 }, "from the snapshot");
    same(await load(1), { state: { sum: 28 }, version: 7, folded: 1 }, "which no fold has changed");
    same(await load(2), { state: { sum: 28 }, version: 7, folded: 7 }, "of another schema");
    await store.deleteStream("a");
    same((await load(2)).state, { sum: 0 }, "of a deleted stream");
    same(world.env.reported, [], "no failure");
  }],
  ["a unit enters whole or not at all, with its checkpoint and effects", async (world) => {
    if (!world.capabilities.atomic.mixed) return;
    const store = await world.store();
    const ran: string[] = [];
    const unit = (name: string, expect: number, position: number, fails = false) => ({
      appends: [
        { stream: "a", events: [counted(name)], expect },
        { stream: "b", events: [counted(name)] },
      ],
      checkpoints: [{
        name: "c",
        position,
        expect: position === 1 ? "absent" as const : position - 1,
      }],
      effects: world.capabilities.effects === "none" ? [] : [() => {
        ran.push(name);
        if (fails) throw new RangeError("no");
      }],
    });
    await store.commit(unit("one", 0, 1));
    await rejects(store.commit(unit("two", 0, 2)), "version-conflict", "a version");
    await rejects(store.commit(unit("three", 1, 3)), "checkpoint-conflict", "a checkpoint");
    if (world.capabilities.effects !== "none") {
      const error = await store.commit(unit("four", 1, 2, true)).catch((error) => error);
      same(error instanceof RangeError, true, "an effect that throws");
    }
    await Promise.all([store.commit(unit("five", 1, 2)), store.append("b", [counted("beside")])]);
    same(dataOf(await store.read("a")), ["one", "five"], "one stream");
    same(dataOf(await store.read("b")), ["one", "five", "beside"], "the other");
    same(await store.checkpoint("c"), 2, "the checkpoint");
  }],
  ["close ends followers and refuses the rest", async (world) => {
    const store = await world.store();
    await store.append("a", [counted(1)]);
    const follower = store.follow({ after: 1 });
    const next = follower.next();
    const last = store.append("a", [counted(2)]);
    await store.close();
    same((await last).version, 2, "what was accepted");
    await next;
    same((await follower.next()).done, true, "the follower");
    await rejects(store.append("a", [counted(3)]), "closed", "append");
    await rejects(store.read("a"), "closed", "read");
  }],
];

function streamOf(text: string): ReadableStream<Uint8Array> {
  // In odd pieces, so that lines and characters are cut.
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (let i = 0; i < bytes.length; i += 997) controller.enqueue(bytes.slice(i, i + 997));
      controller.close();
    },
  });
}
