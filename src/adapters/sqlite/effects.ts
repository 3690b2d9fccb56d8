/**
 * Effects inside a transaction of the store. They write whatever they like; when it ends is not theirs
 * to say, as it holds the units of others too.
 */

import { show } from "../../internal/check.ts";
import type { Placed } from "../../store/driver.ts";
import type { SqliteDatabase } from "./database.ts";

/** What an effect does. */
export type Effect = (tx: SqliteDatabase, placed: readonly Placed[]) => void | Promise<void>;

/** An effect ended the transaction, past the guard: what was in it is stored or not, nobody knows. */
export class TransactionEnded extends TypeError {
  override readonly name: string = "TransactionEnded";

  constructor(cause: unknown) {
    super("An effect ended the transaction it was part of: it must not COMMIT or ROLLBACK", {
      cause,
    });
  }
}

const ENDING = /^\s*(BEGIN|COMMIT|END|ROLLBACK(?!\s+(TRANSACTION\s+)?TO\b))\b/i;

/** The database as effects get it: it refuses what begins or ends a transaction. */
export function guarded(db: SqliteDatabase): SqliteDatabase {
  const check = (sql: string): string => {
    if (!ENDING.test(sql)) return sql;
    throw new TypeError(`Cannot run ${show(sql)} in an effect: the store ends its transaction`);
  };
  return { exec: (sql) => db.exec(check(sql)), prepare: (sql) => db.prepare(check(sql)) };
}

/** Runs effects, one by one. Throws what one throws, and `TransactionEnded` if one went behind the guard. */
export function runEffects(
  db: SqliteDatabase,
  tx: SqliteDatabase,
  effects: readonly Effect[],
  placed: readonly Placed[],
): void {
  db.exec("SAVEPOINT nova_effects");
  try {
    for (const effect of effects) {
      const answer: unknown = effect(tx, placed);
      if (answer instanceof Promise) {
        answer.catch(() => {});
        throw new TypeError(
          "Cannot commit an asynchronous effect: on SQLite effects must return at once",
        );
      }
    }
  } finally {
    try {
      db.exec("RELEASE nova_effects");
    } catch (cause) {
      // It is gone with the transaction, whatever else went wrong in here.
      // deno-lint-ignore no-unsafe-finally
      throw new TransactionEnded(cause);
    }
  }
}
