import {
  ClosedError,
  CorruptError,
  EncodeError,
  ReadOnlyError,
  SchemaNewerError,
  UnavailableError,
  UnknownOutcomeError,
} from "@nova/events";
import { type SqliteDatabase, SqliteStore, type SqliteStoreOptions } from "@nova/events/sqlite";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { n, type Numbers } from "../store/kit.ts";
import { openDatabase, sqliteMissing } from "./sqlite_kit.ts";

/** A database that fails when a statement runs, if `failing` says so. */
function faulty(failing: (sql: string) => Error | undefined): SqliteDatabase {
  const db = openDatabase();
  const guard = <Answer>(sql: string, run: () => Answer): Answer => {
    const error = failing(sql);
    if (error !== undefined) throw error;
    return run();
  };
  return {
    exec: (sql) => guard(sql, () => db.exec(sql)),
    prepare: (sql) => {
      const statement = db.prepare(sql);
      return {
        run: (...values) => guard(sql, () => statement.run(...values)),
        get: (...values) => guard(sql, () => statement.get(...values)),
        all: (...values) => guard(sql, () => statement.all(...values)),
      };
    },
  };
}

function open(
  options?: SqliteStoreOptions,
  db: SqliteDatabase = openDatabase(),
): SqliteStore<Numbers> {
  return new SqliteStore<Numbers>(db, options);
}

function suite(): void {
  it("commits what is appended in one turn at once, and each fails alone", async () => {
    const store = open();
    const appends = Array.from(
      { length: 100 },
      (_, i) => store.append(`s${i % 10}`, [n(i)], i % 10 === 3 ? { expect: 0 } : {}),
    );
    assertEquals(store.stats().queued, 100);
    const outcomes = await Promise.allSettled(appends);

    assertEquals(store.commits, 1);
    const refused = outcomes.filter(({ status }) => status === "rejected");
    assertEquals([refused.length, store.stats().events], [9, 91]);
    await store.append("t", [n(1)]);
    assertEquals(store.commits, 2);
    await store.close();
  });

  it("waits groupMs for others, and refuses nonsense", async () => {
    const store = open({ groupMs: 20 });
    const first = store.append("a", [n(1)]);
    await new Promise((resolve) => setTimeout(resolve, 3));
    await Promise.all([first, store.append("a", [n(2)])]);

    assertEquals(store.commits, 1);
    await store.close();
    for (const groupMs of [-1, NaN, 1001, "5"] as never[]) {
      assertThrows(() => open({ groupMs }), RangeError);
    }
    for (const synchronous of ["off", null, 1] as never[]) {
      assertThrows(() => open({ synchronous }), RangeError);
    }
    for (const busyMs of [-1, NaN, Infinity] as never[]) {
      assertThrows(() => open({ busyMs }), RangeError);
    }
    for (const db of [undefined, null, {}, "x"] as never[]) {
      assertThrows(() => new SqliteStore(db), TypeError);
    }
  });

  it("heeds a signal until its group is committed", async () => {
    const store = open();
    const controller = new AbortController();
    const aborted = store.append("a", [n(1)], { signal: controller.signal });
    const kept = store.append("a", [n(2)]);
    controller.abort("enough");

    assertEquals(await aborted.catch((reason) => reason), "enough");
    assertEquals((await kept).version, 1);
    await store.close();
  });

  it("closes when a COMMIT fails, and says that nobody knows", async () => {
    let fail = false;
    const db = faulty((sql) => fail && sql === "COMMIT" ? new Error("disk I/O error") : undefined);
    const store = open({}, db);
    await store.append("a", [n(1)]);
    const follower = store.follow({ after: 1 }).next();
    fail = true;
    const both = await Promise.allSettled([store.append("a", [n(2)]), store.append("b", [n(3)])]);

    for (const outcome of both) {
      assert(outcome.status === "rejected");
      assertInstanceOf(outcome.reason, UnknownOutcomeError);
      assert(outcome.reason.retryable);
    }
    assertEquals((await follower).done, true);
    fail = false;
    await assertRejects(() => store.append("a", [n(4)]), ClosedError);
    await assertRejects(() => store.read("a"), ClosedError);
    await store.close();
  });

  it("refuses what finds no room, and goes on when there is", async () => {
    let full = false;
    const error = new Error("database or disk is full");
    const db = faulty((sql) => full && /^INSERT/.test(sql) ? error : undefined);
    const store = open({}, db);
    await store.append("a", [n(1)]);
    full = true;
    const refused = await assertRejects(() => store.append("a", [n(2)]), UnavailableError, "full");
    assertStrictEquals(refused.cause, error);
    await assertRejects(() => store.saveCheckpoint("c", 1), UnavailableError);
    full = false;
    assertEquals((await store.append("a", [n(3)], { expect: 1 })).version, 2);
    assertEquals((await store.read("a")).map(({ data }) => data), [1, 3]);
    await store.close();
  });

  it("finds no room in a file that is really full", async () => {
    const db = openDatabase();
    const store = open({}, db);
    await store.append("a", [n(1)]);
    const { page_count } = db.prepare("PRAGMA page_count").get() as { page_count: number };
    db.exec(`PRAGMA max_page_count = ${page_count + 2}`);
    const text = { type: "n", data: "x".repeat(100_000) } as never;
    await assertRejects(() => store.append("a", [text]), UnavailableError, "full");
    db.exec("PRAGMA max_page_count = 100000");

    assertEquals((await store.append("a", [text], { expect: 1 })).version, 2);
    assertEquals(await store.checkIntegrity(), []);
    await store.close();
  });

  it("refuses a file that is read-only, no database, or of a newer schema", async () => {
    const readOnly = faulty((sql) =>
      /^(BEGIN IMMEDIATE|CREATE)/.test(sql)
        ? new Error("attempt to write a readonly database")
        : undefined
    );
    await assertRejects(() => open({}, readOnly).append("a", [n(1)]), ReadOnlyError);
    const garbage = faulty((sql) =>
      /sqlite_master/.test(sql) ? new Error("file is not a database") : undefined
    );
    await assertRejects(() => open({}, garbage).read("a"), CorruptError);
    const db = openDatabase();
    await open({}, db).append("a", [n(1)]);
    db.exec("UPDATE nova_log SET schema = 99");
    const error = await assertRejects(() => open({}, db).append("a", [n(1)]), SchemaNewerError);
    assertEquals([error.found, error.supported], [99, 1]);
  });

  it("waits for a lock without end of patience, then rejects with the lock as cause", async () => {
    let locked = 3;
    const busy = new Error("database is locked");
    const db = faulty((sql) => sql === "BEGIN IMMEDIATE" && locked-- > 0 ? busy : undefined);
    locked = 0;
    const store = open({ busyMs: 60 }, db);
    await store.open();
    locked = 3;
    assertEquals((await store.append("a", [n(1)])).version, 1);
    locked = Infinity;
    const error = await assertRejects(() => store.append("a", [n(2)]), UnavailableError, "locked");
    assertStrictEquals(error.cause, busy);
    locked = 0;
    assertEquals((await store.append("a", [n(3)])).version, 2);
    await store.close();
  });

  it("takes back what an effect wrote when it throws, and refuses one that is asynchronous", async () => {
    const db = openDatabase();
    db.exec("CREATE TABLE mine(x)");
    const store = open({}, db);
    const write = (tx: SqliteDatabase): void => void tx.prepare("INSERT INTO mine VALUES(1)").run();
    const fails = (): void => {
      throw new RangeError("no");
    };
    const unit = (effects: ((tx: SqliteDatabase) => void | Promise<void>)[], expect = 0) => ({
      appends: [{ stream: "a", events: [n(1)], expect }],
      effects,
    });
    await assertRejects(() => store.commit(unit([write, fails])), RangeError, "no");
    await assertRejects(() => store.commit(unit([write, () => Promise.resolve()])), TypeError);
    await assertRejects(() => store.commit(unit([write], 5)), Error, "version");
    assertEquals(db.prepare("SELECT count(*) AS n FROM mine").get(), { ...count(0) });
    await store.commit(unit([write]));
    assertEquals(db.prepare("SELECT count(*) AS n FROM mine").get(), { ...count(1) });
    assertEquals(store.stats().events, 1);
    await store.close();
  });

  it("forgets what a unit with effects had counted when its write fails", async () => {
    let isBroken = false;
    const db = faulty((sql) =>
      isBroken && /^INSERT INTO nova_marks/.test(sql) ? new Error("disk I/O error") : undefined
    );
    const store = open({}, db);
    await store.append("a", [n(1)]);
    isBroken = true;
    const unit = {
      appends: [{ stream: "a", events: [n(2)] }],
      checkpoints: [{ name: "c", position: 1 }],
      effects: [() => {}],
    };
    await assertRejects(() => store.commit(unit), UnavailableError, "disk I/O error");
    isBroken = false;
    const { version, position } = await store.append("a", [n(3)]);

    assertEquals([version, position, store.stats().events], [2, 2, 2]);
    await store.close();
  });

  it("lets no effect end its transaction", async () => {
    const db = openDatabase();
    db.exec("CREATE TABLE mine(x)");
    const store = open({}, db);
    const unit = (stream: string, effect: (tx: SqliteDatabase) => unknown) => ({
      appends: [{ stream, events: [n(1)] }],
      effects: [(tx: SqliteDatabase) => {
        tx.exec("INSERT INTO mine VALUES(1)");
        effect(tx);
      }],
    });
    for (const sql of ["COMMIT", " rollback", "END TRANSACTION", "BEGIN", "commit;"]) {
      for (const how of ["exec", "prepare"] as const) {
        await assertRejects(
          () => store.commit(unit("a", (tx) => tx[how](sql))),
          TypeError,
          "effect",
        );
      }
    }
    await store.commit(unit("b", (tx) => {
      tx.exec("SAVEPOINT mine");
      tx.exec("INSERT INTO mine VALUES(2)");
      tx.exec("ROLLBACK TO mine");
      tx.exec("RELEASE mine");
    }));
    assertEquals(db.prepare("SELECT x FROM mine").all().length, 1);
    assertEquals(store.stats().events, 1);
    await store.close();
  });

  for (const sql of ["COMMIT", "ROLLBACK", "COMMIT; BEGIN", "ROLLBACK; BEGIN"]) {
    it(`closes when an effect goes behind its back: ${sql}`, async () => {
      const db = openDatabase();
      const store = open({}, db);
      await store.append("a", [n(1)]);
      const before = store.append("a", [n(2)]);
      const unit = {
        appends: [{ stream: "a", events: [n(3)] }],
        effects: [() => void db.exec(sql)],
      };
      const behind = await Promise.allSettled([
        before,
        store.commit(unit),
        store.append("b", [n(4)]),
      ]);

      for (const outcome of behind) {
        assert(outcome.status === "rejected");
        assertInstanceOf(outcome.reason, UnknownOutcomeError);
      }
      await assertRejects(() => store.append("a", [n(5)]), ClosedError);
      // What is there is whole, and goes on.
      const again = open({}, db);
      const there = (await again.read("a")).map(({ data }) => data);
      assertEquals(there, sql.startsWith("COMMIT") ? [1, 2, 3] : [1]);
      assertEquals((await again.append("a", [n(6)])).version, there.length + 1);
      assertEquals(again.stats().events, there.length + 1);
      assertEquals(await again.checkIntegrity(), []);
    });
  }

  it("tells what it survives as the engine says", async () => {
    const store = open({ synchronous: "normal" });
    await store.open();
    const { survives, because, writers } = store.capabilities;

    assertEquals([survives, writers], ["nothing", "one"]);
    assertEquals(because, "journal_mode=memory, synchronous=NORMAL");
    await store.close();
  });

  it("reads only what its codec wrote, and says where the rest is", async () => {
    const db = openDatabase();
    await open({}, db).append("a", [n(1)]);
    const plain = { name: "plain", encode: String, decode: Number };
    const other = open({ codec: plain }, db);

    await assertRejects(() => other.read("a"), CorruptError, 'its codec is "json"');
    await other.append("b", [n(5)]);
    assertEquals((await other.read("b"))[0]?.data, 5);
    db.exec("UPDATE nova_events SET data = '{' WHERE position = 1");
    await assertRejects(() => open({}, db).read("a"), CorruptError);
  });

  it("goes on where it was when it is opened again, with the same ids known", async () => {
    const db = openDatabase();
    const first = open({}, db);
    await first.append("a", [{ ...n(1), id: "e1" }]);
    const cursor = await first.cursor(1);
    await first.close();
    const second = open({}, db);

    assertEquals((await second.append("a", [{ ...n(1), id: "e1" }])).duplicate, true);
    assertEquals(await second.position(cursor), 1);
    assertEquals((await second.append("a", [n(2)], { expect: 1 })).position, 2);
    await second.close();
  });

  it("refuses wrong data before anything of the batch is there", async () => {
    const store = open();
    const error = await assertRejects(
      () => store.append("a", [n(1), { type: "n", data: { deep: [1, { x: NaN }] } as never }]),
      EncodeError,
    );

    assertEquals(error.path, ["deep", 1, "x"]);
    assertEquals(await store.readAll(), []);
    await store.close();
  });

  it("commits what waits when it closes", async () => {
    const store = open();
    const appended = store.append("a", [n(1)]);
    assertEquals(await store.open().then(() => store.close()), { completed: 1, left: 0 });
    assertEquals((await appended).version, 1);
  });
}

function count(n: number): { n: number } {
  return Object.assign(Object.create(null), { n });
}

describe("SqliteStore", () => {
  if (sqliteMissing === false) suite();
  else it.skip(`all of it: ${sqliteMissing}`, () => {});
});
