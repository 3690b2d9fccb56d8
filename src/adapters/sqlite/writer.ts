/**
 * Units inside one transaction. What it remembers between transactions (the row of the log, streams)
 * is dropped whenever another connection has written, and whenever a transaction is rolled back.
 */

import type {
  Append,
  Cut,
  MarkWrite,
  Outcome,
  Placed,
  Put,
  Terms,
  Unit,
} from "../../store/driver.ts";
import { compareAt, isCallers, lookUp, overLimits, twice } from "../../store/placing.ts";
import type { SqliteDatabase, SqliteValue } from "./database.ts";
import {
  EVENT_COLUMNS,
  type EventRow,
  type LogRow,
  type Statements,
  storedOf,
  type StreamRow,
} from "./rows.ts";

/** How many unknown events a conflict carries. */
const MOST_SINCE = 1000;
/** How many streams are remembered. */
const MOST_STREAMS = 20_000;

const INSERT = "INSERT INTO nova_events(position, stream, version, recorded_at, timestamp, type, " +
  "id, own, codec, data, metadata, size) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/** Writes units and knows where the log is. */
export class Writer {
  row!: LogRow;
  readonly #db: SqliteDatabase;
  readonly #statements: Statements;
  readonly #terms: Terms;
  readonly #streams = new Map<string, StreamRow>();
  readonly #names = new Map<number, string>();
  /** Streams whose row is to be written before the commit. */
  readonly #changed = new Set<StreamRow>();
  #rowChanged = false;
  #seen = -1;

  constructor(db: SqliteDatabase, statements: Statements, terms: Terms) {
    this.#db = db;
    this.#statements = statements;
    this.#terms = terms;
  }

  /** Reads anew what another connection may have changed. */
  refresh(): void {
    const version = this.#statements.row<{ data_version: number }>("PRAGMA data_version")!;
    if (version.data_version === this.#seen) return;
    this.forget();
    this.row = { ...this.#statements.row<LogRow>("SELECT * FROM nova_log")! };
    this.#seen = version.data_version;
  }

  /** After a rollback nothing that is remembered holds; ids of its new streams are given again. */
  undone(): void {
    this.forget();
    this.#names.clear();
  }

  /** What is remembered may be old. */
  forget(): void {
    this.#seen = -1;
    this.#streams.clear();
    this.#changed.clear();
    this.#rowChanged = false;
  }

  /** What is remembered of streams no longer holds. */
  forgetStreams(): void {
    this.#streams.clear();
  }

  /** Writes what the units changed once for all of them. */
  finish(): void {
    for (const { id, version, first, deleted } of this.#changed) {
      this.#statements.run(
        "UPDATE nova_streams SET version = ?, first = ?, deleted = ? WHERE id = ?",
        version,
        first,
        deleted,
        id,
      );
    }
    this.#changed.clear();
    if (this.#rowChanged) this.writeRow();
  }

  writeRow(): void {
    const { head, oldest, recorded_at, events, streams, bytes } = this.row;
    this.#statements.run(
      "UPDATE nova_log SET head = ?, oldest = ?, recorded_at = ?, events = ?, streams = ?, bytes = ?",
      head,
      oldest,
      recorded_at,
      events,
      streams,
      bytes,
    );
    this.#rowChanged = false;
  }

  stream(name: string): StreamRow | undefined {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const row = this.#statements.row<StreamRow>("SELECT * FROM nova_streams WHERE name = ?", name);
    return row && this.#remember({ ...row });
  }

  nameOf(id: number): string {
    let name = this.#names.get(id);
    if (name === undefined) {
      name = this.#statements.row<StreamRow>("SELECT * FROM nova_streams WHERE id = ?", id)!.name;
      if (this.#names.size >= MOST_STREAMS) this.#names.clear();
      this.#names.set(id, name);
    }
    return name;
  }

  #remember(stream: StreamRow): StreamRow {
    // Never while one of them waits to be written.
    if (this.#streams.size >= MOST_STREAMS && this.#changed.size === 0) this.#streams.clear();
    this.#streams.set(stream.name, stream);
    return stream;
  }

  /** One unit without its effects: checked as a whole, then written. */
  unit<Tx>({ appends = [], marks = [], documents = [], cuts = [] }: Unit<Tx>): Outcome {
    for (const mark of marks) {
      const refused = this.#checkMark(mark);
      if (refused !== undefined) return refused;
    }
    const versions = new Map<string, number>();
    const before: (Placed | undefined)[] = [];
    for (const append of appends) {
      const stream = this.stream(append.stream);
      const version = versions.get(append.stream) ?? stream?.version ?? 0;
      const found = this.#check(append, stream, version);
      if (found !== undefined && found.is !== "committed") return found;
      before.push(found?.placed[0]);
      if (found === undefined) versions.set(append.stream, version + append.records.length);
    }
    if (appends.length > 1) {
      const fresh = appends.filter((_, i) => before[i] === undefined);
      const over = overLimits(fresh, this.#terms, this.row.streams, (name) => {
        const stream = this.stream(name);
        return stream === undefined ? 0 : stream.version - stream.first + 1;
      });
      if (over !== undefined) return over;
    }
    const placed = appends.map((append, i) => before[i] ?? this.#write(append));
    for (const mark of marks) this.#writeMark(mark);
    for (const put of documents) this.#put(put);
    for (const cut of cuts) this.cut(cut);
    return { is: "committed", placed };
  }

  #check(append: Append, stream: StreamRow | undefined, version: number): Outcome | undefined {
    const { expect, records } = append;
    const repeated = twice(append);
    if (repeated !== undefined) return { is: "id-conflict", stream: append.stream, id: repeated };
    if (expect === "any" || expect === "present") {
      if (stream !== undefined && records.length > 0 && append.ids !== "none") {
        const found = lookUp(
          append,
          ({ id }) => this.#versionOf(stream, id),
          (at) => this.#idOf(stream, at),
        );
        if (typeof found === "object") return found;
        if (found !== undefined) return this.#before(stream, found + records.length);
      }
      if (expect === "present" && (version === 0 || stream?.deleted === 1)) {
        return { is: "conflict", append, actual: version, since: [] };
      }
    } else {
      const at = expect === "absent" ? (stream?.deleted === 1 ? version : 0) : expect;
      if (at !== version) return this.#conflict(append, stream, at, version);
    }
    return records.length === 0 ? undefined : this.#limit(append, stream);
  }

  #versionOf({ id: stream, version }: StreamRow, id: string): number | undefined {
    if (version === 0) return undefined;
    return this.#statements.row<{ version: number }>(
      "SELECT version FROM nova_events INDEXED BY nova_events_id " +
        "WHERE stream = ? AND id = ? AND own = 1 ORDER BY version DESC LIMIT 1",
      stream,
      id,
    )?.version;
  }

  #at({ id }: StreamRow, version: number): EventRow | undefined {
    return this.#statements.row<EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM nova_events WHERE stream = ? AND version = ?`,
      id,
      version,
    );
  }

  #idOf(stream: StreamRow, version: number): string | undefined {
    return version > stream.version ? undefined : this.#at(stream, version)?.id;
  }

  #before(stream: StreamRow, version: number): Outcome {
    const { position, recorded_at } = this.#at(stream, version)!;
    return {
      is: "committed",
      placed: [{ version, position, recordedAt: recorded_at, duplicate: true }],
    };
  }

  #conflict(append: Append, stream: StreamRow | undefined, at: number, actual: number): Outcome {
    if (stream === undefined || at > actual) return { is: "conflict", append, actual, since: [] };
    if (append.records.length > 0 && append.ids !== "none") {
      const found = compareAt(append, at, (version) => this.#idOf(stream, version));
      if (found === "same") return this.#before(stream, at + append.records.length);
      if (found !== "other") return { is: "id-conflict", stream: append.stream, id: found.id };
    }
    const since = this.#statements.rows<EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM nova_events WHERE stream = ? AND version > ? ` +
        "ORDER BY version LIMIT ?",
      stream.id,
      at,
      MOST_SINCE,
    ).map((row) => storedOf(row, append.stream));
    return { is: "conflict", append, actual, since };
  }

  #limit(append: Append, stream: StreamRow | undefined): Outcome | undefined {
    const { maxStreams, maxEventsPerStream, onLimit } = this.#terms;
    const count = stream === undefined ? 0 : stream.version - stream.first + 1;
    const { stream: name, records } = append;
    if (count === 0 && this.row.streams >= maxStreams) {
      return { is: "limit", option: "maxStreams", limit: maxStreams, stream: name };
    }
    if ((onLimit === "reject" ? count : 0) + records.length <= maxEventsPerStream) return undefined;
    return { is: "limit", option: "maxEventsPerStream", limit: maxEventsPerStream, stream: name };
  }

  #write(append: Append): Placed {
    const { records, sizes, stream: name } = append;
    const { row } = this;
    if (records.length === 0) {
      const version = this.stream(name)?.version ?? 0;
      return { version, position: row.head, recordedAt: row.recorded_at, duplicate: false };
    }
    const stream = this.stream(name) ?? this.#addStream(name);
    if (stream.version < stream.first) row.streams += 1;
    // Store time never goes back, whatever the clock does.
    row.recorded_at = Math.max(row.recorded_at, this.#terms.env.coarse());
    const insert = this.#statements.of(INSERT);
    for (let i = 0; i < records.length; i++) {
      const { id, type, timestamp, metadata, data, codec = "" } = records[i]!;
      const size = sizes?.[i] ?? 0;
      row.head += 1;
      row.bytes += size;
      stream.version += 1;
      insert.run(
        row.head,
        stream.id,
        stream.version,
        row.recorded_at,
        timestamp,
        type,
        id,
        isCallers(append, i) ? 1 : null,
        codec,
        data as SqliteValue,
        metadataText(metadata),
        size,
      );
    }
    row.events += records.length;
    stream.deleted = 0;
    this.#changed.add(stream);
    this.#rowChanged = true;
    const most = this.#terms.maxEventsPerStream;
    if (stream.version - stream.first + 1 > most) {
      this.cut({ stream: name, before: stream.version - most + 1, tombstone: false });
    }
    return {
      version: stream.version,
      position: row.head,
      recordedAt: row.recorded_at,
      duplicate: false,
    };
  }

  #addStream(name: string): StreamRow {
    const { id } = this.#statements.row<{ id: number }>(
      "INSERT INTO nova_streams(name, version, first, deleted) VALUES(?, 0, 1, 0) RETURNING id",
      name,
    )!;
    return this.#remember({ id, name, version: 0, first: 1, deleted: 0 });
  }

  #checkMark({ name, fence, expect }: MarkWrite): Outcome | undefined {
    if (fence !== 0) {
      const sql = "SELECT fence FROM nova_leases WHERE name = ?";
      if (this.#statements.row<{ fence: number }>(sql, name)?.fence !== fence) {
        return { is: "fenced", name };
      }
    }
    if (expect === "any") return undefined;
    const sql = "SELECT low FROM nova_marks WHERE name = ?";
    const actual = this.#statements.row<{ low: number }>(sql, name)?.low;
    const expected = expect === "head" ? this.row.head : expect;
    if (actual === (expected === "absent" ? undefined : expected)) return undefined;
    return { is: "mark-conflict", name, expected, actual };
  }

  #writeMark({ name, low, done, protect }: MarkWrite): void {
    const kept = protect === undefined ? null : Number(protect);
    this.#statements.run(
      "INSERT INTO nova_marks VALUES(?1, ?2, ?3, coalesce(?4, 0)) ON CONFLICT(name) DO UPDATE SET " +
        "low = ?2, done = ?3, protect = coalesce(?4, protect)",
      name,
      low === "head" ? this.row.head : low,
      JSON.stringify(done),
      kept,
    );
  }

  #put({ key, body }: Put): void {
    if (body === undefined) this.#statements.run("DELETE FROM nova_documents WHERE key = ?", key);
    else {
      const sql =
        "INSERT INTO nova_documents VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET body = ?2";
      this.#statements.run(sql, key, body as SqliteValue);
    }
  }

  /** Removes the events of a stream before a version. */
  cut({ stream: name, before, tombstone }: Cut): void {
    const stream = this.stream(name);
    if (stream === undefined) return;
    const end = Math.min(before, stream.version + 1);
    const had = stream.version >= stream.first;
    if (end > stream.first) {
      const gone = this.#statements.row<{ events: number; bytes: number }>(
        "SELECT count(*) AS events, coalesce(sum(size), 0) AS bytes FROM nova_events " +
          "WHERE stream = ? AND version < ?",
        stream.id,
        end,
      )!;
      this.#statements.run(
        "DELETE FROM nova_events WHERE stream = ? AND version < ?",
        stream.id,
        end,
      );
      this.row.events -= gone.events;
      this.row.bytes -= gone.bytes;
      stream.first = end;
      if (had && stream.version < stream.first) this.row.streams -= 1;
      this.#rowChanged = true;
    }
    if (tombstone && stream.version < stream.first) stream.deleted = 1;
    this.#changed.add(stream);
  }
}

function metadataText(metadata: Readonly<Record<string, string>>): string | null {
  for (const _ in metadata) return JSON.stringify(metadata);
  return null;
}
