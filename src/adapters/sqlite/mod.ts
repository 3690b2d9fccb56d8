/**
 * A store in a file of SQLite, over the `node:sqlite` that Deno, Bun and Node have.
 *
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { SqliteStore } from "@nova/events/sqlite";
 *
 * const db = new DatabaseSync(":memory:"); // or the path of a file
 * const store = new SqliteStore<{ counted: { n: number } }>(db);
 * await store.append("numbers", [{ type: "counted", data: { n: 1 } }]);
 *
 * const [event] = await store.read("numbers");
 * console.log(event?.data.n, store.capabilities.survives); // 1 nothing
 * await store.close();
 * db.close();
 * ```
 *
 * **Order.** As every store: versions of a stream without a gap, positions in the order of commits,
 * also over several processes on one file.
 *
 * **Failure.** An append resolves after its COMMIT; with `synchronous: "full"`, the default, it then
 * outlives a power cut. A COMMIT that fails closes the store: it never acknowledges on a guess.
 *
 * **Closing.** `close` commits what waits. The database stays open: who opened it closes it.
 *
 * **Limits.** SQLite stops the event loop while it commits; that of a {@linkcode SqliteThreadStore}
 * goes on. Not on network file systems.
 *
 * @module
 */

export { SqliteStore, type SqliteStoreOptions, SqliteThreadStore } from "./store.ts";
export { type ClosableDatabase, exposeSqlite } from "./thread_tasks.ts";
export type { WorkerLike } from "../../pool/protocol.ts";
export { SqliteDriver, type SqliteSettings } from "./driver.ts";
export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./database.ts";
