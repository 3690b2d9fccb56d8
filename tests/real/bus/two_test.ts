import { Bus } from "@nova/events/bus";
import { SqliteStore } from "@nova/events/sqlite";
import { assertEquals } from "@std/assert";
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
