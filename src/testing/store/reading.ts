/** The cases of reading and following. */

import { counted, dataOf, rejects, same, type World } from "./kit.ts";

type Case = readonly [string, (world: World) => Promise<void>];

/** What every driver must answer. */
export const reading: readonly Case[] = [
  ["pages: after, limit, reverse, of a stream and of the log", async (world) => {
    const store = await world.store();
    for (let i = 1; i <= 7; i++) await store.append(i % 2 === 1 ? "a" : "b", [counted(i)]);
    const at = (await store.readAll()).map(({ position }) => position);
    same(dataOf(await store.read("a", { after: 1, limit: 2 })), [3, 5], "a stream");
    same(dataOf(await store.read("a", { reverse: true, limit: 2 })), [7, 5], "in reverse");
    same(dataOf(await store.read("a", { reverse: true, after: 3 })), [3, 1], "before a version");
    same(dataOf(await store.readAll({ after: at[4]! })), [6, 7], "the log");
    same(
      dataOf(await store.readAll({ reverse: true, after: at[2]! })),
      [2, 1],
      "the log, in reverse",
    );
    same(await store.read("c"), [], "an unknown stream");
    const pages: unknown[] = [];
    for await (const page of store.pages({ limit: 3 })) pages.push(dataOf(page));
    same(pages, [[1, 2, 3], [4, 5, 6], [7]], "page by page");
  }],
  ["by type and by time, half open", async (world) => {
    const store = await world.store();
    const times: number[] = [];
    for (let i = 0; i < 12; i++) {
      world.env.shift += 1000;
      const type = i % 3 === 0 ? "other" : "counted";
      const { events } = await store.append(i % 2 === 0 ? "a" : "b", [{ type, data: i }]);
      times.push(events[0]!.recordedAt);
    }
    same(dataOf(await store.readAll({ types: ["other"] })), [0, 3, 6, 9], "types");
    same(dataOf(await store.read("a", { types: ["other"], limit: 1 })), [0], "types of a stream");
    same(dataOf(await store.readAll({ types: ["none"] })), [], "no such type");
    same(dataOf(await store.readAll({ from: times[4]!, until: times[7]! })), [4, 5, 6], "a span");
    const span = { from: new Date(times[2]!), until: times[9]! + 0.5, reverse: true };
    same(dataOf(await store.read("b", span)), [9, 7, 5, 3], "a span of a stream, in reverse");
    same(dataOf(await store.readAll({ from: times[11]! + 1 })), [], "after the end");
    const replayed: unknown[] = [];
    for await (const { data } of store.replay({ from: times[10]! })) replayed.push(data);
    same(replayed, [10, 11], "a replay");
  }],
  ["recordedAt never goes back", async (world) => {
    const store = await world.store();
    const first = await store.append("a", [counted(1)]);
    world.env.shift -= 1_000_000;
    const second = await store.append("a", [counted(2)]);
    same(second.events[0]!.recordedAt >= first.events[0]!.recordedAt, true, "store time");
  }],
  ["a follower gets what is there and what comes, each once, in order", async (world) => {
    const store = await world.store();
    const total = 300;
    const followers = [0, 20, 100].map(async (start) => {
      while ((await store.readAll({ reverse: true, limit: 1 })).length === 0) await pause();
      const seen: unknown[] = [];
      for await (const { data } of store.follow({ after: start })) {
        seen.push(data);
        if (data === total) break;
      }
      return seen;
    });
    for (let i = 1; i <= total; i += 3) {
      await store.append(`s${i % 5}`, [counted(i), counted(i + 1), counted(i + 2)]);
      if (i % 30 === 1) await pause();
    }
    for (const [i, seen] of (await Promise.all(followers)).entries()) {
      const start = [0, 20, 100][i]!;
      const wanted = Array.from({ length: total - start }, (_, n) => start + n + 1);
      same(seen, wanted, `the follower from ${start}`);
    }
    same(store.stats().followers, 0, "none is left");
  }],
  ["feed tells when it has caught up; streams pick", async (world) => {
    const store = await world.store();
    await store.append("a", [counted(1)]);
    await store.append("b", [counted(2)]);
    const seen: unknown[] = [];
    for await (const item of store.feed({ streams: ["b"] })) {
      seen.push(item.is === "event" ? item.event.data : item.is);
      if (item.is === "caught-up") void store.append("b", [counted(3)]);
      if (seen.length === 3) break;
    }
    same(seen, [2, "caught-up", 3], "the items");
  }],
  ["a follower that lags is told, or skips and shows it", async (world) => {
    const store = await world.store();
    for (let i = 1; i <= 20; i++) await store.append("a", [counted(i)]);
    const strict = store.follow({ maxLag: 5, onLag: "error" });
    await rejects(strict.next(), "limit-exceeded", "error");
    const items: unknown[] = [];
    for await (const item of store.feed({ maxLag: 5, onLag: "skip" })) {
      items.push(item.is === "event" ? item.event.data : item);
      if (item.is === "caught-up") break;
    }
    same(items.slice(0, 6), [{ is: "gap", from: 1, to: 15 }, 16, 17, 18, 19, 20], "skip");
    same(store.stats().skipped, 15, "the skipped are counted");
  }],
  ["an aborted signal ends a follower with its reason", async (world) => {
    const store = await world.store();
    const controller = new AbortController();
    const next = store.follow({ signal: controller.signal }).next();
    await pause();
    controller.abort("enough");
    same(await next.catch((reason) => reason), "enough", "the reason");
  }],
  ["upcasters lift old events, one after the other", async (world) => {
    const store = await world.store({
      upcasters: {
        counted: ({ data }) => ({ type: "middle", data: { n: data } }),
        middle: ({ data }) => ({ data: { ...data as object, lifted: true } }),
      },
    });
    await store.append("a", [counted(1)]);
    const [event] = await store.read("a");
    same([event?.type, event?.data], ["middle", { n: 1, lifted: true }], "the event of today");
  }],
];

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
