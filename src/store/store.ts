/**
 * The store: an event log over any engine.
 */

import type { DraftOf, EventMap, NovaEvent, RecordedOf } from "../event/event.ts";
import { checkExpect, Door } from "./admission.ts";
import { integerOption, requireOptions, requireSignal } from "../internal/check.ts";
import {
  type Closable,
  type CloseOptions,
  type CloseResult,
  Closing,
} from "../internal/closing.ts";
import { loadAggregate } from "./aggregate.ts";
import type {
  Aggregate,
  AggregateOptions,
  Appended,
  AppendOptions,
  CheckpointOptions,
  FeedItem,
  FollowOptions,
  PagesOptions,
  ReadOptions,
  ReplayOptions,
  StoreOptions,
  StoreStats,
  StoreUnit,
} from "./api.ts";
import { andThen, promised } from "./awaitable.ts";
import { markOf, nameCursor, placeOf } from "./checkpoints.ts";
import type {
  Append,
  Awaitable,
  Capabilities,
  Driver,
  Lease,
  Outcome,
  StreamInfo,
} from "./driver.ts";
import { commitUnit } from "./commit_unit.ts";
import { dump, restore } from "./dump.ts";
import { Engine } from "./engine.ts";
import { requireCommitted, settle } from "./outcome.ts";
import { feed, follow, followPages, pages, readPage, replay } from "./reading.ts";
import { checkKey, checkStreamName, readSettings } from "./settings.ts";

/** A store, whatever its events and its engine are. */
export type AnyStore = Pick<Store, "name" | "capabilities" | "open" | "stats" | "close">;

/** The middle of a store, for those who build on it: a durable bus writes more than a caller may. */
export let engineOf: <Tx>(store: Store<EventMap, Tx>) => Engine<Tx>;

const NO_OPTIONS: AppendOptions = {};

/**
 * An event log over a driver: {@linkcode MemoryStore} and `SqliteStore` are such stores.
 *
 * - **Versions** of a stream are 1, 2, 3 … without a gap; **positions** rise over the whole log and
 *   are never used again.
 * - **All or nothing:** an append enters whole, or not at all.
 * - **Optimistic:** an append may say which version it expects; if another came first it gets the
 *   events it did not know of.
 * - **Idempotent:** an append that is tried again with the same ids is recognised.
 *
 * @typeParam Events The data of each event type.
 * @typeParam Tx What an effect gets to write beside the log.
 */
export class Store<Events extends EventMap = Record<string, unknown>, Tx = never>
  implements AsyncDisposable {
  /** Names it in errors and figures. */
  readonly name: string;
  readonly #engine: Engine<Tx>;
  readonly #door: Door;

  static {
    engineOf = (store) => store.#engine;
  }

  #closing: Promise<CloseResult> | undefined;

  /** Makes a store over a driver; it holds no timer, reads no clock and opens nothing before its first use. */
  constructor(driver: Driver<Tx>, options: StoreOptions = {}) {
    const settings = readSettings(options);
    this.name = settings.name;
    this.#engine = new Engine(driver, settings);
    this.#door = new Door(settings.env);
  }

  /** What the engine underneath can do, as it is. Complete after {@linkcode open} or any other call. */
  get capabilities(): Capabilities {
    return this.#engine.driver.capabilities;
  }

  /** Opens the engine, which otherwise happens with the first call. */
  open(): Promise<void> {
    return promised(() => {
      this.#engine.requireOpen();
      return andThen(this.#engine.open(), () => {});
    });
  }

  /**
   * Appends events to a stream, all of them or none. A stream begins with its first event.
   *
   * It rejects with `VersionConflictError` if the stream is not as expected, `IdConflictError` if an id
   * is there with other content, `ValidationError`, `EncodeError` or `LimitExceededError` if an event
   * cannot enter, `ClosedError`, or with the signal's reason.
   */
  append(
    stream: string,
    events: readonly DraftOf<Events>[],
    options: AppendOptions = NO_OPTIONS,
  ): Promise<Appended<Events>> {
    // Without a closure: it is the commonest call of all.
    try {
      requireOptions("an append", options);
      const engine = this.#engine;
      const opened = engine.closed ? "" : engine.open();
      checkStreamName(stream);
      const admitted = this.#door.admit(events);
      const { ids } = this.#door;
      const expect = checkExpect(options.expect);
      const { signal } = options;
      engine.requireOpen();
      if (signal !== undefined) {
        requireSignal(signal);
        signal.throwIfAborted();
      }
      // What it takes to prepare is known of an open engine only.
      const prepared = typeof opened === "string"
        ? engine.prepare(stream, admitted, ids, expect)
        : opened.then(() => engine.prepare(stream, admitted, ids, expect));
      const { driver, inline } = engine;
      if (prepared instanceof Promise || driver.commitNow === undefined || inline !== undefined) {
        return this.#later(prepared, admitted, signal);
      }
      const answer = driver.commitNow(prepared);
      if (answer.is !== undefined) return this.#settled(prepared, admitted, answer);
      if (!answer.duplicate && admitted.length > 0) engine.written();
      return Promise.resolve(settle<Events, Tx>(engine, prepared, admitted, answer));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #later(
    prepared: Awaitable<Append>,
    admitted: readonly NovaEvent[],
    signal: AbortSignal | undefined,
  ): Promise<Appended<Events>> {
    const engine = this.#engine;
    const append = prepared instanceof Promise ? await prepared : prepared;
    if (prepared instanceof Promise) {
      engine.requireOpen();
      signal?.throwIfAborted();
    }
    const outcome = await engine.commit({ appends: [append] }, signal);
    return await this.#settled(append, admitted, outcome);
  }

  async #settled(
    append: Append,
    admitted: readonly NovaEvent[],
    outcome: Outcome,
  ): Promise<Appended<Events>> {
    const [placed] = await requireCommitted(this.#engine, outcome);
    return await settle<Events, Tx>(this.#engine, append, admitted, placed!);
  }

  /**
   * Commits several things as one: appends, checkpoints, and effects written through the engine. It
   * answers what each append came to. Rejects as {@linkcode append} does, and with
   * `UnsupportedError` if the engine cannot do this as one.
   */
  commit(
    unit: StoreUnit<Events, Tx>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Appended<Events>[]> {
    return promised(() => {
      requireOptions("a commit", options);
      return commitUnit(this.#engine, this.#door, unit, options.signal);
    });
  }

  /** One page of a stream; empty if there is no such stream. Versions are the places here. */
  read(stream: string, options: ReadOptions = {}): Promise<RecordedOf<Events>[]> {
    return promised(() => {
      checkStreamName(stream);
      return this.#page(stream, options);
    });
  }

  /** One page of the whole log. Positions are the places here. */
  readAll(options: ReadOptions = {}): Promise<RecordedOf<Events>[]> {
    return promised(() => this.#page(undefined, options));
  }

  #page(stream: string | undefined, options: ReadOptions): Awaitable<RecordedOf<Events>[]> {
    return readPage(this.#engine, stream, options) as Awaitable<RecordedOf<Events>[]>;
  }

  /** A stream, or the whole log, page by page, up to where it ends when the last page is read. */
  pages(options: PagesOptions = {}): AsyncGenerator<RecordedOf<Events>[], void, void> {
    return pages(this.#engine, options) as AsyncGenerator<RecordedOf<Events>[], void, void>;
  }

  /** Events one by one, up to where the log ends; with `speed` in the rhythm they were recorded in. */
  replay(options: ReplayOptions = {}): AsyncGenerator<RecordedOf<Events>, void, void> {
    return replay(this.#engine, options) as AsyncGenerator<RecordedOf<Events>, void, void>;
  }

  /**
   * Every event after a position, those there now and those to come, in order, none lost or doubled.
   *
   * The iteration ends when the store closes, also for one who waits, and rejects with the signal's
   * reason. It rejects with `CursorExpiredError` if retention removed events it has not seen.
   */
  follow(options: FollowOptions = {}): AsyncGenerator<RecordedOf<Events>, void, void> {
    return follow(this.#engine, options) as AsyncGenerator<RecordedOf<Events>, void, void>;
  }

  /**
   * Follows by the page: what is there, then what came by the time it asks. A program that gets
   * thousands of events a second gets them cheaper so than one by one.
   */
  followPages(options: FollowOptions = {}): AsyncGenerator<RecordedOf<Events>[], void, void> {
    return followPages(this.#engine, options) as AsyncGenerator<RecordedOf<Events>[], void, void>;
  }

  /** Follows, and tells beside the events where there is a gap and when it has caught up. */
  feed(options: FollowOptions = {}): AsyncGenerator<FeedItem<Events>, void, void> {
    return feed(this.#engine, options) as AsyncGenerator<FeedItem<Events>, void, void>;
  }

  /** What is known of a stream; undefined if it never had an event. */
  stream(name: string): Promise<StreamInfo | undefined> {
    return this.#ask(() => {
      checkStreamName(name);
      return this.#engine.driver.stream(name);
    });
  }

  /** The streams there are or were, by name, after one. */
  streams(options: { readonly after?: string; readonly limit?: number } = {}): Promise<
    readonly StreamInfo[]
  > {
    return this.#ask(() => {
      requireOptions("streams", options);
      const { after = "", limit } = options;
      return this.#engine.driver.streams(after, integerOption("limit", limit, 1000));
    });
  }

  /**
   * Removes the events of a stream. Its name keeps its version, so what comes later goes on counting;
   * `expect: "absent"` holds again.
   */
  deleteStream(name: string): Promise<void> {
    return this.#ask(() => {
      checkStreamName(name);
      const cut = { stream: name, before: Infinity, tombstone: true };
      return andThen(this.#engine.commit({ cuts: [cut] }), (outcome) => {
        void requireCommitted(this.#engine, outcome);
      });
    });
  }

  /** Where a checkpoint is; undefined if there is none. */
  checkpoint(name: string): Promise<number | undefined> {
    return this.#ask(() => {
      checkKey("checkpoint", name);
      return andThen(this.#engine.driver.mark(name), (mark) => mark?.low);
    });
  }

  /** Saves a checkpoint, if it is where it is expected. */
  saveCheckpoint(name: string, position: number, options: CheckpointOptions = {}): Promise<void> {
    return this.#ask(() => {
      requireOptions("a checkpoint", options);
      const mark = markOf(name, position, options);
      return andThen(this.#engine.commit({ marks: [mark] }), (outcome) => {
        void requireCommitted(this.#engine, outcome);
      });
    });
  }

  /** Takes the lease of a name; undefined while somebody else holds it. */
  lease(name: string, options: { readonly ttlMs?: number } = {}): Promise<Lease | undefined> {
    return this.#ask(() => {
      checkKey("lease", name);
      requireOptions("a lease", options);
      return this.#engine.driver.lease(name, integerOption("ttlMs", options.ttlMs, 30_000));
    });
  }

  /** A position as a string to keep elsewhere: it names this log, so that another refuses it. */
  cursor(position: number): Promise<string> {
    return this.#ask(() => nameCursor(this.#engine, position));
  }

  /**
   * The position of a cursor. Rejects with `ValidationError` for what is none, `CursorForeignError`
   * for one of another log, `CursorExpiredError` if events behind it are gone.
   */
  position(cursor: string): Promise<number> {
    return this.#ask(() => placeOf(this.#engine, cursor));
  }

  /** The state that the events of a stream come to, from the last snapshot on. */
  loadAggregate<State>(
    stream: string,
    options: AggregateOptions<State, Events>,
  ): Promise<Aggregate<State>> {
    return this.#ask(() => {
      checkStreamName(stream);
      return loadAggregate<State, Events, Tx>(this.#engine, stream, options);
    });
  }

  /** Removes now what retention says; `force` passes protected checkpoints too. Answers how many events went. */
  retain(options: { readonly force?: boolean } = {}): Promise<number> {
    return this.#ask(() => {
      requireOptions("retaining", options);
      return this.#engine.retention?.enforce(options.force === true) ?? 0;
    });
  }

  /** The whole store as lines of JSON, in UTF-8: to keep, to move, to look at. */
  dump(options: { readonly signal?: AbortSignal } = {}): ReadableStream<Uint8Array> {
    return dump(this.#engine, options);
  }

  /** Loads what {@linkcode dump} wrote into this store, which must be empty. All of it, or nothing. */
  restore(stream: ReadableStream<Uint8Array>): Promise<{ readonly events: number }> {
    return this.#ask(() => restore(this.#engine, stream));
  }

  /** The figures of now. */
  stats(): StoreStats {
    const { driver, followers, skipped, group, settings } = this.#engine;
    const { events, streams, head, oldest, bytes } = driver.figures();
    return {
      name: this.name,
      events,
      streams,
      followers: followers.size,
      head,
      oldest,
      bytes,
      retained: settings.retention !== undefined,
      skipped,
      queued: group.size,
    };
  }

  /** Takes and answers nothing more, commits what waits, and ends those who follow. */
  close(options: CloseOptions = {}): Promise<CloseResult> {
    return this.#closing ??= promised(() => {
      const { group, env, driver } = this.#engine;
      requireOptions("closing", options);
      requireSignal(options.signal);
      const waiting = group.size;
      this.#engine.end();
      const owner: Closable<number> = {
        isIdle: () => group.size === 0,
        end: () => ({ completed: waiting - group.size, left: group.size }),
      };
      if (waiting === 0) return andThen(driver.close(), () => ({ completed: 0, left: 0 }));
      const closing = new Closing(owner, env, options.signal);
      this.#engine.onFlush = () => closing.check();
      return closing.result.then((result) => andThen(driver.close(), () => result));
    });
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ask<Answer>(ask: () => Awaitable<Answer>): Promise<Answer> {
    return promised(() => {
      this.#engine.requireOpen();
      return andThen(this.#engine.open(), ask);
    });
  }
}
