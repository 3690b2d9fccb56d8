// The tables of the durable job: counted by effects, so that a flight is in them exactly when the topic
// knows that it was handled.

import type { Effect } from "@nova/events";
import { MemoryStore, type Store } from "@nova/events/store";
import { SqliteStore } from "@nova/events/sqlite";
import { Tally } from "./baseline.ts";
import type { Options } from "./options.ts";
import type { FlightEvents } from "./steps.ts";
import { type AirportRow, count, emptyRow, type Flight } from "./table.ts";

/** The two tables of a {@link Tally}. */
export type TableName = "delays" | "alerts";

/** A store, and tables beside it. */
export interface Ledger extends AsyncDisposable {
  readonly store: Store<FlightEvents, never>;
  /** The write that counts a flight. */
  count(table: TableName, flight: Flight, time: number): Effect;
  /** What was counted, in all lives of the process. */
  tally(): Tally;
}

/** Opens what the command line names. */
export async function openLedger(where: NonNullable<Options["store"]>): Promise<Ledger> {
  return where.is === "memory" ? inMemory() : await inSqlite(where.path);
}

function inMemory(): Ledger {
  const store = new MemoryStore<FlightEvents>({ name: "history" });
  const tally = new Tally();
  return {
    store,
    count: (table, flight, time) => () => tally[table].add(flight, time),
    tally: () => tally,
    async [Symbol.asyncDispose]() {
      await store.close();
    },
  };
}

async function inSqlite(path: string): Promise<Ledger> {
  // Not at the start: in memory the demo needs no SQLite.
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(path);
  const store = new SqliteStore<FlightEvents>(db, { name: "history" });
  await store.open();
  db.exec(`CREATE TABLE IF NOT EXISTS tally(
    name TEXT, airport TEXT, flights INTEGER, delay INTEGER, worst INTEGER, ordering INTEGER,
    PRIMARY KEY(name, airport)) WITHOUT ROWID`);
  const columns = 'airport, flights, delay, worst AS worstDelay, ordering AS "order"';
  const find = db.prepare(`SELECT ${columns} FROM tally WHERE name = ? AND airport = ?`);
  const all = db.prepare(`SELECT ${columns} FROM tally WHERE name = ?`);
  const save = db.prepare("INSERT OR REPLACE INTO tally VALUES(?, ?, ?, ?, ?, ?)");
  return {
    store,
    // The transaction is the one of the store: these statements are of the same database.
    count: (table, flight, time) => () => {
      const found = find.get(table, flight.origin) as AirportRow | undefined;
      const row = found === undefined ? emptyRow(flight.origin) : { ...found };
      count(row, flight, time);
      save.run(table, row.airport, row.flights, row.delay, row.worstDelay, row.order);
    },
    tally: () => {
      const tally = new Tally();
      for (const table of ["delays", "alerts"] as const) {
        for (const row of all.all(table)) tally[table].put({ ...row } as unknown as AirportRow);
      }
      return tally;
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      db.close();
    },
  };
}
