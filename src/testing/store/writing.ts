/** The cases of appending. */

import { counted, dataOf, rejects, same, type World } from "./kit.ts";

type Case = readonly [string, (world: World) => Promise<void>];

/** What every driver must do with what is written. */
export const writing: readonly Case[] = [
  ["versions are 1…n, positions rise, the result says where (I1, I2)", async (world) => {
    const store = await world.store();
    const one = await store.append("a", [counted(1), counted(2)]);
    const two = await store.append("b", [counted(3)]);
    const three = await store.append("a", [counted(4)]);
    same([one.version, two.version, three.version], [2, 1, 3], "versions");
    const all = await store.readAll();
    same(
      all.map(({ stream, version }) => `${stream}${version}`),
      ["a1", "a2", "b1", "a3"],
      "places",
    );
    same(all.every((event, i) => i === 0 || event.position > all[i - 1]!.position), true, "rising");
    same(three.position, all[3]!.position, "the position of the append");
    same(one.events, all.slice(0, 2), "the records of the append");
  }],
  ["the first call opens, and what it writes is as what others write", async (world) => {
    const store = await world.unopened();
    const [first, second] = await Promise.all([
      store.append("a", [counted(1)]),
      store.append("a", [counted(2)]),
    ]);
    same([first.version, second.version], [1, 2], "in the order of the calls");
    same(dataOf(await store.read("a")), [1, 2], "what was written");
  }],
  ["events come back as they went in", async (world) => {
    const store = await world.store();
    const event = {
      type: "counted" as const,
      id: "é-😀",
      timestamp: 12.5,
      metadata: { trace: "ü", "a.b": "" },
      data: { text: '\u0000 "quoted" 😀', list: [1, -2.5, null, true, { deep: [] }], empty: {} },
    };
    await store.append("s😀", [event, { type: "other", data: undefined }]);
    const [back, other] = await store.read("s😀");
    const { type, id, timestamp, metadata, data } = back!;
    same({ type, id, timestamp, metadata, data }, event, "the event");
    same(other?.data === undefined && other?.type === "other", true, "data that is undefined");
  }],
  ["expect: the five words", async (world) => {
    const store = await world.store();
    await rejects(
      store.append("a", [counted(0)], { expect: "present" }),
      "version-conflict",
      "present",
    );
    await rejects(store.append("a", [counted(0)], { expect: 1 }), "version-conflict", "ahead");
    await store.append("a", [counted(1)], { expect: "absent" });
    await rejects(
      store.append("a", [counted(0)], { expect: "absent" }),
      "version-conflict",
      "absent",
    );
    await store.append("a", [counted(2)], { expect: 1 });
    await store.append("a", [counted(3)], { expect: "present" });
    await store.append("a", [counted(4)], { expect: "any" });
    const error = await rejects(
      store.append("a", [counted(0)], { expect: 2 }),
      "version-conflict",
      "behind",
    ) as unknown as { actual: number; events: { data: unknown }[] };
    same([error.actual, dataOf(error.events)], [4, [3, 4]], "the conflict");
    same(dataOf(await store.read("a")), [1, 2, 3, 4], "what entered");
  }],
  ["an append of nothing changes nothing", async (world) => {
    const store = await world.store();
    same((await store.append("a", [])).version, 0, "version");
    same(await store.stream("a"), undefined, "no stream");
  }],
  ["tried again with the same ids it answers what it answered", async (world) => {
    if (world.capabilities.dedupe.scope === "none") return;
    const store = await world.store();
    const batch = [counted(1, "e1"), counted(2), counted(3, "e3")];
    const first = await store.append("a", batch, { expect: 0 });
    await store.append("b", [counted(9)]);
    await store.append("a", [counted(4, "e4")]);
    for (const expect of ["any", "absent", "present", 0] as const) {
      const again = await store.append("a", batch, { expect });
      same(
        [again.duplicate, again.version, again.position],
        [true, 3, first.position],
        `${expect}`,
      );
      same(dataOf(again.events), [1, 2, 3], "the events of then");
    }
    same((await store.append("a", [counted(4, "e4")], { expect: 3 })).duplicate, true, "alone");
    same((await store.append("b", [counted(1, "e1")])).duplicate, false, "in another stream");
    same((await store.read("a")).length, 4, "nothing entered twice");
  }],
  ["an id that is there with something else is a conflict", async (world) => {
    if (world.capabilities.dedupe.scope === "none") return;
    const store = await world.store();
    await store.append("a", [counted(1, "e1"), counted(2, "e2")]);
    const conflict = (
      events: Parameters<typeof store.append>[1],
      expect: number | "any",
      what: string,
    ) => rejects(store.append("a", events, { expect }), "id-conflict", what);
    await conflict([counted(7, "e1")], "any", "other data");
    await conflict([{ type: "other", data: 1, id: "e1" }], 0, "another type");
    await conflict([counted(2, "e2"), counted(3, "e3")], "any", "a part");
    await conflict([counted(2, "e2"), counted(1, "e1")], "any", "another order");
    await conflict([counted(5, "e5"), counted(6, "e5")], "any", "twice in one batch");
    await rejects(
      store.append("a", [counted(8, "e8")], { expect: 0 }),
      "version-conflict",
      "other ids",
    );
    same(dataOf(await store.read("a")), [1, 2], "nothing entered");
  }],
  ["limits refuse the whole batch, and touch no other stream", async (world) => {
    const store = await world.store({ maxStreams: 2, maxEventsPerStream: 3, maxEventBytes: 200 });
    await store.append("a", [counted(1), counted(2)]);
    await rejects(store.append("a", [counted(3), counted(4)]), "limit-exceeded", "per stream");
    await store.append("b", [counted(5)]);
    await rejects(store.append("c", [counted(6)]), "limit-exceeded", "streams");
    await rejects(
      store.append("a", [counted("x".repeat(300))]),
      "limit-exceeded",
      "bytes",
    );
    const pair = (one: string, other: string) =>
      store.commit({ appends: [one, other].map((stream) => ({ stream, events: [counted(8)] })) });
    if (world.capabilities.atomic.mixed) {
      await rejects(pair("a", "a"), "limit-exceeded", "per stream, as one");
      const empty = await world.store({ maxStreams: 1 });
      const both = ["x", "y"].map((stream) => ({ stream, events: [counted(8)] }));
      await rejects(empty.commit({ appends: both }), "limit-exceeded", "streams, as one");
    }
    same(dataOf(await store.readAll()), [1, 2, 5], "what entered");
    await store.append("a", [counted(7)]);
  }],
  ["drop-oldest makes room in that stream only, and versions go on", async (world) => {
    const store = await world.store({ maxEventsPerStream: 2, onLimit: "drop-oldest" });
    await store.append("b", [counted(0)]);
    for (let i = 1; i <= 4; i++) await store.append("a", [counted(i)]);
    await rejects(
      store.append("a", [counted(5), counted(6), counted(7)]),
      "limit-exceeded",
      "more than there is room",
    );
    const kept = await store.read("a");
    same(kept.map(({ version, data }) => [version, data]), [[3, 3], [4, 4]], "what is left");
    same(dataOf(await store.readAll()), [0, 3, 4], "the log");
    same((await store.append("a", [counted(8)], { expect: 4 })).version, 5, "the next version");
  }],
  ["data that would change is refused where it is encoded", async (world) => {
    if (world.capabilities.data !== "encoded") return;
    const store = await world.store();
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    let deep: unknown = 1;
    for (let i = 0; i < 20_000; i++) deep = [deep];
    const bad = [
      cyclic,
      deep,
      1n,
      NaN,
      Infinity,
      new Map(),
      new Date(),
      new Uint8Array(2),
      () => 1,
    ];
    bad.push({ toJSON: () => 5 }, [undefined], { deep: { n: -Infinity } }, Symbol("s"));
    for (const data of bad) {
      await rejects(store.append("a", [counted(1), counted(data)]), "encode", typeof data);
    }
    same(await store.stream("a"), undefined, "nothing is half-written");
  }],
  [
    "of many writers that expect the same, one enters: their order is one (linearizable)",
    async (world) => {
      const store = await world.store();
      const wins: number[] = [];
      await Promise.all(Array.from({ length: 20 }, async (_, client) => {
        for (let done = 0, known = 0; done < 5;) {
          try {
            const { version } = await store.append("a", [counted([client, done])], {
              expect: known,
            });
            same(version, known + 1, "the version that was expected");
            wins.push(version);
            known = version;
            done += 1;
          } catch (error) {
            const { code, actual } = error as { code: string; actual: number };
            same(code, "version-conflict", "the refusal");
            if (actual <= known) throw new Error(`a conflict at ${actual} after ${known} was seen`);
            known = actual;
          }
        }
      }));
      const events = await store.read("a");
      same(
        events.map(({ version }) => version),
        Array.from({ length: 100 }, (_, i) => i + 1),
        "versions",
      );
      same(wins.toSorted((a, b) => a - b).length, new Set(wins).size, "each version was won once");
      for (let client = 0; client < 20; client++) {
        const own = dataOf(events).filter((data) => (data as number[])[0] === client);
        same(own.map((data) => (data as number[])[1]), [0, 1, 2, 3, 4], "a client's own order");
      }
    },
  ],
];
