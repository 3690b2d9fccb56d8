/**
 * The tables of a store. All begin with `nova_`, so that they may live beside the user's own.
 */

import { SchemaNewerError } from "../../errors/store.ts";
import type { SqliteDatabase } from "./database.ts";

/** The schema this code writes. */
export const SCHEMA = 1;

/**
 * Streams are keyed by a number, versions and counts live in their rows, so that retention can remove
 * events without forgetting where a stream was. There is no index by time: positions and times rise
 * together, so a time is found by halving.
 */
const TABLES = `
CREATE TABLE nova_log(
  one INTEGER PRIMARY KEY CHECK (one = 1), schema INTEGER NOT NULL, log TEXT NOT NULL,
  head INTEGER NOT NULL, oldest INTEGER NOT NULL, recorded_at REAL NOT NULL,
  events INTEGER NOT NULL, streams INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
CREATE TABLE nova_streams(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL, first INTEGER NOT NULL, deleted INTEGER NOT NULL) STRICT;
CREATE TABLE nova_events(
  position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL,
  recorded_at REAL NOT NULL, timestamp REAL NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
  own INTEGER, codec TEXT NOT NULL, data ANY NOT NULL, metadata TEXT, size INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX nova_events_place ON nova_events(stream, version);
CREATE INDEX nova_events_id ON nova_events(stream, id) WHERE own = 1;
CREATE TABLE nova_marks(
  name TEXT PRIMARY KEY, low INTEGER NOT NULL, done TEXT NOT NULL, protect INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE nova_leases(
  name TEXT PRIMARY KEY, fence INTEGER NOT NULL, until REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE nova_documents(key TEXT PRIMARY KEY, body ANY NOT NULL) STRICT, WITHOUT ROWID;
`;

/** The schema of a database; 0 if it has none. Throws if it is newer than this code. */
export function schemaOf(db: SqliteDatabase, store: string): number {
  const table = db.prepare("SELECT name FROM sqlite_master WHERE name = 'nova_log'").get();
  if (table === undefined || table === null) return 0;
  const row = db.prepare("SELECT schema FROM nova_log").get() as { schema: number } | undefined;
  const schema = row?.schema ?? 0;
  if (schema > SCHEMA) throw new SchemaNewerError(store, schema, SCHEMA);
  return schema;
}

/** Makes the tables, unless another process came first. Migrations of later schemas go here too. */
export function migrate(db: SqliteDatabase, store: string, log: string): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    if (schemaOf(db, store) === 0) {
      db.exec(TABLES);
      db.prepare("INSERT INTO nova_log VALUES(1, ?, ?, 0, 1, -1e300, 0, 0, 0)").run(SCHEMA, log);
    }
    db.exec("COMMIT");
  } catch (error) {
    try {
      db.exec("ROLLBACK");
    } catch {
      // It has rolled back by itself.
    }
    throw error;
  }
}
