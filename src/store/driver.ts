/**
 * The driver port: the little that an engine must be able to do so that a {@linkcode Store} can stand
 * on it. Retry, group commit, codec, retention policy, following and cursors live above it, once for
 * all engines.
 *
 * A driver never pretends: what an engine cannot do, {@linkcode Capabilities} says, and the store
 * refuses the call with `UnsupportedError` before anything is written.
 */

import type { Env } from "../internal/env.ts";

/** An engine in the process answers at once; one behind a socket with a promise. */
export type Awaitable<T> = T | Promise<T>;

/** A safe integer in one log. Once p was read, nothing at or below p ever appears. */
export type Position = number;

/** What an append may expect of its stream. */
export type Expectation = number | "any" | "absent" | "present";

/** What an engine can do; read back from the engine where it can be asked. */
export interface Capabilities {
  /** The engine: `"memory"`, `"sqlite"`. */
  readonly engine: string;
  /** What a committed unit outlives. */
  readonly survives: "nothing" | "process-crash" | "power-loss" | "node-loss";
  /** The setting that makes it so: `"synchronous=FULL"`. */
  readonly because: string;
  /** Whether data is kept as it is, or must be bytes or text. */
  readonly data: "reference" | "encoded";
  /** Whether streams count their events; without, an append can expect nothing. */
  readonly versions: "dense" | "none";
  /** How much one unit may hold. `mixed`: appends, marks and documents together. */
  readonly atomic: Readonly<{ records: number; streams: number; mixed: boolean }>;
  /** Where an id is recognised, and for how long, in events and in time. */
  readonly dedupe: Readonly<{ scope: "log" | "stream" | "none"; ids: number; windowMs: number }>;
  /** How effects of a unit run: not at all, on a stage, at once, or across awaits. */
  readonly effects: "none" | "staged" | "sync" | "interactive";
  /** Whether a mark may be guarded by a fence. */
  readonly checkpoints: "fenced" | "none";
  /** Whose clock ends a lease. */
  readonly leases: "engine-clock" | "in-process" | "none";
  /** How a reader learns of what others wrote. `external`: the host calls in, `wait` is not there. */
  readonly wake: "push" | "poll" | "external";
  /** Whether others write to the same log. */
  readonly writers: "one" | "many";
  /** Whether a commit may stop the event loop. */
  readonly blocks: "never" | "per-commit";
  /** What a query may ask beside the whole log, forwards. */
  readonly reads: ReadonlySet<"stream" | "reverse" | "type" | "time">;
  /** By what old events can be removed. */
  readonly retention: ReadonlySet<"age" | "count" | "bytes" | "position">;
  /** Whether there are documents beside the log. */
  readonly documents: boolean;
  /** Whether a log can be loaded with its positions and times. */
  readonly restore: boolean;
  /** The most bytes of one event. */
  readonly maxRecordBytes: number;
}

/** What is refused inside a unit, so that no other writer can come between check and write. */
export interface Terms {
  /** How many streams may have events. */
  readonly maxStreams: number;
  /** How many events a stream may have. */
  readonly maxEventsPerStream: number;
  /** What happens at that limit. */
  readonly onLimit: "reject" | "drop-oldest";
  /** How many ids an engine without an index of its own remembers. */
  readonly idWindow: number;
  /** Clock, timers and randomness. */
  readonly env: Env;
}

/** An event as the engine gets it. `data` is a reference, or the text or bytes a codec made of it. */
export interface Draft {
  /** The id. */
  readonly id: string;
  /** What happened. */
  readonly type: string;
  /** When it happened, as its maker says. */
  readonly timestamp: number;
  /** Strings about the event. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The facts. */
  readonly data: unknown;
  /** The codec that made `data`; nothing when it is a reference. */
  readonly codec?: string;
}

/** An event as the engine hands it back. */
export interface Stored extends Draft {
  /** The stream. */
  readonly stream: string;
  /** Its place in the stream. */
  readonly version: number;
  /** Its place in the log. */
  readonly position: Position;
  /** When it was written. */
  readonly recordedAt: number;
}

/** Events for one stream. */
export interface Append {
  /** The stream. */
  readonly stream: string;
  /** What it must be like now. */
  readonly expect: Expectation;
  /** The events, in order. */
  readonly records: readonly Draft[];
  /** Which ids are the caller's, and so may say that an event is there already. */
  readonly ids: "all" | "none" | readonly boolean[];
  /** The bytes of each event, when the store measures them. */
  readonly sizes?: readonly number[] | undefined;
}

/** How far somebody got: all up to `low`, and what `done` says above it. */
export interface Mark {
  /** The name. */
  readonly name: string;
  /** Everything up to here is done. */
  readonly low: Position;
  /** What is done above it, in whatever form its writer has it: an engine only keeps it. */
  readonly done: readonly Position[];
  /** Whether retention must not pass it. */
  readonly protect: boolean;
}

/** A mark to write. */
export interface MarkWrite extends Omit<Mark, "low" | "protect"> {
  /** Everything up to here is done; `"head"`: to the end of the log behind the appends of its unit. */
  readonly low: Position | "head";
  /** Undefined: as it was, at first false. */
  readonly protect: boolean | undefined;
  /** What `low` must be now; `"head"`: the end of the log before the appends of its unit. */
  readonly expect: Position | "absent" | "any" | "head";
  /** The fence of the lease `name` under which it is written; 0 for none. */
  readonly fence: number;
}

/** A document to write; without a body it is removed. */
export interface Put {
  /** The key. */
  readonly key: string;
  /** What is kept under it. */
  readonly body: unknown;
}

/** Removes a stream up to a version, exclusive. Versions and positions go on where they were. */
export interface Cut {
  /** The stream. */
  readonly stream: string;
  /** Where it ends, exclusive. */
  readonly before: number;
  /** Whether the stream is gone as a whole. */
  readonly tombstone: boolean;
}

/** All of a unit becomes visible at once, or nothing. The units of one commit fail alone. */
export interface Unit<Tx = never> {
  /** Events for streams. */
  readonly appends?: readonly Append[];
  /** Marks to write. */
  readonly marks?: readonly MarkWrite[];
  /** Documents to write. */
  readonly documents?: readonly Put[];
  /** Streams to shorten. */
  readonly cuts?: readonly Cut[];
  /**
   * What is written beside the log, through the engine. They run once all else of the unit is checked,
   * and only then; where each append stands is told them. One that throws discards the unit.
   */
  readonly effects?: readonly ((tx: Tx, placed: readonly Placed[]) => Awaitable<void>)[];
}

/** Where an append stands. Its events have the versions and positions up to these. */
export interface Placed {
  /** Tells it from an outcome. */
  readonly is?: undefined;
  /** Its place in the stream. */
  readonly version: number;
  /** Its place in the log. */
  readonly position: Position;
  /** When it was written. */
  readonly recordedAt: number;
  /** Whether it was there before; its events then end at `version`. */
  readonly duplicate: boolean;
}

/** What became of a unit. */
export type Outcome =
  | { readonly is: "committed"; readonly placed: readonly Placed[] }
  | {
    readonly is: "conflict";
    readonly append: Append;
    readonly actual: number;
    readonly since: readonly Stored[];
  }
  | { readonly is: "id-conflict"; readonly stream: string; readonly id: string }
  | {
    readonly is: "mark-conflict";
    readonly name: string;
    readonly expected: Position | "absent";
    readonly actual: Position | undefined;
  }
  | { readonly is: "fenced"; readonly name: string }
  | {
    readonly is: "limit";
    readonly option: "maxStreams" | "maxEventsPerStream";
    readonly limit: number;
    readonly stream: string;
  }
  /** Certainly not stored. */
  | { readonly is: "refused"; readonly error: unknown }
  /** Perhaps stored: to be tried again with the same ids. */
  | { readonly is: "unknown"; readonly error: unknown };

/** A part of the log, or of one stream. */
export interface Query {
  /** One stream; places are then versions, else positions. */
  readonly stream?: string | undefined;
  /** Only these streams of the whole log. */
  readonly streams?: ReadonlySet<string> | undefined;
  /** Where to begin, exclusive. In reverse it is the upper bound, `Infinity` for the end. */
  readonly after: number;
  /** The limit, or how many at most. */
  readonly limit: number;
  /** Newest first. */
  readonly reverse?: boolean;
  /** Only events of these types. */
  readonly types?: ReadonlySet<string> | undefined;
  /** By `recordedAt`: `[from, until)`. */
  readonly from?: number | undefined;
  /** … and before this. */
  readonly until?: number | undefined;
}

/** What a query found. */
export interface Page {
  /** The events, in order. */
  readonly records: readonly Stored[];
  /** Where to go on: behind what was looked at, also what a filter left out. */
  readonly next: number;
  /** Whether there may be more behind `next`. A driver may stop anywhere to stay short. */
  readonly more: boolean;
  /** The last position of the log. */
  readonly head: Position;
  /** The first position that retention has kept. */
  readonly oldest: Position;
}

/** What is known of a stream. */
export interface StreamInfo {
  /** The name. */
  readonly name: string;
  /** The version of its last event; it never goes back. */
  readonly version: number;
  /** The version of its oldest event that is kept; `version + 1` when none is. */
  readonly first: number;
  /** Whether it was deleted, and got no event since. */
  readonly deleted: boolean;
}

/** The figures of an engine, as it last knew them. */
export interface Figures {
  /** The position of the last event. */
  readonly head: Position;
  /** The first position that retention has kept. */
  readonly oldest: Position;
  /** The events. */
  readonly events: number;
  /** How many streams have events. */
  readonly streams: number;
  /** Bytes of the events; 0 where they are not measured. */
  readonly bytes: number;
}

/** What to remove, oldest first, until all of it holds. Nothing at or behind `floor` is. */
export interface Trim {
  /** Where to stop. */
  readonly floor: Position;
  /** Remove what is recorded before. */
  readonly recordedBefore?: number;
  /** Keep at most so many events. */
  readonly events?: number;
  /** Keep at most so many bytes. */
  readonly bytes?: number;
}

/** The right to act for a name, until it ends or a newer holder takes it. */
export interface Lease {
  /** It rises with every holder. */
  readonly fence: number;
  /** Holds it for another while; false when it is lost. */
  renew(): Awaitable<boolean>;
  /** Gives it back. */
  release(): Awaitable<void>;
}

/** A log to load, in parts: events with the places they had, and at the end all else. */
export interface Loaded {
  /** The events, in order. */
  readonly records?: readonly (Stored & { readonly size?: number })[];
  /** All else, at the end. */
  readonly end?: {
    readonly head: Position;
    readonly oldest: Position;
    readonly streams: readonly StreamInfo[];
    readonly marks: readonly Mark[];
    readonly documents: readonly Put[];
  };
}

/** An engine underneath a store. */
export interface Driver<Tx = never> {
  /** Complete once `open` is done. */
  readonly capabilities: Capabilities;
  /** Called once, before anything else. `log` is the identity that goes into cursors. */
  open(terms: Terms): Awaitable<{ readonly log: string }>;
  /** One outcome for each unit; it never throws or rejects. */
  commit(units: readonly Unit<Tx>[]): Awaitable<readonly Outcome[]>;
  /**
   * One append, at once: the short way for engines that neither wait nor block. A store that finds it
   * uses it for a plain append; `commit` must do the same. It answers the place alone where it can.
   */
  commitNow?(append: Append): Placed | Outcome;
  /** What is stored. */
  read(query: Query): Awaitable<Page>;
  /** Resolves when others may have written behind a position. A hint: late, or for nothing. */
  wait?(after: Position, signal: AbortSignal): Promise<void>;
  /** What is known of a stream; undefined when it never had an event. */
  stream(name: string): Awaitable<StreamInfo | undefined>;
  /** Streams by name, after one. */
  streams(after: string, limit: number): Awaitable<readonly StreamInfo[]>;
  /** A mark. */
  mark(name: string): Awaitable<Mark | undefined>;
  /** All marks. */
  marks(): Awaitable<readonly Mark[]>;
  /** The body of a document. */
  document(key: string): Awaitable<unknown>;
  /** All documents. */
  documents(): Awaitable<readonly Put[]>;
  /** Takes a lease; undefined when somebody else holds it. */
  lease(name: string, ttlMs: number): Awaitable<Lease | undefined>;
  /** Removes old events; answers the oldest position. It never renumbers. */
  trim(trim: Trim): Awaitable<Position>;
  /** Loads a part of a dump into an empty log; what is not ended is no log. */
  load?(part: Loaded): Awaitable<void>;
  /** Throws away what was loaded without an end. */
  unload?(): Awaitable<void>;
  /** The figures, at once. */
  figures(): Figures;
  /** Frees the engine; the client it was given stays open unless the driver opened it. */
  close(): Awaitable<void>;
}
