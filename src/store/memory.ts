/**
 * The store in memory.
 */

import { ClosedError, ValidationError, VersionConflictError } from "../errors.ts";
import type { DraftOf, EventMap, NovaEvent, Recorded, RecordedOf } from "../event/event.ts";
import { admitEvent } from "../event/make.ts";
import { checkName } from "../event/validate.ts";
import {
  integerOption,
  requireOptions,
  requireSignal,
  show,
  wordOption,
} from "../internal/check.ts";
import type { CloseResult } from "../internal/closing.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import type {
  Appended,
  AppendOptions,
  Expect,
  FollowOptions,
  MemoryStoreOptions,
  PagesOptions,
  ReadOptions,
  StoreStats,
} from "./api.ts";
import { Bell, follow } from "./follow.ts";
import { Log } from "./log.ts";

const DEFAULT_LIMIT = 1000;

/**
 * An event log in memory.
 *
 * - **Versions** of a stream are 1, 2, 3 … without a gap; **positions** rise over the whole log.
 * - **All or nothing:** an append enters whole, or not at all.
 * - **Optimistic:** an append may say which version it expects; if another came first it gets the
 *   events it did not know of.
 * - **Following** reads the log and waits at its end: catching up and living are one mechanism, so
 *   nothing is lost or doubled between them.
 *
 * Event data is kept by reference: do not change it afterwards.
 *
 * @typeParam Events The data of each event type.
 *
 * @example Usage
 * ```ts
 * import { MemoryStore } from "@nova/events/store";
 *
 * const store = new MemoryStore<{ opened: { owner: string }; paidIn: { amount: number } }>();
 * await store.append("account-7", [{ type: "opened", data: { owner: "Ada" } }], { expect: "absent" });
 * await store.append("account-7", [{ type: "paidIn", data: { amount: 50 } }], { expect: 1 });
 *
 * const events = await store.read("account-7");
 * console.log(events.map((event) => `${event.version} ${event.type}`)); // [ "1 opened", "2 paidIn" ]
 * await store.close();
 * ```
 */
export class MemoryStore<Events extends EventMap = Record<string, unknown>>
  implements AsyncDisposable {
  /** Names it in errors and figures. */
  readonly name: string;
  readonly #env: Env;
  readonly #log = new Log();
  readonly #bell = new Bell();
  #recordedAt = 0;
  readonly #held = new Set<Disposable>();
  #followers = 0;
  #closed = false;

  /** Makes an empty store; it holds no timer and reads no clock. */
  constructor(options: MemoryStoreOptions = {}) {
    requireOptions("a store", options);
    this.name = options.name ?? "store";
    this.#env = options.env ?? systemEnv;
  }

  /**
   * Appends events to a stream, all of them or none. A stream begins with its first event.
   *
   * It rejects with {@linkcode VersionConflictError} if the stream is not as expected, with
   * {@linkcode ValidationError} if an event or the name of the stream is not valid, with
   * {@linkcode ClosedError}, or with the signal's reason.
   */
  append(
    stream: string,
    events: readonly DraftOf<Events>[],
    options: AppendOptions = {},
  ): Promise<Appended<Events>> {
    try {
      requireOptions("an append", options);
      checkStreamName(stream);
      if (!Array.isArray(events)) {
        throw new TypeError(`Cannot append ${show(events)}: events must be an array`);
      }
      const admitted: NovaEvent[] = [];
      // By index, so that a hole is no event either.
      for (let i = 0; i < events.length; i++) admitted.push(admitEvent(events[i], this.#env));
      this.#requireOpen();
      requireSignal(options.signal);
      options.signal?.throwIfAborted();
      this.#expect(stream, options.expect === undefined ? "any" : options.expect);
      const first = this.#log.head + 1;
      if (admitted.length > 0) {
        // Store time never goes back, whatever the clock does.
        this.#recordedAt = Math.max(this.#recordedAt, this.#env.coarse());
        for (const event of admitted) this.#log.append(stream, event, this.#recordedAt);
        this.#bell.ring();
      }
      const version = this.#log.stream(stream)?.version ?? 0;
      return Promise.resolve(new Append<Events>(this.#log, first, this.#log.head, version));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** One page of a stream; empty if there is no such stream. Versions are the places here. */
  read(stream: string, options?: ReadOptions): Promise<RecordedOf<Events>[]> {
    try {
      checkStreamName(stream);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#page(stream, options);
  }

  /** One page of the whole log. Positions are the places here. */
  readAll(options?: ReadOptions): Promise<RecordedOf<Events>[]> {
    return this.#page(undefined, options);
  }

  /** A stream, or the whole log, page by page, up to where it ends when the last page is read. */
  async *pages(options: PagesOptions = {}): AsyncGenerator<RecordedOf<Events>[], void, void> {
    requireOptions("reading pages", options);
    requireSignal(options.signal);
    const { stream, signal } = options;
    if (stream !== undefined) checkStreamName(stream);
    let { after } = options;
    for (;;) {
      signal?.throwIfAborted();
      const page = await this.#page(stream, {
        ...options,
        ...(after === undefined ? {} : { after }),
      });
      const last = page[page.length - 1];
      if (last === undefined) return;
      yield page;
      after = stream === undefined ? last.position : last.version;
    }
  }

  /**
   * Every event after a position, those there now and those to come, in order, none lost or doubled.
   *
   * The iteration ends when the store closes, also for one who waits, and rejects with the signal's
   * reason.
   */
  follow(options: FollowOptions = {}): AsyncGenerator<RecordedOf<Events>, void, void> {
    let left = false;
    const events = this.#follow(options, () => left || this.#closed);
    const end = events.return.bind(events);
    // A generator that waits would hear of it only at the next event.
    events.return = (value) => {
      left = true;
      this.#bell.ring();
      return end(value);
    };
    return events;
  }

  /** The figures of now. */
  stats(): StoreStats {
    return {
      name: this.name,
      events: this.#log.head,
      streams: this.#log.streamCount,
      followers: this.#followers,
    };
  }

  /** Takes and answers nothing more, and ends those who follow. */
  close(): Promise<CloseResult> {
    this.#closed = true;
    this.#bell.ring();
    for (const held of this.#held) held[Symbol.dispose]();
    this.#held.clear();
    return Promise.resolve({ completed: 0, left: 0 });
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async *#follow(
    options: FollowOptions,
    ended: () => boolean,
  ): AsyncGenerator<RecordedOf<Events>, void, void> {
    requireOptions("following", options);
    requireSignal(options.signal);
    this.#requireOpen();
    const { after, streams, signal } = options;
    const names = streams === undefined ? undefined : new Set([streams].flat());
    names?.forEach(checkStreamName);
    this.#followers += 1;
    try {
      yield* follow(this.#log, this.#bell, {
        env: this.#env,
        after: integerOption("after", after, 0, 0),
        streams: names,
        signal,
        held: this.#held,
        ended,
      }) as AsyncGenerator<RecordedOf<Events>, void, void>;
    } finally {
      this.#followers -= 1;
    }
  }

  #page(stream: string | undefined, options: ReadOptions = {}): Promise<RecordedOf<Events>[]> {
    try {
      this.#requireOpen();
      requireOptions("a read", options);
      const index = stream === undefined ? undefined : this.#log.stream(stream);
      const end = stream === undefined ? this.#log.head : index?.version ?? 0;
      const reverse = options.reverse === true;
      const limit = integerOption("limit", options.limit, DEFAULT_LIMIT);
      const after = integerOption("after", options.after, reverse ? end + 1 : 0, 0);
      const page: Recorded[] = [];
      const step = reverse ? -1 : 1;
      for (
        let place = reverse ? Math.min(after - 1, end) : after + 1;
        place >= 1 && place <= end && page.length < limit;
        place += step
      ) {
        page.push(this.#log.at(index === undefined ? place : index.positionOf(place)));
      }
      return Promise.resolve(page as RecordedOf<Events>[]);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Throws if the stream is not as expected. */
  #expect(stream: string, expect: Expect): void {
    if (expect === "any") return;
    const index = this.#log.stream(stream);
    const actual = index?.version ?? 0;
    if (expect === "present" && actual > 0) return;
    const known = typeof expect === "number"
      ? integerOption("expect", expect, 0, 0)
      : wordOption("expect", expect, ["any", "absent", "present"], "any") === "absent"
      ? 0
      : -1;
    if (known === actual) return;
    const unknown: Recorded[] = [];
    for (let version = Math.max(1, known + 1); version <= actual; version++) {
      if (unknown.length === DEFAULT_LIMIT) break;
      unknown.push(this.#log.at(index!.positionOf(version)));
    }
    throw new VersionConflictError(stream, expect, actual, unknown);
  }

  #requireOpen(): void {
    if (this.#closed) throw new ClosedError(`store "${this.name}"`);
  }
}

/** The outcome of an append; records are made when they are asked for. */
class Append<Events extends EventMap> implements Appended<Events> {
  readonly version: number;
  readonly position: number;
  readonly duplicate = false;
  readonly #log: Log;
  readonly #first: number;

  constructor(log: Log, first: number, last: number, version: number) {
    this.#log = log;
    this.#first = first;
    this.position = last;
    this.version = version;
  }

  get events(): readonly RecordedOf<Events>[] {
    const records: Recorded[] = [];
    for (let at = this.#first; at <= this.position; at++) records.push(this.#log.at(at));
    return records as RecordedOf<Events>[];
  }
}

function checkStreamName(stream: unknown): void {
  checkName("stream", stream);
  if (stream.includes("\0")) {
    const message = `Cannot use ${show(stream)} as the name of a stream: it has a NUL`;
    throw new ValidationError("stream", stream, message);
  }
}
