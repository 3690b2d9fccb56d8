/**
 * The driver over SQLite in a thread: the event loop of the program never waits for the disk.
 */

import { WorkerLostError } from "../../errors.ts";
import type { ThreadPool } from "../../pool/thread_pool.ts";
import { fromWire } from "../../pool/wire_error.ts";
import type {
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
import type { SqliteSettings } from "./driver.ts";
import { poll } from "./poll.ts";
import { capabilitiesOf } from "./settings.ts";
import type { Answer, Asking, SqliteTasks } from "./thread_tasks.ts";

/** A store's engine behind a thread that was made with `exposeSqlite`. Effects cannot cross. */
export class SqliteThreadDriver implements Driver {
  readonly #pool: ThreadPool<SqliteTasks>;
  readonly #settings: SqliteSettings;
  #terms!: Terms;
  #capabilities: Capabilities;
  #figures: Figures = { head: 0, oldest: 1, events: 0, streams: 0, bytes: 0 };
  /** A thread that is lost takes its open database with it. */
  #open = false;
  /** Transactions that were committed, as of the last answer. */
  commits = 0;

  /** Takes a pool of one thread that never idles away, and closes it with the store. */
  constructor(pool: ThreadPool<SqliteTasks>, settings: SqliteSettings) {
    this.#pool = pool;
    this.#settings = settings;
    this.#capabilities = threaded(capabilitiesOf("unopened", settings.synchronous, false));
  }

  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  async open(terms: Terms): Promise<{ readonly log: string }> {
    this.#terms = terms;
    const { env: _, ...rest } = terms;
    const { maxStreams, maxEventsPerStream, onLimit, idWindow } = rest;
    const opening = {
      settings: this.#settings,
      terms: { maxStreams, maxEventsPerStream, onLimit, idWindow },
    };
    const { log, capabilities } = this.#answered(await this.#pool.run("open", opening));
    this.#capabilities = threaded(capabilities);
    this.#open = true;
    return { log };
  }

  #answered<Value>({ value, figures, commits }: Answer<Value>): Value {
    this.#figures = figures;
    this.commits = commits;
    return value;
  }

  async commit(units: readonly Unit[]): Promise<readonly Outcome[]> {
    try {
      if (!this.#open) await this.open(this.#terms);
    } catch (error) {
      return units.map(() => ({ is: "refused", error }));
    }
    try {
      const outcomes = this.#answered(await this.#pool.run("commit", units));
      return outcomes.map((outcome): Outcome =>
        "wire" in outcome ? { is: outcome.is, error: fromWire(outcome.wire) } : outcome
      );
    } catch (error) {
      if (error instanceof WorkerLostError) this.#open = false;
      // Units that cannot be cloned never left; of those that did, nobody knows.
      const is = error instanceof DOMException ? "refused" : "unknown";
      return units.map(() => ({ is, error }));
    }
  }

  async #ask<Value>(asking: Asking): Promise<Value> {
    try {
      if (!this.#open) await this.open(this.#terms);
      return this.#answered(await this.#pool.run("ask", asking)) as Value;
    } catch (error) {
      if (error instanceof WorkerLostError) this.#open = false;
      throw error;
    }
  }

  read(query: Query): Promise<Page> {
    return this.#ask({ is: "read", query });
  }

  wait(after: number, signal: AbortSignal): Promise<void> {
    const look = async (): Promise<boolean> => (await this.#ask<number>({ is: "head" })) > after;
    return poll(this.#terms.env, signal, look);
  }

  stream(name: string): Promise<StreamInfo | undefined> {
    return this.#ask({ is: "stream", name });
  }

  streams(after: string, limit: number): Promise<readonly StreamInfo[]> {
    return this.#ask({ is: "streams", after, limit });
  }

  mark(name: string): Promise<Mark | undefined> {
    return this.#ask({ is: "mark", name });
  }

  marks(): Promise<readonly Mark[]> {
    return this.#ask({ is: "marks" });
  }

  document(key: string): Promise<unknown> {
    return this.#ask({ is: "document", name: key });
  }

  documents(): Promise<readonly Put[]> {
    return this.#ask({ is: "documents" });
  }

  async lease(name: string, ttlMs: number): Promise<Lease | undefined> {
    const fence = await this.#ask<number | undefined>({ is: "lease", name, ttlMs });
    return fence === undefined ? undefined : {
      fence,
      renew: () => this.#ask<boolean>({ is: "renew", name, fence }),
      release: () => this.#ask<void>({ is: "release", name, fence }),
    };
  }

  trim(trim: Trim): Promise<number> {
    return this.#ask({ is: "trim", trim });
  }

  load(part: Loaded): Promise<void> {
    return this.#ask({ is: "load", part });
  }

  /** What SQLite finds wrong with the file. */
  checkIntegrity(): Promise<readonly string[]> {
    return this.#ask({ is: "check" });
  }

  /** Writes a copy of the database to a new file. */
  backup(path: string): Promise<void> {
    return this.#ask({ is: "backup", path });
  }

  /** As of the last answer of the thread. */
  figures(): Figures {
    return this.#figures;
  }

  async close(): Promise<void> {
    if (this.#open) await this.#pool.run("close", undefined).catch(() => {});
    this.#open = false;
    await this.#pool.close();
  }
}

function threaded(capabilities: Capabilities): Capabilities {
  return { ...capabilities, effects: "none", blocks: "never" };
}
