import { type SqliteDatabase, SqliteStore } from "@nova/events/sqlite";
import { type InlineProjection, projectInline } from "@nova/events/store";
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { openDatabase, sqliteMissing } from "./sqlite_kit.ts";

type Money = { paidIn: number };

describe("projectInline() into SQLite", { skip: sqliteMissing }, () => {
  const paidIn = (data: number, id?: string) =>
    id === undefined ? { type: "paidIn" as const, data } : { type: "paidIn" as const, data, id };

  function open(db: SqliteDatabase): SqliteStore<Money> {
    db.exec("CREATE TABLE IF NOT EXISTS balances(account TEXT PRIMARY KEY, amount INTEGER)");
    return new SqliteStore<Money>(db);
  }

  function balances(store: SqliteStore<Money>): Promise<InlineProjection> {
    return projectInline(store, {
      name: "balances",
      apply: ({ stream, data }, tx) => {
        tx.prepare(
          "INSERT INTO balances VALUES(?1, ?2) ON CONFLICT DO UPDATE SET amount = amount + ?2",
        ).run(stream, data);
        if (data < 0) throw new RangeError("no debts");
      },
    });
  }

  const shown = (db: SqliteDatabase): string =>
    db.prepare("SELECT account, amount FROM balances ORDER BY account").all()
      .map((row) => Object.values(row as object).join("=")).join(" ");

  it("is exact behind repetitions, conflicts and throws", async () => {
    const db = openDatabase();
    const store = open(db);
    await balances(store);
    await store.append("a", [paidIn(1, "p1"), paidIn(2, "p2")]);
    await store.append("a", [paidIn(1, "p1"), paidIn(2, "p2")]);
    await assertRejects(() => store.append("a", [paidIn(5)], { expect: 1 }), Error, "version");
    const [, bad, good] = await Promise.allSettled([
      store.append("b", [paidIn(10)]),
      store.append("c", [paidIn(20), paidIn(-1)]),
      store.append("d", [paidIn(30)]),
    ]);
    assertEquals([bad.status, good.status], ["rejected", "fulfilled"]);
    assertEquals(shown(db), "a=3 b=10 d=30");
    assertEquals((await store.streams()).map(({ name }) => name), ["a", "b", "d"]);
    assertEquals((await store.readAll()).map(({ stream }) => stream), ["a", "a", "b", "d"]);
    assertEquals([await store.checkIntegrity(), store.stats().events], [[], 4]);
    await store.close();
  });

  it("goes on where it was when the store is opened again, and has what came without it", async () => {
    const db = openDatabase();
    const one = open(db);
    await one.append("a", [paidIn(1)]);
    await balances(one);
    await one.append("a", [paidIn(2)]);
    // Not closed: as if its process were gone.
    const two = open(db);
    await two.append("b", [paidIn(4)]);
    assertEquals(shown(db), "a=3");
    await balances(two);
    assertEquals(shown(db), "a=3 b=4");
    await two.append("b", [paidIn(8)]);
    assertEquals(shown(db), "a=3 b=12");
    await two.close();
  });

  it("forgets the names of streams that did not come to be", async () => {
    const db = openDatabase();
    const store = open(db);
    const seen: Promise<unknown>[] = [];
    const unit = {
      appends: [{ stream: "gone", events: [paidIn(1)] }],
      effects: [() => {
        seen.push(store.readAll());
        throw new RangeError("no");
      }],
    };
    await assertRejects(() => store.commit(unit), RangeError);
    await Promise.all(seen);
    await store.append("here", [paidIn(1)]);
    assertEquals((await store.readAll()).map(({ stream }) => stream), ["here"]);
    await store.close();
  });

  it("keeps the order where a codec answers late", async () => {
    const db = openDatabase();
    db.exec("CREATE TABLE seen(data)");
    const codec = {
      name: "late",
      encode: (data: unknown) =>
        new Promise<string>((done) => setTimeout(() => done(`${data}`), 9 - Number(data))),
      decode: (text: string | Uint8Array) =>
        new Promise<unknown>((done) => setTimeout(() => done(Number(text)), 9 - Number(text))),
    };
    const store = new SqliteStore<Money>(db, { codec });
    await projectInline(store, {
      name: "v",
      apply: ({ data }, tx) => void tx.prepare("INSERT INTO seen VALUES(?)").run(data),
    });
    await Promise.all([1, 4, 8].map((data) => store.append("a", [paidIn(data)])));
    assertEquals((await store.read("a")).map(({ data }) => data), [1, 4, 8]);
    assertEquals(
      db.prepare("SELECT data FROM seen").all().map((row) => (row as { data: number }).data),
      [1, 4, 8],
    );
    await store.close();
  });
});
