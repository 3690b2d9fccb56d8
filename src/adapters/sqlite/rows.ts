/**
 * The statements of a store, each prepared once, and its rows in words of the driver port.
 */

import type { Mark, Stored, StreamInfo } from "../../store/driver.ts";
import type { SqliteDatabase, SqliteStatement, SqliteValue } from "./database.ts";

/** The one row of `nova_log`. */
export interface LogRow {
  log: string;
  head: number;
  oldest: number;
  recorded_at: number;
  events: number;
  streams: number;
  bytes: number;
}

/** A row of `nova_streams`. */
export interface StreamRow {
  readonly id: number;
  readonly name: string;
  version: number;
  first: number;
  deleted: number;
}

/** A row of `nova_events`. */
export interface EventRow {
  readonly position: number;
  readonly stream: number;
  readonly version: number;
  readonly recorded_at: number;
  readonly timestamp: number;
  readonly type: string;
  readonly id: string;
  readonly codec: string;
  readonly data: string | Uint8Array;
  readonly metadata: string | null;
}

/** A row of `nova_marks`. */
export interface MarkRow {
  readonly name: string;
  readonly low: number;
  readonly done: string;
  readonly protect: number;
}

/** What a read selects. */
export const EVENT_COLUMNS =
  "position, stream, version, recorded_at, timestamp, type, id, codec, data, metadata";

/** Statements by their text, prepared when they are first used. */
export class Statements {
  readonly #db: SqliteDatabase;
  readonly #prepared = new Map<string, SqliteStatement>();

  constructor(db: SqliteDatabase) {
    this.#db = db;
  }

  /** The statement of a text. */
  of(sql: string): SqliteStatement {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  /** The first row, undefined if there is none (some runtimes say null). */
  row<Row>(sql: string, ...values: SqliteValue[]): Row | undefined {
    return (this.of(sql).get(...values) ?? undefined) as Row | undefined;
  }

  /** All rows. */
  rows<Row>(sql: string, ...values: SqliteValue[]): Row[] {
    return this.of(sql).all(...values) as Row[];
  }

  /** Writes. */
  run(sql: string, ...values: SqliteValue[]): void {
    this.of(sql).run(...values);
  }
}

const NO_METADATA: Readonly<Record<string, string>> = {};

/** An event as the port hands it back. */
export function storedOf(row: EventRow, stream: string): Stored {
  const { position, version, timestamp, type, id, codec, data } = row;
  return {
    id,
    type,
    data,
    metadata: row.metadata === null ? { ...NO_METADATA } : JSON.parse(row.metadata),
    timestamp,
    stream,
    version,
    position,
    recordedAt: row.recorded_at,
    codec,
  };
}

/** A mark as the port hands it back. */
export function markFrom({ name, low, done, protect }: MarkRow): Mark {
  return { name, low, done: JSON.parse(done) as number[], protect: protect === 1 };
}

/** What the port says of a stream. */
export function infoOf({ name, version, first, deleted }: StreamRow): StreamInfo {
  return { name, version, first, deleted: deleted === 1 };
}
