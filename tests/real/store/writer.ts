// A process that writes until it is killed, and says what was acknowledged: one line for each.
import { writeSync } from "node:fs";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "@nova/events/sqlite";
import { projectInline } from "@nova/events/store";

const [path = "", mode = "full", name = "w"] = process.argv.slice(2);
const db = new DatabaseSync(path);
const store = new SqliteStore<Record<string, number>>(db, {
  synchronous: mode as "full" | "normal",
});
await store.open();
db.exec("CREATE TABLE IF NOT EXISTS totals(name TEXT PRIMARY KEY, total INTEGER NOT NULL)");
const add = db.prepare(
  "INSERT INTO totals VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET total = total + ?2",
);
db.exec("CREATE TABLE IF NOT EXISTS views(name TEXT PRIMARY KEY, last INTEGER, seen INTEGER)");
const see = db.prepare(
  "INSERT INTO views VALUES(?1, ?2, 1) ON CONFLICT(name) DO UPDATE SET last = ?2, seen = seen + 1",
);
await projectInline(store, {
  name: "views",
  apply: ({ stream, data }) => void see.run(stream, data),
});

/** Each client goes on where its stream ends, in batches of three with an effect beside them. */
async function client(id: number): Promise<never> {
  const stream = `${name}-${id}`;
  let version = (await store.stream(stream))?.version ?? 0;
  for (;;) {
    const events = [1, 2, 3].map((n) => ({
      id: `${stream}-${version + n}`,
      type: "n",
      data: version + n,
    }));
    const expect = version;
    const unit = {
      appends: [{ stream, events, expect }],
      effects: [() => void add.run(stream, 3)],
    };
    const [appended] = await store.commit(unit);
    version = appended!.version;
    // Written at once, so that what was said is not in a buffer when the end comes.
    writeSync(1, `${stream} ${version}\n`);
  }
}

await Promise.all(Array.from({ length: 10 }, (_, id) => client(id)));
