/**
 * Views written inline by several connections to one file.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { SqliteStore } from "@nova/events/sqlite";
import { type InlineProjection, projectInline } from "@nova/events/store";

type Money = { paidIn: number };

describe("projectInline() over one file", () => {
  let folder = "";
  const dbs: DatabaseSync[] = [];
  const paidIn = (data: number) => ({ type: "paidIn" as const, data });

  beforeEach(async () => void (folder = await Deno.makeTempDir({ prefix: "nova-inline-" })));
  afterEach(async () => {
    for (const db of dbs.splice(0)) db.close();
    await Deno.remove(folder, { recursive: true });
  });

  async function open(count: number): Promise<SqliteStore<Money>[]> {
    const stores: SqliteStore<Money>[] = [];
    for (let i = 0; i < count; i++) {
      const db = new DatabaseSync(`${folder}/store.db`);
      dbs.push(db);
      db.exec("CREATE TABLE IF NOT EXISTS balances(account TEXT PRIMARY KEY, amount INTEGER)");
      const store = new SqliteStore<Money>(db);
      await store.open();
      stores.push(store);
    }
    return stores;
  }

  function balances(store: SqliteStore<Money>): Promise<InlineProjection> {
    return projectInline(store, {
      name: "balances",
      apply: ({ stream, data }, tx) =>
        void tx.prepare(
          "INSERT INTO balances VALUES(?1, ?2) ON CONFLICT DO UPDATE SET amount = amount + ?2",
        ).run(stream, data),
    });
  }

  const shown = (): string =>
    dbs[0]!.prepare("SELECT account, amount FROM balances ORDER BY account").all()
      .map((row) => Object.values(row).join("=")).join(" ");

  it("serves two stores over one file, and one that writes without it", async () => {
    const [one, two, bare] = await open(3) as [
      SqliteStore<Money>,
      SqliteStore<Money>,
      SqliteStore<Money>,
    ];
    await Promise.all([balances(one), balances(two)]);
    await Promise.all(
      [one, two, bare, two, one, bare, one].map((store, i) => store.append("a", [paidIn(10 ** i)])),
    );
    await one.append("b", [paidIn(5)]);
    assertEquals(shown(), "a=1111111 b=5");
    assertEquals(await two.checkpoint("projection/balances"), 8);
    for (const store of [one, two, bare]) await store.close();
  });

  it("keeps the order of one stream while it is brought up to date", async () => {
    const [one, bare] = await open(2) as [SqliteStore<Money>, SqliteStore<Money>];
    await balances(one);
    await bare.append("a", [paidIn(1)]);
    const appends = [2, 3, 4, 5].map((amount) => one.append("a", [paidIn(amount)]));
    await appends[0];
    appends.push(one.append("a", [paidIn(6)]));
    await Promise.all(appends);
    assertEquals((await one.read("a")).map(({ data }) => data), [1, 2, 3, 4, 5, 6]);
    assertEquals(shown(), "a=21");
    for (const store of [one, bare]) await store.close();
  });
});
