/**
 * The store's engine in a thread: what the thread offers.
 */

import { type Env, systemEnv } from "../../internal/env.ts";
import { expose } from "../../pool/expose.ts";
import { toWire, type WireError } from "../../pool/wire_error.ts";
import type {
  Capabilities,
  Figures,
  Lease,
  Loaded,
  Outcome,
  Query,
  Terms,
  Trim,
  Unit,
} from "../../store/driver.ts";
import { type SqliteDatabase, translated } from "./database.ts";
import { SqliteDriver, type SqliteSettings } from "./driver.ts";

/** A database that its thread opened, and so closes. */
export type ClosableDatabase = SqliteDatabase & { close?(): void };

/** What opens the engine. */
export interface Opening {
  readonly settings: SqliteSettings;
  readonly terms: Omit<Terms, "env">;
}

/** What an open engine says of itself. */
export interface Opened {
  readonly log: string;
  readonly capabilities: Capabilities;
}

/** What each answer of the thread carries beside itself. */
export interface Answer<Value> {
  readonly value: Value;
  readonly figures: Figures;
  readonly commits: number;
}

/** An outcome whose error can cross. */
export type WireOutcome =
  | Exclude<Outcome, { readonly error: unknown }>
  | { readonly is: "refused" | "unknown"; readonly wire: WireError };

/** What is asked of the engine, beside commits: the method, and what it takes. */
export type Asking =
  | { readonly is: "read"; readonly query: Query }
  | { readonly is: "stream" | "mark" | "document"; readonly name: string }
  | { readonly is: "streams"; readonly after: string; readonly limit: number }
  | { readonly is: "marks" | "documents" | "head" | "check" }
  | { readonly is: "lease"; readonly name: string; readonly ttlMs: number }
  | { readonly is: "renew" | "release"; readonly name: string; readonly fence: number }
  | { readonly is: "trim"; readonly trim: Trim }
  | { readonly is: "load"; readonly part: Loaded }
  | { readonly is: "backup"; readonly path: string };

/** The tasks of the thread. */
export interface SqliteTasks {
  open(opening: Opening): Promise<Answer<Opened>>;
  commit(units: readonly Unit[]): Promise<Answer<readonly WireOutcome[]>>;
  ask(asking: Asking): Promise<Answer<unknown>>;
  close(): void;
}

/**
 * Offers a database to a `SqliteThreadStore`. Call it once, in a worker's own file; the database is
 * opened when the store is.
 *
 * @throws {TypeError} If it is called outside of a worker, or twice.
 */
export function exposeSqlite(open: () => ClosableDatabase): void {
  expose(sqliteTasks(open));
}

/** The tasks over a database. */
export function sqliteTasks(open: () => ClosableDatabase, env: Env = systemEnv): SqliteTasks {
  let db: ClosableDatabase | undefined;
  let driver: SqliteDriver;
  const leases = new Map<string, Lease>();
  const answer = <Value>(value: Value): Answer<Value> => ({
    value,
    figures: driver.figures(),
    commits: driver.commits,
  });
  const ask = async (asking: Asking): Promise<unknown> => {
    switch (asking.is) {
      case "read":
        return driver.read(asking.query);
      case "stream":
        return driver.stream(asking.name);
      case "mark":
        return driver.mark(asking.name);
      case "document":
        return driver.document(asking.name);
      case "streams":
        return driver.streams(asking.after, asking.limit);
      case "marks":
        return driver.marks();
      case "documents":
        return driver.documents();
      case "head":
        return driver.newestHead();
      case "check":
        return driver.checkIntegrity();
      case "backup":
        return driver.backup(asking.path);
      case "trim":
        return driver.trim(asking.trim);
      case "load":
        return driver.load(asking.part);
      case "lease": {
        const lease = await driver.lease(asking.name, asking.ttlMs);
        if (lease !== undefined) leases.set(asking.name, lease);
        return lease?.fence;
      }
      case "renew":
      case "release": {
        const lease = leases.get(asking.name);
        return lease?.fence === asking.fence && (await lease[asking.is]());
      }
    }
  };
  return {
    async open({ settings, terms }) {
      try {
        db ??= open();
      } catch (error) {
        throw translated(error, settings.name);
      }
      driver = new SqliteDriver(db, settings);
      const { log } = await driver.open({ ...terms, env });
      return answer({ log, capabilities: driver.capabilities });
    },
    async commit(units) {
      const outcomes = await driver.commit(units as readonly Unit<SqliteDatabase>[]);
      return answer(
        outcomes.map((outcome): WireOutcome =>
          outcome.is === "refused" || outcome.is === "unknown"
            ? { is: outcome.is, wire: toWire(outcome.error) }
            : outcome
        ),
      );
    },
    ask: async (asking) => answer(await ask(asking)),
    close() {
      db?.close?.();
      db = undefined;
    },
  };
}
