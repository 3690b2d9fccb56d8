/**
 * Removing old events, oldest first, inside a transaction.
 */

import type { Trim } from "../../store/driver.ts";
import type { Statements } from "./rows.ts";
import type { Writer } from "./writer.ts";

/** Removes what is due; nothing at or behind the floor. */
export function trimRows(
  statements: Statements,
  writer: Writer,
  { floor, recordedBefore, events = Infinity, bytes = Infinity }: Trim,
): void {
  const { row } = writer;
  const end = Math.min(floor, row.head + 1);
  let before = row.oldest;
  let left = row.events;
  let weight = row.bytes;
  const sql =
    "SELECT position, recorded_at, size FROM nova_events WHERE position >= ? AND position < ? " +
    "ORDER BY position LIMIT 1000";
  walk: for (let from = row.oldest;;) {
    const rows = statements.rows<{ position: number; recorded_at: number; size: number }>(
      sql,
      from,
      end,
    );
    for (const { position, recorded_at, size } of rows) {
      const due = recorded_at < (recordedBefore ?? -Infinity) || left > events || weight > bytes;
      if (!due) break walk;
      left -= 1;
      weight -= size;
      before = from = position + 1;
    }
    if (rows.length < 1000) break;
  }
  if (before === row.oldest) return;
  const gone = statements.rows<{ stream: number; last: number }>(
    "SELECT stream, max(version) AS last FROM nova_events WHERE position < ? GROUP BY stream",
    before,
  );
  statements.run("DELETE FROM nova_events WHERE position < ?", before);
  for (const { stream, last } of gone) {
    statements.run("UPDATE nova_streams SET first = ? WHERE id = ?", last + 1, stream);
    const empty = statements.row(
      "SELECT 1 FROM nova_streams WHERE id = ? AND first > version",
      stream,
    );
    if (empty !== undefined) row.streams -= 1;
  }
  row.events = left;
  row.bytes = weight;
  row.oldest = before;
  writer.writeRow();
  writer.forgetStreams();
}
