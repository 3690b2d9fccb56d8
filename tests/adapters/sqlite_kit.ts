/**
 * Databases for tests, where the runtime has SQLite.
 *
 * @module
 */

import type { SqliteDatabase } from "@nova/events/sqlite";

interface Module {
  readonly DatabaseSync: new (path: string) => SqliteDatabase & { close(): void };
}

// Not a name that a bundler follows: workerd has no such module.
const NAME = ["node", "sqlite"].join(":");
const found: Module | undefined = await import(NAME).catch(() => undefined);

/** Why tests of SQLite are skipped; false where they run. */
export const sqliteMissing: string | false = found === undefined
  ? "this runtime has no node:sqlite"
  : false;

/** A new database in memory. */
export function openDatabase(path = ":memory:"): SqliteDatabase & { close(): void } {
  if (found === undefined) throw new Error("This runtime has no node:sqlite");
  return new found.DatabaseSync(path);
}
