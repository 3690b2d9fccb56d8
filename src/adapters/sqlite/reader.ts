/**
 * Queries over the tables of a store.
 */

import type { Page, Query } from "../../store/driver.ts";
import type { SqliteValue } from "./database.ts";
import { EVENT_COLUMNS, type EventRow, type Statements, storedOf } from "./rows.ts";

/** A page takes no more rows than this: it holds the event loop. */
const MOST_ROWS = 5000;

/** What a query needs to know beside its tables. */
export interface Around {
  readonly head: number;
  readonly oldest: number;
  /** The number and the last version of a stream. */
  stream(name: string): { readonly id: number; readonly version: number } | undefined;
  nameOf(id: number): string;
}

/** The page of a query. Call it inside one transaction. */
export function readRows(statements: Statements, query: Query, around: Around): Page {
  const { head, oldest } = around;
  const { reverse = false, types, streams } = query;
  const stream = query.stream === undefined ? undefined : around.stream(query.stream);
  const none = { records: [], next: query.after, more: false, head, oldest };
  if (query.stream !== undefined && stream === undefined) return none;
  const place = stream === undefined ? "position" : "version";
  const conditions = [`${place} ${reverse ? "<" : ">"} ?`];
  const values: SqliteValue[] = [Math.min(query.after, Number.MAX_SAFE_INTEGER)];
  const add = (condition: string, ...more: SqliteValue[]): void => {
    conditions.push(condition);
    values.push(...more);
  };
  if (stream !== undefined) add("stream = ?", stream.id);
  if (query.from !== undefined) add("position >= ?", positionAt(statements, query.from, around));
  if (query.until !== undefined) add("position < ?", positionAt(statements, query.until, around));
  // As one JSON value, so that the text of the statement stays the same.
  if (types !== undefined) {
    add("type IN (SELECT value FROM json_each(?))", JSON.stringify([...types]));
  }
  if (streams !== undefined) {
    const ids = [...streams].flatMap((name) => around.stream(name)?.id ?? []);
    add("stream IN (SELECT value FROM json_each(?))", JSON.stringify(ids));
  }
  const limit = Math.min(query.limit, MOST_ROWS);
  const rows = statements.rows<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM nova_events WHERE ${conditions.join(" AND ")} ` +
      `ORDER BY ${place} ${reverse ? "DESC" : "ASC"} LIMIT ?`,
    ...values,
    limit,
  );
  const records = rows.map((row) => storedOf(row, query.stream ?? around.nameOf(row.stream)));
  const last = rows[rows.length - 1];
  const more = rows.length === limit;
  const end = reverse || query.until !== undefined
    ? query.after
    : Math.max(query.after, stream === undefined ? head : stream.version);
  return { records, next: more ? last![place] : end, more, head, oldest };
}

/** The first position written at a time or later: positions and times rise together. */
function positionAt(statements: Statements, time: number, { oldest, head }: Around): number {
  let low = oldest;
  let high = head + 1;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const row = statements.row<{ position: number; recorded_at: number }>(
      "SELECT position, recorded_at FROM nova_events WHERE position >= ? ORDER BY position LIMIT 1",
      middle,
    );
    if (row === undefined || row.position >= high || row.recorded_at >= time) high = middle;
    else low = row.position + 1;
  }
  return low;
}
