/**
 * The log of one durable topic: a stream of the store, and a window on its end in memory. Publishers
 * append to it; what is committed goes to the readers in the order of its positions.
 */

import { ConfigMismatchError } from "../../errors.ts";
import { UnsupportedError } from "../../errors/store.ts";
import type { NovaEvent, Recorded } from "../../event/event.ts";
import type { Env } from "../../internal/env.ts";
import { placeOf } from "../../internal/hash.ts";
import type { Follower } from "../../store/engine.ts";
import type { Engine } from "../../store/engine.ts";
import { Bell } from "../../store/bell.ts";
import { requireCommitted } from "../../store/outcome.ts";
import type { Store } from "../../store/store.ts";
import type { From, Receipt } from "../api.ts";
import type { Reader } from "./reader.ts";

/** Events at the end that are kept in memory: a power of two. */
const WINDOW = 1024;

/** Events read at once by one who is behind. */
const PAGE = 256;

/** The stream of a topic. */
export function streamOf(topic: string): string {
  return `topic/${topic}`;
}

/** What a log is made of. */
export interface LogOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly bufferSize: number;
  readonly store: Store;
  readonly engine: Engine<never>;
  readonly env: Env;
  /** How long the place of a reader outlives its process. */
  readonly leaseMs: number;
  /** The hash that places an event that is committed. */
  readonly hashOf: (event: Recorded) => number;
  /** Called before anybody reads or writes. */
  readonly opened: () => Promise<void>;
  /** Something finished: closing may be done. */
  readonly progressed: () => void;
}

/** The stream of one topic. */
export class TopicLog {
  readonly options: LogOptions;
  readonly stream: string;
  /** The version of the last event that is known here. */
  head = 0;
  /** Up to this position of the store, every event of the topic is known here. */
  quiet = 0;
  readonly readers: Set<Reader> = new Set();
  /** Subscriptions that write their last checkpoint, by their name. */
  readonly departures: Map<string, Promise<void>> = new Map();
  /** Appends under way, by partition. */
  readonly #inFlight: number[];
  #opening: Promise<void> | undefined;
  #isOpen = false;
  /** Publishes that wait for the opening. */
  #late = 0;
  /** Rings when no append is under way any more. */
  readonly #quiescent: Bell = new Bell();
  /** The events after version `#from`, up to the head, are in the window. */
  readonly #window: Recorded[] = [];
  #from = 0;
  #watching = false;
  #ended = false;
  readonly #follower: Follower = { position: 0, maxLag: Infinity, holds: false };

  constructor(options: LogOptions) {
    this.options = options;
    this.stream = streamOf(options.topic);
    this.#inFlight = new Array<number>(options.partitions).fill(0);
  }

  /** Appends under way. */
  get inFlight(): number {
    return this.#inFlight.reduce((sum, count) => sum + count, 0);
  }

  /** Events in the partitions that the slowest reader who keeps up has not taken. */
  get queued(): number {
    let most = 0;
    for (const { queued } of this.readers) most = Math.max(most, queued);
    return most;
  }

  /** The same, of one partition. */
  queuedIn(partition: number): number {
    let most = 0;
    for (const { partitions } of this.readers) most = Math.max(most, partitions[partition]!.queued);
    return most;
  }

  /** How far the reader that is furthest behind is, in one partition. */
  statsIn(partition: number): { readonly lag: number; readonly oldestAgeMs: number } {
    const stats = [...this.readers].map(({ partitions }) => partitions[partition]!.stats());
    const most = (values: readonly number[]): number => Math.max(0, ...values);
    return {
      lag: most(stats.map(({ lag }) => lag)),
      oldestAgeMs: most(stats.map(({ oldestAgeMs }) => oldestAgeMs)),
    };
  }

  /** The partition that the next event without a key is likely to get. */
  get turn(): number {
    return (this.head + this.inFlight) % this.options.partitions;
  }

  /** Whether a reader who keeps up has room for one event more. */
  hasRoom(partition: number, most: number = this.options.bufferSize): boolean {
    for (const { gates, partitions } of this.readers) {
      if (!gates) continue;
      if (partitions[partition]!.queued + this.#inFlight[partition]! >= most) return false;
    }
    return true;
  }

  /** Finds the stream, and checks that the topic is as it was. A failed opening is tried again. */
  open(): Promise<void> {
    return this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
  }

  async #open(): Promise<void> {
    const { store, engine, topic, partitions } = this.options;
    await store.open();
    const key = this.stream;
    const body = await engine.driver.document(key);
    if (body === undefined) {
      const documents = [{ key, body: JSON.stringify({ partitions }) }];
      requireCommitted(engine, await engine.commit({ documents }));
    } else {
      const kept = JSON.parse(body as string) as { readonly partitions: number };
      if (kept.partitions !== partitions) {
        throw new ConfigMismatchError(`topic "${topic}"`, "partitions");
      }
    }
    this.head = (await engine.driver.stream(this.stream))?.version ?? 0;
    this.#from = this.head;
    await this.options.opened();
    this.#isOpen = true;
  }

  /** Appends an event; resolves when it is committed. Events are appended in the order of the calls. */
  publish(event: NovaEvent, partition: number, signal: AbortSignal | undefined): Promise<Receipt> {
    this.#inFlight[partition]! += 1;
    let isUnderWay = true;
    // Once, and before the event counts as one that waits for its readers.
    const landed = (): void => {
      if (isUnderWay) this.#inFlight[partition]! -= 1;
      isUnderWay = false;
    };
    const appended = this.#isOpen && this.#late === 0
      ? this.#append(event, signal, landed)
      : this.#appendLater(event, signal, landed);
    const settled = (): void => {
      landed();
      if (this.inFlight === 0) this.#quiescent.ring();
      this.options.progressed();
    };
    appended.then(settled, settled);
    return appended;
  }

  /** Behind those who came before it, while the log is being opened. */
  async #appendLater(
    event: NovaEvent,
    signal: AbortSignal | undefined,
    landed: () => void,
  ): Promise<Receipt> {
    this.#late += 1;
    try {
      await this.open();
    } finally {
      this.#late -= 1;
    }
    return this.#append(event, signal, landed);
  }

  #append(
    event: NovaEvent,
    signal: AbortSignal | undefined,
    landed: () => void,
  ): Promise<Receipt> {
    const { store } = this.options;
    const options = signal === undefined ? {} : { signal };
    return store.append(this.stream, [event], options).then(({ duplicate, events }) => {
      const record = events[0]!;
      landed();
      if (!duplicate) this.entered(record);
      return {
        id: record.id,
        partition: placeOf(this.options.hashOf(record), this.options.partitions),
        sequence: record.version,
        duplicate,
        dropped: false,
      };
    });
  }

  /** An event is committed here. */
  entered(record: Recorded): void {
    // Known already: a reader was told that others had written, and this was among it.
    if (record.version <= this.head) return;
    // Others wrote before it: what is between is read from the store.
    if (record.version !== this.head + 1) this.#from = record.version - 1;
    this.head = record.version;
    this.#window[record.version % WINDOW] = record;
    if (this.head - this.#from > WINDOW) this.#from = this.head - WINDOW;
    for (const reader of this.readers) reader.wake();
  }

  /** The event of a version, if it is in the window. */
  recent(version: number): Recorded | undefined {
    return version > this.#from ? this.#window[version % WINDOW] : undefined;
  }

  /** Events from a version on, from the store. */
  async read(version: number): Promise<readonly Recorded[]> {
    const query = { stream: this.stream, after: version - 1, limit: PAGE };
    const { records } = await this.options.engine.read(query);
    return records;
  }

  /** The version of the first event behind a position; one more than the last if there is none. */
  async versionAfter(position: number): Promise<number> {
    const info = await this.options.engine.driver.stream(this.stream);
    let low = info?.first ?? 1;
    let high = (info?.version ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const query = { stream: this.stream, after: middle - 1, limit: 1 };
      const [record] = (await this.options.engine.read(query)).records;
      if (record === undefined || record.position > position) high = middle;
      else low = record.version + 1;
    }
    return low;
  }

  /** The position behind which a subscription begins. */
  startOf(from: From): Promise<number> {
    if (from === "latest") return this.latest();
    return from === "earliest" ? Promise.resolve(0) : this.#find(from);
  }

  async #find(from: number | Date): Promise<number> {
    const { topic, engine } = this.options;
    await this.open();
    const { stream } = this;
    if (typeof from === "number") {
      if (from > this.head + 1) {
        const message = `Cannot use ${from} as "from" as topic "${topic}" is at ${this.head}`;
        throw new RangeError(message);
      }
      const { records } = await engine.read({ stream, after: Math.max(0, from - 2), limit: 1 });
      const [before] = records;
      return before === undefined || before.version >= from ? 0 : before.position;
    }
    const query = { stream, after: 0, limit: 1, from: from.getTime() };
    const [first] = (await engine.read(query)).records;
    return first === undefined ? await this.latest() : first.position - 1;
  }

  /** The last position of the store: what is published here from now on is behind it. */
  async latest(): Promise<number> {
    const { driver } = this.options.engine;
    if (!this.#isOpen) await this.open();
    // In this turn where the engine can, so that no publish comes between.
    const looked = driver.stream(this.stream);
    if (looked instanceof Promise) await looked;
    return driver.figures().head;
  }

  /** A reader takes part. */
  join(reader: Reader): void {
    this.readers.add(reader);
  }

  /** Hears of what others write, from when the first reader has its place. */
  listen(): void {
    this.options.engine.followers.add(this.#follower);
    if (!this.#watching) void this.#watch();
  }

  leave(reader: Reader): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) this.options.engine.leave(this.#follower);
  }

  /** A subscription is about to be gone. */
  departed(name: string, gone: Promise<void>): void {
    const left = gone.then(() => {
      if (this.departures.get(name) === left) this.departures.delete(name);
    });
    this.departures.set(name, left);
  }

  /** Whether closing has nothing to wait for here. */
  get idle(): boolean {
    if (this.inFlight > 0) return false;
    for (const { idle } of this.readers) if (!idle) return false;
    return true;
  }

  /** Ends the watching; resolves when every subscription has left. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#quiescent.ring();
    this.options.engine.bell.ring();
    await Promise.all(this.departures.values());
  }

  /** Others are other processes, other buses, and who appends by hand. */
  async #watch(): Promise<void> {
    const { engine } = this.options;
    this.#watching = true;
    while (this.readers.size > 0 && !this.#ended && !engine.closed) {
      // What is appended here is told in its turn, and shows what others wrote before it.
      if (this.inFlight > 0) {
        await this.#quiescent.next();
        continue;
      }
      const growth = engine.growth();
      await this.#look();
      await growth;
    }
    this.#watching = false;
  }

  async #look(): Promise<void> {
    const { engine, env } = this.options;
    try {
      // Read through the engine, which then knows how far the log was seen.
      const { records, head } = await engine.read({
        stream: this.stream,
        after: this.head,
        limit: 1,
      });
      // An append that began meanwhile tells of itself.
      if (this.inFlight > 0) return;
      if (records.length === 0) {
        this.quiet = head;
        return;
      }
      const version = (await engine.driver.stream(this.stream))?.version ?? 0;
      if (version <= this.head || this.inFlight > 0) return;
      this.head = this.#from = version;
      for (const reader of this.readers) reader.wake();
    } catch (error) {
      if (!engine.closed) env.report(error);
    }
  }

  /** What cannot be done on a log. */
  unsupported(what: string): UnsupportedError {
    return new UnsupportedError(
      `Cannot ${what} topic "${this.options.topic}": it is durable, as its bus has a store`,
    );
  }
}
