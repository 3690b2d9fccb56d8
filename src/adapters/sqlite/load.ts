/**
 * Loading a dump into an empty log, inside a transaction.
 */

import type { Loaded } from "../../store/driver.ts";
import type { SqliteValue } from "./database.ts";
import type { Statements } from "./rows.ts";
import type { Writer } from "./writer.ts";

/** Writes everything with the places it had. */
export function loadRows(
  statements: Statements,
  writer: Writer,
  { records = [], end }: Loaded,
): void {
  const { row } = writer;
  const ids = new Map<string, number>();
  const idOf = (name: string): number => {
    let id = ids.get(name);
    if (id === undefined) {
      const sql =
        "INSERT INTO nova_streams(name, version, first, deleted) VALUES(?, 0, 1, 0) RETURNING id";
      id = statements.row<{ id: number }>(sql, name)!.id;
      ids.set(name, id);
    }
    return id;
  };
  const insert = statements.of(
    "INSERT INTO nova_events(position, stream, version, recorded_at, timestamp, type, id, own, " +
      "codec, data, metadata, size) VALUES(?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
  );
  const used = new Set<string>();
  for (const stored of records) {
    const { position, stream, version, recordedAt, timestamp, type, id, codec = "", data } = stored;
    const metadata = Object.keys(stored.metadata).length === 0
      ? null
      : JSON.stringify(stored.metadata);
    const size = stored.size ?? 0;
    insert.run(
      position,
      idOf(stream),
      version,
      recordedAt,
      timestamp,
      type,
      id,
      codec,
      data as SqliteValue,
      metadata,
      size,
    );
    used.add(stream);
    row.bytes += size;
    row.recorded_at = Math.max(row.recorded_at, recordedAt);
  }
  row.events += records.length;
  row.streams += used.size;
  if (end !== undefined) {
    row.head = end.head;
    row.oldest = end.oldest;
    for (const { name, version, first, deleted } of end.streams) {
      const sql = "UPDATE nova_streams SET version = ?, first = ?, deleted = ? WHERE id = ?";
      statements.run(sql, version, first, Number(deleted), idOf(name));
    }
    for (const { name, low, done, protect } of end.marks) {
      const sql = "INSERT OR REPLACE INTO nova_marks VALUES(?, ?, ?, ?)";
      statements.run(sql, name, low, JSON.stringify(done), Number(protect));
    }
    for (const { key, body } of end.documents) {
      statements.run("INSERT INTO nova_documents VALUES(?, ?)", key, body as SqliteValue);
    }
  }
  writer.writeRow();
}
