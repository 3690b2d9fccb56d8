import { Bus } from "@nova/events/bus";
import { SqliteStore } from "@nova/events/sqlite";
import { createTestEnv, type Env } from "@nova/events/testing";
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";

describe("two buses on one file", () => {
  it("see what the other publishes, and share the work of one id by taking over", async () => {
    const folder = await Deno.makeTempDir({ prefix: "nova-two-" });
    const open = (): { db: DatabaseSync; store: SqliteStore; bus: Bus } => {
      const db = new DatabaseSync(`${folder}/store.db`);
      const store = new SqliteStore(db);
      return { db, store, bus: new Bus({ store, leaseMs: 200 }) };
    };
    const one = open();
    const two = open();
    const seen: string[] = [];
    let arrived: () => void = () => {};
    const follow = async (bus: Bus, name: string): Promise<void> => {
      const topic = bus.topic<{ n: number }>("numbers");
      await topic.subscribe(({ data }) => {
        seen.push(`${name}${data}`);
        arrived();
      }, { id: "reader", from: "earliest" }).ready;
    };
    await follow(one.bus, "one ");
    const taking = follow(two.bus, "two ");
    for (let n = 1; n <= 3; n++) {
      const came = new Promise<void>((resolve) => arrived = resolve);
      await two.bus.topic<{ n: number }>("numbers").publish({ type: "n", data: n });
      await came;
    }
    assertEquals(seen, ["one 1", "one 2", "one 3"]);

    await one.bus.close();
    await taking;
    const came = new Promise<void>((resolve) => arrived = resolve);
    await two.bus.topic<{ n: number }>("numbers").publish({ type: "n", data: 4 });
    await came;
    assertEquals(seen, ["one 1", "one 2", "one 3", "two 4"]);
    await two.bus.close();
    for (const { store, db } of [one, two]) {
      await store.close();
      db.close();
    }
    await Deno.remove(folder, { recursive: true });
  });
});

describe("a bus whose database fails", () => {
  it("looks again in a while, and holds nobody up", async () => {
    const folder = await Deno.makeTempDir({ prefix: "nova-broken-" });
    const world = createTestEnv();
    let reports = 0;
    const env = Object.create(world, {
      report: {
        value: () => {
          // Without end, no timer would fire any more.
          if (++reports === 200) void store.close();
        },
      },
    }) as Env;
    const db = new DatabaseSync(`${folder}/store.db`);
    const store: SqliteStore = new SqliteStore(db, { env });
    const bus = new Bus({ env, store });
    bus.topic("numbers").subscribe(() => {}, { id: "reader" });
    await world.settle();
    db.close();
    await world.advance(10_000);

    assert(reports > 0 && reports < 50, `${reports} reports in ten seconds`);
    await store.close();
    void bus.close();
    await world.settle();
    assertEquals(world.pending.timers, 0);
    await Deno.remove(folder, { recursive: true });
  });
});
