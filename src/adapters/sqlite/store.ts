/**
 * The store in a file.
 */

import type { EventMap } from "../../event/event.ts";
import { durationOption, requireOptions, show, wordOption } from "../../internal/check.ts";
import type { StoreOptions } from "../../store/api.ts";
import { Store } from "../../store/store.ts";
import type { SqliteDatabase } from "./database.ts";
import { SqliteDriver } from "./driver.ts";

/** Options of a {@linkcode SqliteStore}. */
export interface SqliteStoreOptions extends StoreOptions {
  /**
   * `"full"`: each commit reaches the disk before it is acknowledged. `"normal"`: faster; what was
   * acknowledged outlives a crash of the process, but not a power cut.
   *
   * @default {"full"}
   */
  readonly synchronous?: "full" | "normal";
  /**
   * How long a call waits for the lock of another connection before it rejects with `UnavailableError`.
   *
   * @default {5000}
   */
  readonly busyMs?: number;
}

/**
 * An event log in a file of SQLite.
 *
 * Data passes through the codec, strict JSON unless told otherwise. Appends of one turn share a
 * transaction. Several stores, also in other processes, may use the same file.
 *
 * @typeParam Events The data of each event type.
 *
 * @example Usage
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { SqliteStore } from "@nova/events/sqlite";
 *
 * const db = new DatabaseSync(":memory:");
 * db.exec("CREATE TABLE balances(account TEXT PRIMARY KEY, amount INTEGER)");
 * const store = new SqliteStore(db);
 *
 * // An event and what follows from it, as one.
 * await store.commit({
 *   appends: [{ stream: "account-7", events: [{ type: "paidIn", data: { amount: 50 } }] }],
 *   effects: [(tx) => void tx.prepare("INSERT INTO balances VALUES('7', 50)").run()],
 * });
 * console.log(db.prepare("SELECT amount FROM balances").get()?.amount); // 50
 * await store.close();
 * ```
 */
export class SqliteStore<Events extends EventMap = Record<string, unknown>>
  extends Store<Events, SqliteDatabase> {
  readonly #db: SqliteDatabase;
  readonly #driver: SqliteDriver;

  /** Makes a store over an open database; nothing is read or written before its first use. */
  constructor(db: SqliteDatabase, options: SqliteStoreOptions = {}) {
    requireOptions("a store", options);
    const { exec, prepare } = Object(db) as Partial<SqliteDatabase>;
    if (typeof exec !== "function" || typeof prepare !== "function") {
      throw new TypeError(`Cannot use ${show(db)} as a database: it must have exec and prepare`);
    }
    const driver = new SqliteDriver(db, {
      name: options.name ?? "store",
      synchronous: wordOption("synchronous", options.synchronous, ["full", "normal"], "full"),
      busyMs: durationOption("busyMs", options.busyMs, 5000, false),
    });
    super(driver, options);
    this.#db = db;
    this.#driver = driver;
  }

  /** Transactions committed by this store; under FULL each is one fsync. */
  get commits(): number {
    return this.#driver.commits;
  }

  /** What SQLite finds wrong with the file; nothing if it is whole. */
  async checkIntegrity(): Promise<readonly string[]> {
    await this.open();
    const rows = this.#db.prepare("PRAGMA integrity_check").all() as { integrity_check: string }[];
    return rows.map((row) => row.integrity_check).filter((text) => text !== "ok");
  }

  /** Writes a copy of the whole database to a new file, as of now. It stops the event loop meanwhile. */
  async backup(path: string): Promise<void> {
    await this.open();
    this.#db.prepare("VACUUM INTO ?").run(path);
  }
}
