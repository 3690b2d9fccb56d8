// The thread of a store; `die` in its name ends it in the second commit.
import { DatabaseSync } from "node:sqlite";
import { exposeSqlite } from "@nova/events/sqlite";

const { searchParams } = new URL(import.meta.url);
exposeSqlite(() => {
  const db = new DatabaseSync(searchParams.get("path") ?? ":memory:");
  if (!searchParams.has("die")) return db;
  return {
    exec: (sql) => db.exec(sql),
    prepare: (sql) => {
      const statement = db.prepare(sql);
      if (sql !== "COMMIT") return statement;
      const run = (): void => {
        statement.run();
        // It is committed, and nobody hears of it.
        if (db.prepare("SELECT head FROM nova_log").get()!.head === 2) self.close();
      };
      return { run, get: () => statement.get(), all: () => statement.all() };
    },
    close: () => db.close(),
  };
});
