/**
 * How the connection is set, and what that makes of the store: read back, never assumed.
 */

import type { Capabilities } from "../../store/driver.ts";
import type { SqliteDatabase } from "./database.ts";

/** The most bytes of one value that SQLite takes unless it was built otherwise. */
const LARGEST_VALUE = 1_000_000_000;

function pragma(db: SqliteDatabase, name: string): string | number {
  const row = db.prepare(`PRAGMA ${name}`).get() as Record<string, string | number> | null;
  return Object.values(row ?? {})[0] ?? "";
}

/** Sets the connection up, and tells what the engine made of it. */
export function configure(
  db: SqliteDatabase,
  { synchronous }: { readonly synchronous: "full" | "normal" },
): { readonly journal: string; readonly synchronous: string; readonly readOnly: boolean } {
  // SQLite waits inside the call and stops the event loop: hardly at all, the rest waits outside.
  db.exec("PRAGMA busy_timeout = 5");
  let readOnly = false;
  try {
    db.exec("PRAGMA journal_mode = WAL");
  } catch (error) {
    if (!/readonly|read-only/i.test(String(error))) throw error;
    readOnly = true;
  }
  db.exec(`PRAGMA synchronous = ${synchronous.toUpperCase()}`);
  db.exec("PRAGMA trusted_schema = OFF");
  const levels: Readonly<Record<number, string>> = { 0: "off", 1: "normal", 2: "full", 3: "extra" };
  const level = Number(pragma(db, "synchronous"));
  return {
    journal: String(pragma(db, "journal_mode")),
    synchronous: levels[level] ?? `level ${level}`,
    readOnly,
  };
}

/** What a connection with these settings can promise. */
export function capabilitiesOf(
  journal: string,
  synchronous: string,
  readOnly: boolean,
): Capabilities {
  const safe = synchronous === "full" || synchronous === "extra";
  const survives = journal === "memory" || journal === "off" || journal === "unopened"
    ? "nothing"
    : safe
    ? "power-loss"
    : "process-crash";
  return {
    engine: "sqlite",
    survives,
    because: `journal_mode=${journal}, synchronous=${synchronous.toUpperCase()}${
      readOnly ? ", read-only" : ""
    }`,
    data: "encoded",
    versions: "dense",
    atomic: { records: Infinity, streams: Infinity, mixed: true },
    dedupe: { scope: "stream", ids: Infinity, windowMs: Infinity },
    effects: "sync",
    checkpoints: "fenced",
    leases: "engine-clock",
    wake: "poll",
    writers: journal === "memory" ? "one" : "many",
    blocks: "per-commit",
    reads: new Set(["stream", "reverse", "type", "time"] as const),
    retention: new Set(["age", "count", "bytes", "position"] as const),
    documents: true,
    restore: true,
    maxRecordBytes: LARGEST_VALUE,
  };
}
