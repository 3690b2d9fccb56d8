/**
 * What this adapter needs of SQLite, as `node:sqlite` has it on Deno, Bun and Node, and what went
 * wrong in words of Nova.
 */

import { CorruptError, ReadOnlyError, UnavailableError } from "../../errors/store.ts";

/** What SQLite stores. */
export type SqliteValue = string | number | bigint | Uint8Array | null;

/** A prepared statement. */
export interface SqliteStatement {
  /** Writes. */
  run(...values: SqliteValue[]): unknown;
  /** The first row. */
  get(...values: SqliteValue[]): unknown;
  /** All rows. */
  all(...values: SqliteValue[]): unknown[];
}

/** An open database: a `DatabaseSync` of `node:sqlite`. */
export interface SqliteDatabase {
  /** Runs statements. */
  exec(sql: string): unknown;
  /** Prepares a statement. */
  prepare(sql: string): SqliteStatement;
}

/** What a failure of SQLite is about. */
export type Trouble = "busy" | "full" | "read-only" | "corrupt" | "other";

const CODES: Readonly<Record<number, Trouble>> = {
  5: "busy",
  6: "busy",
  8: "read-only",
  11: "corrupt",
  13: "full",
  26: "corrupt",
};

const WORDS: readonly (readonly [RegExp, Trouble])[] = [
  [/database (table )?is locked|SQLITE_BUSY|SQLITE_LOCKED/i, "busy"],
  [/readonly database|read-?only/i, "read-only"],
  [/malformed|not a database|SQLITE_CORRUPT|SQLITE_NOTADB/i, "corrupt"],
  [/disk is full|SQLITE_FULL/i, "full"],
];

/** What an error of SQLite is about: by its code where the runtime tells it, else by its words. */
export function troubleOf(error: unknown): Trouble {
  const { errcode, message } = Object(error) as { errcode?: unknown; message?: unknown };
  const byCode = typeof errcode === "number" ? CODES[errcode & 0xff] : undefined;
  if (byCode !== undefined) return byCode;
  return WORDS.find(([words]) => words.test(String(message)))?.[1] ?? "other";
}

/** The error of Nova for an error of SQLite after which nothing was stored. */
export function translated(error: unknown, store: string): Error {
  const cause = error;
  switch (troubleOf(error)) {
    case "busy":
      return new UnavailableError(`Store "${store}" is locked by another connection`, { cause });
    case "full":
      return new UnavailableError(`Store "${store}" has no room left: its disk is full`, { cause });
    case "read-only":
      return new ReadOnlyError(store, { cause });
    case "corrupt":
      return new CorruptError(`The file of store "${store}" is damaged, or no database`, { cause });
    default:
      return new UnavailableError(
        `SQLite failed under store "${store}": ${String(Object(error).message)}`,
        {
          cause,
        },
      );
  }
}
