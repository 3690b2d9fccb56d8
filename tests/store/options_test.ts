import { createEvent, LimitExceededError } from "@nova/events";
import { MemoryStore, type StoreOptions, strictJson } from "@nova/events/store";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { hashString } from "../../src/internal/hash.ts";
import { IdWindow } from "../../src/store/id_window.ts";
import { Log } from "../../src/store/log.ts";
import { useTestEnv } from "../support/env.ts";
import { forSeeds } from "../sim/world.ts";
import { n, type Numbers } from "./kit.ts";

describe("options of a store", () => {
  const env = useTestEnv();

  it("refuse nonsense", () => {
    const wrong: readonly StoreOptions[] = [
      ...[0, -1, 1.5, NaN, "5"].flatMap((value) =>
        ["maxStreams", "maxEventsPerStream", "maxEventBytes"].map((name) => ({ [name]: value }))
      ),
      ...[-1, 0.5, NaN, Infinity].map((idWindow) => ({ idWindow })),
      ...["", "drop", null].map((onLimit) => ({ onLimit: onLimit as "reject" })),
      ...[0, -1, NaN].map((maxEvents) => ({ retention: { maxEvents } })),
      ...[0, NaN].map((maxBytes) => ({ retention: { maxBytes } })),
      ...[-1, NaN].map((maxAgeMs) => ({ retention: { maxAgeMs } })),
    ];
    for (const options of wrong) {
      assertThrows(() => new MemoryStore(options), RangeError, undefined, JSON.stringify(options));
    }
    assertThrows(() => new MemoryStore({ retention: null as never }), TypeError);
  });

  it("idWindow is how many ids are recognised, exactly; 0 is none", async () => {
    const events = [1, 2, 3, 4].map((i) => createEvent("n", i));
    const store = new MemoryStore<Numbers>({ env, idWindow: 3 });
    for (const event of events) await store.append("a", [event]);
    assertEquals((await store.append("a", [events[1]!])).duplicate, true);
    assertEquals((await store.append("a", [events[0]!])).duplicate, false);
    const none = new MemoryStore<Numbers>({ env, idWindow: 0 });
    await none.append("a", [events[0]!]);
    assertEquals((await none.append("a", [events[0]!])).duplicate, false);
    // With a number the place is looked at, whatever the window.
    assertEquals((await none.append("a", [events[0]!], { expect: 1 })).duplicate, true);
  });

  it("maxEventBytes counts data, type, id and metadata", async () => {
    const event = { type: "n", id: "12", metadata: { k: "é" }, data: "xyz" };
    const size = '"xyz"'.length + "n".length + "12".length + "k".length + 2;
    const fits = new MemoryStore({ env, maxEventBytes: size });
    await fits.append("a", [event]);
    const tight = new MemoryStore({ env, maxEventBytes: size - 1 });
    const error = await assertRejects(() => tight.append("a", [event]), LimitExceededError);
    assertEquals([error.option, error.limit], ["maxEventBytes", size - 1]);
  });

  it("retention by age is exact in memory, also for who only reads", async () => {
    const store = new MemoryStore<Numbers>({ env, retention: { maxAgeMs: 1000 } });
    await store.append("a", [n(1)]);
    await env.advance(600);
    await store.append("a", [n(2)]);
    await env.advance(400);
    assertEquals((await store.read("a")).length, 2);
    await env.advance(1);
    assertEquals((await store.read("a")).map(({ data }) => data), [2]);
    await env.advance(1000);
    assertEquals(await store.readAll(), []);
    assertEquals((await store.append("a", [n(3)], { expect: 2 })).position, 3);
    assertEquals(store.stats().oldest, 3);
  });

  it("retention waits for a live follower within its maxLag", async () => {
    const store = new MemoryStore<Numbers>({ env, retention: { maxEvents: 2 } });
    await store.append("a", [n(0)]);
    const follower = store.follow({ maxLag: 5 });
    await follower.next();
    for (let i = 1; i <= 4; i++) await store.append("a", [n(i)]);
    assertEquals(store.stats().events, 5);
    for (let i = 5; i <= 9; i++) await store.append("a", [n(i)]);
    assertEquals(store.stats().events, 2);
    await assertRejects(() => follower.next(), Error, "retention removed");
  });
});

describe("replay", () => {
  const env = useTestEnv();

  it("keeps the pauses, divided by speed, and can be left and aborted", async () => {
    const store = new MemoryStore<Numbers>({ env });
    for (let i = 0; i < 3; i++) {
      await store.append("a", [n(i)]);
      await env.advance(1000);
    }
    const seen: number[][] = [];
    const start = env.monotonic();
    const done = (async () => {
      for await (const { data } of store.replay({ speed: 2 })) {
        seen.push([data, env.monotonic() - start]);
      }
    })();
    for (let i = 0; i < 12; i++) await env.advance(100);
    await done;
    assertEquals(seen, [[0, 0], [1, 500], [2, 1000]]);

    const controller = new AbortController();
    const slow = store.replay({ speed: 0.001, signal: controller.signal });
    await slow.next();
    const next = slow.next().catch((reason) => reason);
    await env.settle();
    controller.abort("enough");
    assertEquals(await next, "enough");
    for (const speed of [0, -1, NaN, "1"] as never[]) {
      await assertRejects(() => store.replay({ speed }).next(), RangeError, "speed");
    }
  });
});

describe("IdWindow", () => {
  /** Ids in pairs of the same hash, so that the log must tell them apart. */
  function twins(): string[] {
    const known = new Map<number, string>();
    const found: string[] = [];
    for (let i = 0; found.length < 20; i++) {
      const id = `id-${i}-${i * 7919}`;
      const twin = known.get(hashString(id));
      if (twin === undefined) known.set(hashString(id), id);
      else found.push(id, twin);
    }
    return found;
  }

  it("is a plain list of the last ids, whatever their hashes (seeded)", () => {
    const ids = [...twins(), ...Array.from({ length: 70 }, (_, i) => `id-${i}`)];
    return forSeeds(30, (world) => {
      const log = new Log();
      const capacity = 1 + world.below(60);
      const window = new IdWindow(capacity);
      const added: { id: string; stream: string; position: number }[] = [];
      for (let i = 0; i < 400; i++) {
        const id = ids[world.below(ids.length)]!;
        const stream = log.streamFor(`s${world.below(2)}`);
        const event = { id, type: "n", timestamp: 0, metadata: {}, data: i };
        const kept = added.slice(-capacity);
        const wanted = kept.findLast((each) => each.id === id && each.stream === stream.name);
        assertEquals(window.find(event, stream, log), wanted?.position ?? 0);
        const position = log.append(stream, event, 0);
        window.add(event, stream, position);
        added.push({ id, stream: stream.name, position });
      }
      return Promise.resolve();
    });
  });
});

describe("strictJson", () => {
  it("gives back what it takes", () => {
    const shared = { x: 1 };
    const good = [undefined, null, 0, "", "\ud800", [], {}, {
      __proto__: null,
      a: [shared, shared],
    }];
    for (const data of good) assertEquals(strictJson.decode(strictJson.encode(data)), data);
    assertEquals(strictJson.encode({ a: undefined, b: 1 }), '{"b":1}');
    let deep: unknown = 1;
    for (let i = 0; i < 400; i++) deep = [deep];
    assert(typeof strictJson.encode(deep) === "string");
  });

  it("refuses a getter that throws, boxed values and classes, and says where", () => {
    class Money {}
    const throwing = {
      get a(): number {
        throw new Error("no");
      },
    };
    for (
      const data of [
        throwing,
        new Money(),
        new Set(),
        Object(1n),
        new Proxy({}, { ownKeys: () => [1] as never }),
      ]
    ) {
      assertThrows(() => strictJson.encode({ list: [data] }), Error, "data.list.0");
    }
  });
});
