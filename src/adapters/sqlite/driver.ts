/**
 * The driver over SQLite: one transaction for each group of units, one fsync for each transaction.
 */

import { UnavailableError } from "../../errors/store.ts";
import type {
  Awaitable,
  Capabilities,
  Driver,
  Figures,
  Lease,
  Loaded,
  Mark,
  Outcome,
  Page,
  Put,
  Query,
  StreamInfo,
  Terms,
  Trim,
  Unit,
} from "../../store/driver.ts";
import { type SqliteDatabase, type SqliteValue, translated, troubleOf } from "./database.ts";
import { guarded, runEffects, TransactionEnded } from "./effects.ts";
import { poll } from "./poll.ts";
import { capabilitiesOf, configure } from "./settings.ts";
import { loadRows } from "./load.ts";
import { readRows } from "./reader.ts";
import { infoOf, markFrom, type MarkRow, Statements, type StreamRow } from "./rows.ts";
import { migrate, schemaOf } from "./schema.ts";
import { trimRows } from "./trim.ts";
import { Writer } from "./writer.ts";

/** What the driver is told beside the terms of the store. */
export interface SqliteSettings {
  /** The name. */
  readonly name: string;
  /** When a commit is done. */
  readonly synchronous: "full" | "normal";
  /** How long to wait for the lock. */
  readonly busyMs: number;
}

/** A store's engine in a file of SQLite. */
export class SqliteDriver implements Driver<SqliteDatabase> {
  readonly #db: SqliteDatabase;
  readonly #tx: SqliteDatabase;
  readonly #settings: SqliteSettings;
  readonly #statements: Statements;
  #capabilities: Capabilities;
  #terms!: Terms;
  #writer!: Writer;
  #inside = false;
  #failed: unknown;
  /** Transactions that were committed; each is one fsync under FULL. */
  commits = 0;

  /** Makes it; nothing is opened before its first use. */
  constructor(db: SqliteDatabase, settings: SqliteSettings) {
    this.#db = db;
    this.#tx = guarded(db);
    this.#settings = settings;
    this.#statements = new Statements(db);
    this.#capabilities = capabilitiesOf("unopened", settings.synchronous, false);
  }

  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  open(terms: Terms): Awaitable<{ readonly log: string }> {
    this.#terms = terms;
    return this.#patiently(() => {
      const { journal, synchronous, readOnly } = configure(this.#db, this.#settings);
      this.#capabilities = capabilitiesOf(journal, synchronous, readOnly);
      const { name } = this.#settings;
      if (schemaOf(this.#db, name) === 0) migrate(this.#db, name, terms.env.id());
      this.#writer = new Writer(this.#db, this.#statements, terms);
      this.#writer.refresh();
      return { log: this.#writer.row.log };
    });
  }

  commit(units: readonly Unit<SqliteDatabase>[]): Awaitable<readonly Outcome[]> {
    if (this.#failed !== undefined) {
      return units.map(() => ({ is: "refused", error: this.#failed }));
    }
    try {
      const outcomes = this.#patiently(() => this.#transaction(() => this.#units(units), units));
      return outcomes instanceof Promise
        ? outcomes.catch((error) => units.map((): Outcome => ({ is: "refused", error })))
        : outcomes;
    } catch (error) {
      return units.map(() => ({ is: "refused", error }));
    }
  }

  /** Tries until the lock is free, at most `busyMs`, without stopping the event loop in between. */
  #patiently<Answer>(run: () => Answer): Awaitable<Answer> {
    const attempt = (): { answer: Answer } | undefined => {
      try {
        return { answer: run() };
      } catch (error) {
        if (troubleOf(error) !== "busy") throw this.#translated(error);
        last = error;
        return undefined;
      }
    };
    let last: unknown;
    const first = attempt();
    if (first !== undefined) return first.answer;
    const { env } = this.#terms;
    const deadline = env.monotonic() + this.#settings.busyMs;
    return (async () => {
      for (let pause = 1;; pause = Math.min(pause * 1.5, 20)) {
        await new Promise<void>((resolve) => {
          env.setTimer(resolve, pause * (0.5 + env.random()));
        });
        const next = attempt();
        if (next !== undefined) return next.answer;
        if (env.monotonic() >= deadline) throw this.#translated(last);
      }
    })();
  }

  #translated(error: unknown): unknown {
    // What is of Nova already says what it is.
    return typeof (error as { code?: unknown })?.code === "string" &&
        typeof (error as { retryable?: unknown }).retryable === "boolean"
      ? error
      : translated(error, this.#settings.name);
  }

  /** A transaction that is over when this returns. A COMMIT that fails leaves an outcome unknown. */
  #transaction<Answer>(
    run: () => Answer,
    units: readonly unknown[],
  ): Answer | readonly Outcome[] {
    this.#statements.run("BEGIN IMMEDIATE");
    this.#inside = true;
    try {
      let answer: Answer;
      try {
        this.#writer.refresh();
        answer = run();
        this.#writer.finish();
      } catch (error) {
        this.#rollback();
        if (!(error instanceof TransactionEnded)) throw error;
        this.#failed = error;
        return units.map(() => ({ is: "unknown", error }));
      }
      try {
        this.#statements.run("COMMIT");
      } catch (error) {
        this.#rollback();
        // The frame that ends a transaction is written last: where it found no room, it is not there.
        if (troubleOf(error) === "full") throw error;
        // Whether it reached the disk nobody knows. Never again on a guess.
        this.#failed = translated(error, this.#settings.name);
        return units.map(() => ({ is: "unknown", error: this.#failed }));
      }
      this.commits += 1;
      return answer;
    } finally {
      this.#inside = false;
    }
  }

  #rollback(): void {
    this.#writer.undone();
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself.
    }
    try {
      this.#writer.refresh();
    } catch {
      // The next transaction reads it.
    }
  }

  #units(units: readonly Unit<SqliteDatabase>[]): readonly Outcome[] {
    return units.map((unit) =>
      unit.effects?.length ? this.#withEffects(unit) : this.#writer.unit(unit)
    );
  }

  /** A savepoint takes back the unit if its effects throw. They run only where all else has entered. */
  #withEffects(unit: Unit<SqliteDatabase>): Outcome {
    // What others wrote in this transaction stays, whatever becomes of this unit.
    this.#writer.finish();
    this.#db.exec("SAVEPOINT nova_unit");
    // Where this throws, nothing that the writer has counted holds: the whole transaction goes.
    let outcome = this.#writer.unit(unit);
    // Should an effect end the transaction after all, what it stores is whole.
    this.#writer.finish();
    try {
      if (outcome.is === "committed") {
        runEffects(this.#db, this.#tx, unit.effects ?? [], outcome.placed);
      }
    } catch (error) {
      // A full disk is the end of the group, not of this unit alone.
      if (error instanceof TransactionEnded) throw error;
      if (["full", "corrupt", "busy"].includes(troubleOf(error))) throw error;
      outcome = { is: "refused", error };
      this.#db.exec("ROLLBACK TO nova_unit");
      this.#writer.undone();
      this.#writer.refresh();
    }
    this.#db.exec("RELEASE nova_unit");
    return outcome;
  }

  /** What is read in one transaction fits together. Effects read inside theirs. */
  #reading<Answer>(run: () => Answer): Awaitable<Answer> {
    return this.#patiently(() => {
      if (this.#inside) return run();
      this.#statements.run("BEGIN");
      try {
        this.#writer.refresh();
        return run();
      } finally {
        this.#statements.run("COMMIT");
      }
    });
  }

  read(query: Query): Awaitable<Page> {
    const writer = this.#writer;
    return this.#reading(() =>
      readRows(this.#statements, query, {
        head: writer.row.head,
        oldest: writer.row.oldest,
        stream: (name) => writer.stream(name),
        nameOf: (id) => writer.nameOf(id),
      })
    );
  }

  wait(after: number, signal: AbortSignal): Promise<void> {
    return poll(this.#terms.env, signal, () => this.newestHead() > after);
  }

  /** The position of the last event, whoever wrote it. */
  newestHead(): number {
    return this.#statements.row<{ head: number }>("SELECT head FROM nova_log")?.head ?? 0;
  }

  /** What SQLite finds wrong with the file; nothing if it is whole. */
  checkIntegrity(): readonly string[] {
    const rows = this.#db.prepare("PRAGMA integrity_check").all() as { integrity_check: string }[];
    return rows.map((row) => row.integrity_check).filter((text) => text !== "ok");
  }

  /** Writes a copy of the whole database to a new file, as of now. */
  backup(path: string): void {
    this.#db.prepare("VACUUM INTO ?").run(path);
  }

  stream(name: string): Awaitable<StreamInfo | undefined> {
    return this.#reading(() => {
      const row = this.#writer.stream(name);
      return row && infoOf(row);
    });
  }

  streams(after: string, limit: number): Awaitable<readonly StreamInfo[]> {
    const sql = "SELECT * FROM nova_streams WHERE name > ? ORDER BY name LIMIT ?";
    return this.#reading(() => this.#statements.rows<StreamRow>(sql, after, limit).map(infoOf));
  }

  mark(name: string): Awaitable<Mark | undefined> {
    return this.#reading(() => {
      const row = this.#statements.row<MarkRow>("SELECT * FROM nova_marks WHERE name = ?", name);
      return row && markFrom(row);
    });
  }

  marks(): Awaitable<readonly Mark[]> {
    return this.#reading(() =>
      this.#statements.rows<MarkRow>("SELECT * FROM nova_marks").map(markFrom)
    );
  }

  document(key: string): Awaitable<unknown> {
    const sql = "SELECT body FROM nova_documents WHERE key = ?";
    return this.#reading(() => this.#statements.row<{ body: SqliteValue }>(sql, key)?.body);
  }

  documents(): Awaitable<readonly Put[]> {
    return this.#reading(() => this.#statements.rows<Put>("SELECT key, body FROM nova_documents"));
  }

  lease(name: string, ttlMs: number): Awaitable<Lease | undefined> {
    const { env } = this.#terms;
    const statements = this.#statements;
    const change = <Answer>(run: () => Answer): Awaitable<Answer> =>
      this.#patiently(() => {
        const answer = this.#transaction(run, []);
        if (this.#failed !== undefined) throw this.#failed;
        return answer as Answer;
      });
    const taken = change(() => {
      const row = statements.row<{ fence: number; until: number }>(
        "SELECT fence, until FROM nova_leases WHERE name = ?",
        name,
      );
      if (row !== undefined && row.until > env.now()) return undefined;
      const fence = (row?.fence ?? 0) + 1;
      statements.run(
        "INSERT INTO nova_leases VALUES(?1, ?2, ?3) ON CONFLICT(name) DO UPDATE SET fence = ?2, until = ?3",
        name,
        fence,
        env.now() + ttlMs,
      );
      return fence;
    });
    const extend = (fence: number, until: number): Awaitable<boolean> =>
      change(() =>
        statements.row(
          "UPDATE nova_leases SET until = ? WHERE name = ? AND fence = ? RETURNING fence",
          until,
          name,
          fence,
        ) !== undefined
      );
    const leaseOf = (fence: number | undefined): Lease | undefined =>
      fence === undefined ? undefined : {
        fence,
        renew: () => extend(fence, env.now() + ttlMs),
        release: () => {
          const released = extend(fence, 0);
          return released instanceof Promise ? released.then(() => {}) : undefined;
        },
      };
    return taken instanceof Promise ? taken.then(leaseOf) : leaseOf(taken);
  }

  trim(trim: Trim): Awaitable<number> {
    return this.#patiently(() => {
      this.#transaction(() => trimRows(this.#statements, this.#writer, trim), []);
      if (this.#failed !== undefined) throw this.#failed;
      return this.#writer.row.oldest;
    });
  }

  load(part: Loaded): Awaitable<void> {
    return this.#patiently(() => {
      this.#transaction(() => {
        if (this.#writer.row.head > 0) {
          throw new UnavailableError("Cannot load into a log that has events");
        }
        loadRows(this.#statements, this.#writer, part);
      }, []);
      if (this.#failed !== undefined) throw this.#failed;
      this.#writer.forget();
      this.#writer.refresh();
    });
  }

  figures(): Figures {
    if (this.#writer === undefined) return { head: 0, oldest: 1, events: 0, streams: 0, bytes: 0 };
    const { head, oldest, events, streams, bytes } = this.#writer.row;
    return { head, oldest, events, streams, bytes };
  }

  /** The database was opened by the caller, and stays open. */
  close(): void {}
}
