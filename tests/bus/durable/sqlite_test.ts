import { EncodeError, TerminalError } from "@nova/events";
import { Bus, type DeadLetter } from "@nova/events/bus";
import { SqliteStore } from "@nova/events/sqlite";
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { openDatabase, sqliteMissing } from "../../adapters/sqlite_kit.ts";
import { useTestEnv } from "../../support/env.ts";
import { assertLaws, byKey, type Keyed, step } from "../kit.ts";

const KEYS = ["a", "b", "c", "d"];

describe("a durable bus on SQLite", { skip: sqliteMissing }, () => {
  const env = useTestEnv();

  it("goes on in order, with its letters and parked keys, in another life", async () => {
    const db = openDatabase();
    const store = new SqliteStore(db);
    const seen: string[] = [];
    for (const life of [1, 2, 3]) {
      const bus = new Bus({ store, leaseMs: 100 });
      const topic = bus.topic<Keyed>("steps", { key: byKey, partitions: 2, maxConcurrency: 4 });
      const reader = topic.subscribe(async ({ data: { key, n } }) => {
        if (key === "b") await undefined;
        if (key === "c" && life === 1) throw new TerminalError("not in this life");
        seen.push(`${key}${n}`);
      }, { id: "reader", onFailure: "park-key" });
      await reader.ready;
      if (life === 3) assertEquals(reader.redrive(), { redriven: 1, left: 0 });
      await Promise.all(
        KEYS.flatMap((key) => [1, 2, 3].map((n) => topic.publish(step(key, (life - 1) * 3 + n)))),
      );
      assertLaws(topic);
      await bus.close();
    }

    for (const key of KEYS) {
      assertEquals(
        seen.filter((name) => name[0] === key),
        Array.from({ length: 9 }, (_, i) => `${key}${i + 1}`),
      );
    }
    const letters = await store.read("topic/steps.dlq");
    assertEquals(letters.map(({ data }) => (data as DeadLetter).attempts), [1]);
    await store.close();
    db.close();
  });

  it("commits what is published in one turn as one", async () => {
    const db = openDatabase();
    const store = new SqliteStore(db);
    const bus = new Bus({ store });
    const topic = bus.topic<{ n: number }>("numbers");
    await topic.publish({ type: "n", data: 0 });
    const before = store.commits;
    await Promise.all(Array.from({ length: 100 }, (_, n) => topic.publish({ type: "n", data: n })));

    assertEquals(store.commits - before, 1);
    await bus.close();
    await store.close();
    db.close();
  });

  it("refuses what it could not keep", async () => {
    const db = openDatabase();
    const store = new SqliteStore(db);
    const bus = new Bus({ store });
    const topic = bus.topic<{ when: Date }>("dates");

    await assertRejects(() => topic.publish({ type: "when", data: new Date(0) }), EncodeError);
    assertEquals(topic.stats().rejected, 1);
    await bus.close();
    await store.close();
    db.close();
  });

  it("says nothing more when its store was closed before it", async () => {
    const db = openDatabase();
    const store = new SqliteStore(db, { env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Keyed>("steps");
    topic.subscribe(() => {}, { id: "a" });
    await env.settle();
    void topic.publish(step("a", 1));
    await env.settle();
    void store.close();
    db.close();
    await env.advance(60_000);

    assertEquals(env.reported, []);
    let isClosed = false;
    void bus.close().then(() => isClosed = true);
    await env.settle();
    assertEquals(isClosed, true);
  });
});
