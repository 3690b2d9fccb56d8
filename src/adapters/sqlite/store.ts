/**
 * The store in a file.
 */

import type { EventMap } from "../../event/event.ts";
import { durationOption, requireOptions, show, wordOption } from "../../internal/check.ts";
import type { WorkerLike } from "../../pool/protocol.ts";
import { ThreadPool } from "../../pool/thread_pool.ts";
import type { StoreOptions } from "../../store/api.ts";
import { Store } from "../../store/store.ts";
import type { SqliteDatabase } from "./database.ts";
import { SqliteDriver, type SqliteSettings } from "./driver.ts";
import { SqliteThreadDriver } from "./thread_driver.ts";
import type { SqliteTasks } from "./thread_tasks.ts";

/** Calls that wait for the thread; more wait for room. */
const MOST_CALLS = 10_000;

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
  readonly #driver: SqliteDriver;

  /** Makes a store over an open database; nothing is read or written before its first use. */
  constructor(db: SqliteDatabase, options: SqliteStoreOptions = {}) {
    requireOptions("a store", options);
    const { exec, prepare } = Object(db) as Partial<SqliteDatabase>;
    if (typeof exec !== "function" || typeof prepare !== "function") {
      throw new TypeError(`Cannot use ${show(db)} as a database: it must have exec and prepare`);
    }
    const driver = new SqliteDriver(db, settingsOf(options));
    super(driver, options);
    this.#driver = driver;
  }

  /** Transactions committed by this store; under FULL each is one fsync. */
  get commits(): number {
    return this.#driver.commits;
  }

  /** What SQLite finds wrong with the file; nothing if it is whole. */
  async checkIntegrity(): Promise<readonly string[]> {
    await this.open();
    return this.#driver.checkIntegrity();
  }

  /** Writes a copy of the whole database to a new file, as of now. It stops the event loop meanwhile. */
  async backup(path: string): Promise<void> {
    await this.open();
    this.#driver.backup(path);
  }
}

/**
 * The same store with its database in a thread, so that the event loop never waits for the disk.
 * Effects cannot cross to a thread: `commit` refuses them with `UnsupportedError`.
 *
 * The worker's file is yours. It calls {@linkcode exposeSqlite} with what opens the database.
 *
 * @typeParam Events The data of each event type.
 *
 * @example Usage
 * ```ts no-run needs a file of its own for the worker
 * // store_thread.ts:
 * //   import { DatabaseSync } from "node:sqlite";
 * //   import { exposeSqlite } from "@nova/events/sqlite";
 * //   exposeSqlite(() => new DatabaseSync("events.db"));
 * import { SqliteThreadStore } from "@nova/events/sqlite";
 *
 * const store = new SqliteThreadStore<{ paidIn: number }>(
 *   () => new Worker(new URL("./store_thread.ts", import.meta.url), { type: "module" }),
 * );
 * await store.append("account-7", [{ type: "paidIn", data: 50 }]);
 * await store.close(); // closes the database and ends the thread
 * ```
 */
export class SqliteThreadStore<Events extends EventMap = Record<string, unknown>>
  extends Store<Events> {
  readonly #driver: SqliteThreadDriver;

  /** Makes a store over a thread, which is started at its first use. On Node: `nodeWorker(url)`. */
  constructor(makeWorker: () => WorkerLike, options: SqliteStoreOptions = {}) {
    requireOptions("a store", options);
    const pool = new ThreadPool<SqliteTasks>(makeWorker, {
      name: `store ${options.name ?? "store"}`,
      workers: 1,
      queueSize: MOST_CALLS,
      idleMs: Infinity,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    const driver = new SqliteThreadDriver(pool, settingsOf(options));
    super(driver, options);
    this.#driver = driver;
  }

  /** Transactions committed by this store, as of the last answer of its thread. */
  get commits(): number {
    return this.#driver.commits;
  }

  /** What SQLite finds wrong with the file; nothing if it is whole. */
  async checkIntegrity(): Promise<readonly string[]> {
    await this.open();
    return this.#driver.checkIntegrity();
  }

  /** Writes a copy of the whole database to a new file, as of now. */
  async backup(path: string): Promise<void> {
    await this.open();
    return this.#driver.backup(path);
  }
}

function settingsOf(options: SqliteStoreOptions): SqliteSettings {
  return {
    name: options.name ?? "store",
    synchronous: wordOption("synchronous", options.synchronous, ["full", "normal"], "full"),
    busyMs: durationOption("busyMs", options.busyMs, 5000, false),
  };
}
