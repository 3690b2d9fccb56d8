/**
 * What all parts of a store share: its driver, opened once, its group commit, the way from records
 * to events, and those who follow.
 */

import { ClosedError, LimitExceededError } from "../errors.ts";
import {
  CorruptError,
  EncodeError,
  UnknownOutcomeError,
  UnsupportedError,
} from "../errors/store.ts";
import { brand, isBranded } from "../event/brand.ts";
import type { Metadata, NovaEvent, Recorded } from "../event/event.ts";
import { byteLength } from "../event/validate.ts";
import { trustMetadata } from "../event/metadata.ts";
import type { Env } from "../internal/env.ts";
import { sleep } from "../internal/sleep.ts";
import { allOf, andThen } from "./awaitable.ts";
import { Bell } from "./bell.ts";
import type { Append, Awaitable, Draft, Driver, Outcome, Page, Query, Stored } from "./driver.ts";
import type { Unit } from "./driver.ts";
import { Group } from "./group.ts";
import type { InlineViews } from "./inline.ts";
import { Retention } from "./retention.ts";
import { makeRecord } from "./record.ts";
import type { Settings } from "./settings.ts";
import { SharedPage } from "./shared_page.ts";

/** After the engine could not be asked whether the log has grown. */
const WATCH_AGAIN_MS = 1000;

/** One iteration of `follow`. */
export interface Follower {
  /** What it has seen. */
  position: number;
  readonly maxLag: number;
  /** Whether retention waits for it. */
  readonly holds: boolean;
}

/** A page whose records are events. */
export interface RecordedPage extends Page {
  readonly records: readonly (Stored & Recorded)[];
}

/** The middle of a store. */
export class Engine<Tx> {
  readonly driver: Driver<Tx>;
  readonly settings: Settings;
  readonly env: Env;
  readonly bell: Bell = new Bell();
  readonly followers: Set<Follower> = new Set<Follower>();
  /** What is freed when the store closes, as a follower that is not asked again never ends. */
  readonly held: Set<Disposable> = new Set();
  readonly group: Group<Tx>;
  /** What followers read. */
  readonly shared: SharedPage<Tx> = new SharedPage(this);
  skipped = 0;
  closed = false;
  retention: Retention | undefined;
  /** What is written with every append, if there is anything. */
  inline: InlineViews<Tx> | undefined;
  /** Told after each flush. */
  onFlush: () => void = () => {};
  #failure: unknown;
  #failed = false;
  #opened: Awaitable<string> | undefined;
  /** Whether data of events is measured. */
  #measures = false;
  #watching: AbortController | undefined;
  /** Ends with the last encoding under way. */
  #encoding: Promise<void> | undefined;
  /** The furthest that anybody here has read of. */
  #head = 0;

  constructor(driver: Driver<Tx>, settings: Settings) {
    this.driver = driver;
    this.settings = settings;
    this.env = settings.env;
    this.group = new Group(
      driver,
      settings.env,
      settings.groupMs,
      (outcomes) => this.#flushed(outcomes),
    );
  }

  requireOpen(): void {
    if (this.#failed) {
      throw new ClosedError(`store "${this.settings.name}"`, { cause: this.#failure });
    }
    if (this.closed) throw new ClosedError(`store "${this.settings.name}"`);
  }

  /** The identity of the log; opens the driver the first time. A failed opening is tried again. */
  open(): Awaitable<string> {
    return this.#opened ??= this.#open();
  }

  #open(): Awaitable<string> {
    const { settings, driver } = this;
    const opened = andThen(driver.open(settings), ({ log }) => {
      const { maxEventBytes, retention } = settings;
      this.#measures = driver.capabilities.data === "encoded" || maxEventBytes < Infinity ||
        (retention?.maxBytes ?? Infinity) < Infinity;
      if (retention !== undefined) {
        this.retention = new Retention(
          driver as never,
          this.env,
          retention,
          () => this.#liveFloor(),
        );
      }
      return this.#opened = log;
    });
    if (opened instanceof Promise) opened.catch(() => this.#opened = undefined);
    return opened;
  }

  /** The events as the driver takes them. Throws if one is too large or cannot be encoded. */
  prepare(
    stream: string,
    events: readonly NovaEvent[],
    ids: Append["ids"],
    expect: Append["expect"],
  ): Awaitable<Append> {
    if (!this.#measures) return { stream, records: events, ids, expect };
    const { codec } = this.settings;
    const { atomic } = this.driver.capabilities;
    if (events.length > atomic.records) {
      throw new UnsupportedError(
        `Cannot append ${events.length} events at once: at most ${atomic.records}`,
      );
    }
    return andThen(this.inOrder(allOf(events.map(({ data }) => codec.encode(data)))), (bodies) => {
      const { records, sizes } = this.#measured(events, bodies);
      return { stream, records, ids, expect, sizes };
    });
  }

  /** What is encoded earlier enters earlier, however long it takes. */
  inOrder<Value>(encoded: Awaitable<Value>): Awaitable<Value> {
    const before = this.#encoding;
    if (encoded instanceof Promise) {
      // It may fail before anybody waits for it.
      encoded.catch(() => {});
    } else if (before === undefined) return encoded;
    const mine = before === undefined ? encoded as Promise<Value> : before.then(() => encoded);
    const free = (): void => {
      if (this.#encoding === done) this.#encoding = undefined;
    };
    const done: Promise<void> = mine.then(free, free);
    this.#encoding = done;
    return mine;
  }

  /** As `prepare`, for those who cannot wait for a codec. */
  append(
    stream: string,
    events: readonly NovaEvent[],
    ids: Append["ids"],
    expect: Append["expect"],
  ): Append {
    const append = this.prepare(stream, events, ids, expect);
    if (!(append instanceof Promise)) return append;
    append.catch(() => {});
    throw new UnsupportedError(
      `Cannot wait for codec "${this.settings.codec.name}" here: it must answer at once`,
    );
  }

  /** Whether the bytes of events are counted. */
  get measures(): boolean {
    return this.#measures;
  }

  #measured(
    events: readonly NovaEvent[],
    bodies: readonly (string | Uint8Array)[],
  ): { readonly records: readonly Draft[]; readonly sizes: readonly number[] } {
    const { codec, maxEventBytes } = this.settings;
    const { data, maxRecordBytes } = this.driver.capabilities;
    const most = Math.min(maxEventBytes, maxRecordBytes);
    const records: Draft[] = [];
    const sizes: number[] = [];
    for (const [i, event] of events.entries()) {
      const body = bodies[i]!;
      if (typeof body !== "string" && !(body instanceof Uint8Array)) {
        throw new EncodeError([], `codec "${codec.name}" answered neither text nor bytes`);
      }
      const { id, type, timestamp, metadata } = event;
      const size = sizeOf(event, body);
      if (size > most) {
        const message = `Cannot append an event of ${size} bytes: at most ${most}`;
        throw new LimitExceededError("maxEventBytes", most, message);
      }
      sizes.push(size);
      if (data === "encoded") {
        records.push({ id, type, timestamp, metadata, data: body, codec: codec.name });
      }
    }
    return { records: data === "encoded" ? records : events, sizes };
  }

  /** Commits a unit, and with its appends what is written inline. */
  commit(unit: Unit<Tx>, signal?: AbortSignal): Awaitable<Outcome> {
    this.#requireSupport(unit);
    return this.inline !== undefined && (unit.appends?.length ?? 0) > 0
      ? this.inline.commit(unit, signal)
      : this.send(unit, signal);
  }

  /** Hands a unit to the driver: at once where it can, else with others. */
  send(unit: Unit<Tx>, signal?: AbortSignal): Awaitable<Outcome> {
    const { capabilities } = this.driver;
    if (capabilities.blocks !== "never" || capabilities.wake !== "push") {
      return this.group.add(unit, signal);
    }
    return andThen(this.driver.commit([unit]), (outcomes) => {
      this.#flushed(outcomes);
      return outcomes[0]!;
    });
  }

  #requireSupport({ appends = [], marks = [], documents = [], effects = [] }: Unit<Tx>): void {
    const { capabilities } = this.driver;
    const kinds = [appends, marks, documents, effects].filter(({ length }) => length > 0).length;
    if (kinds > 1 && !capabilities.atomic.mixed) {
      throw new UnsupportedError(
        `Cannot commit unlike things as one: ${capabilities.engine} keeps them apart`,
      );
    }
    if (appends.length > capabilities.atomic.streams) {
      throw new UnsupportedError(`Cannot append to ${appends.length} streams at once`);
    }
    if (effects.length > 0 && capabilities.effects === "none") {
      throw new UnsupportedError(`Cannot commit effects: ${capabilities.engine} has none`);
    }
  }

  /** Tells those who wait that something was written, and removes what is too old now. */
  written(): void {
    this.bell.ring();
    if (this.retention === undefined) return;
    const applied = this.retention.apply();
    if (applied instanceof Promise) applied.catch((error) => this.env.report(error));
  }

  #flushed(outcomes: readonly Outcome[]): void {
    this.onFlush();
    let wrote = false;
    for (const outcome of outcomes) {
      if (outcome.is === "committed") wrote = true;
      else if (outcome.is === "unknown") this.#fail(outcome.error);
    }
    try {
      if (wrote && !this.#failed) this.written();
    } catch (error) {
      // What was committed stays so; that nothing was removed is seen in the figures.
      this.env.report(error);
    }
  }

  /** After an outcome nobody knows, the store says nothing more. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#failure = error;
    this.group.fail(new ClosedError(`store "${this.settings.name}"`, { cause: error }));
    this.end();
  }

  /** The conflicts and failures of an outcome, as what the caller catches. */
  unknown(cause: unknown): UnknownOutcomeError {
    return new UnknownOutcomeError(this.settings.name, { cause });
  }

  /** A page of events. */
  read(query: Query): Awaitable<RecordedPage> {
    return andThen(this.driver.read(query), (page) => {
      if (page.head > this.#head) {
        this.#head = page.head;
        // Others who wait may have seen less.
        if (this.driver.capabilities.writers === "many") this.bell.ring();
      }
      const { data } = this.driver.capabilities;
      if (data === "reference" && this.settings.upcasters === undefined) {
        // What the memory driver hands out has its brand.
        for (const record of page.records) if (!isBranded(record)) brand(record);
        return page as RecordedPage;
      }
      return andThen(
        allOf(page.records.map((stored) => this.recorded(stored))),
        (records) => ({ ...page, records }),
      );
    });
  }

  /** What is stored, as the event it is today. */
  recorded(stored: Stored): Awaitable<Stored & Recorded> {
    const { codec } = this.settings;
    if (this.driver.capabilities.data === "reference") {
      return this.#lifted(stored, stored.data, stored.metadata);
    }
    if (stored.codec !== codec.name) {
      const { position } = stored;
      throw new CorruptError(
        `Cannot read position ${position} as its codec is "${stored.codec}": this store has "${codec.name}"`,
      );
    }
    const metadata = trustMetadata(stored.metadata as Record<string, string>);
    const decoded = codec.decode(stored.data as string | Uint8Array);
    return andThen(decoded, (data) => this.#lifted(stored, data, metadata));
  }

  #lifted(stored: Stored, body: unknown, metadata: Metadata): Recorded {
    const { upcasters } = this.settings;
    const { id, timestamp, stream, version, position, recordedAt } = stored;
    let { type } = stored;
    let data = body;
    for (let step = 0; upcasters !== undefined; step++) {
      const lifted = upcasters.get(type)?.({ type, data, metadata });
      if (lifted === undefined) break;
      data = lifted.data;
      if (lifted.type === undefined || lifted.type === type) break;
      type = lifted.type;
      if (step > 100) throw new RangeError(`The upcasters of "${stored.type}" go round in circles`);
    }
    const event = { id, type, data, metadata, timestamp };
    return makeRecord(event, stream, version, position, recordedAt);
  }

  /** Resolves when the log may have grown, or when it is rung for any other reason. */
  growth(): Promise<void> {
    const rung = this.bell.next();
    if (this.driver.capabilities.writers === "many") this.#watch();
    return rung;
  }

  #watch(): void {
    if (this.#watching !== undefined || this.driver.wait === undefined) return;
    const watching = this.#watching = new AbortController();
    const { signal } = watching;
    this.driver.wait(this.#head, signal).catch((error) => {
      if (signal.aborted) return;
      this.env.report(error);
      // Whoever looks again at once would find the same, without end.
      return sleep(this.env, WATCH_AGAIN_MS, signal, { ref: false });
    }).then(() => {
      if (this.#watching === watching) this.#watching = undefined;
      this.bell.ring();
    });
  }

  /** A follower leaves; nobody watches for nobody. */
  leave(follower: Follower): void {
    this.followers.delete(follower);
    if (this.followers.size > 0) return;
    this.shared.forget();
    this.#watching?.abort();
    this.#watching = undefined;
  }

  #liveFloor(): number {
    const { head } = this.driver.figures();
    let floor = Infinity;
    for (const { holds, position, maxLag } of this.followers) {
      if (holds && head - position <= maxLag) floor = Math.min(floor, position + 1);
    }
    return floor;
  }

  /** Takes nothing more and ends those who follow. */
  end(): void {
    this.closed = true;
    this.#watching?.abort();
    this.#watching = undefined;
    this.bell.ring();
    for (const held of this.held) held[Symbol.dispose]();
    this.held.clear();
  }
}

/** The bytes of an event: its data as a codec wrote it, type, id and metadata. */
export function sizeOf(
  { id, type, metadata }: NovaEvent,
  body: string | Uint8Array,
): number {
  let size = typeof body === "string" ? byteLength(body) : body.length;
  size += id.length + type.length;
  for (const key in metadata) size += key.length + byteLength(metadata[key]!);
  return size;
}
