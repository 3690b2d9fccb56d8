/**
 * What a store takes, tells and answers.
 */

import type { DraftOf, EventMap, Metadata, RecordedOf } from "../event/event.ts";
import type { Env } from "../internal/env.ts";
import type { Codec } from "./codec.ts";
import type { Awaitable, Placed } from "./driver.ts";

/** What a store removes by itself, oldest first, by its own time (`recordedAt`). */
export interface RetentionOptions {
  /**
   * How long events are kept.
   *
   * @default {Infinity}
   */
  readonly maxAgeMs?: number;
  /**
   * How many events are kept.
   *
   * @default {Infinity}
   */
  readonly maxEvents?: number;
  /**
   * How many bytes of events are kept: data as the codec writes it, type, id and metadata.
   *
   * @default {Infinity}
   */
  readonly maxBytes?: number;
}

/** What an upcaster sees and may change. */
export interface Upcastable {
  /** What happened. */
  readonly type: string;
  /** The facts. */
  readonly data: unknown;
  /** Strings about the event. */
  readonly metadata: Metadata;
}

/** Brings an old event to today's shape. Pure; it may answer another type, whose upcaster follows. */
export type Upcaster = (event: Upcastable) => { readonly type?: string; readonly data: unknown };

/** Options of every store. */
export interface StoreOptions {
  /**
   * Names it in errors and figures.
   *
   * @default {"store"}
   */
  readonly name?: string;
  /**
   * The most streams that may have events. One more is refused.
   *
   * @default {Infinity}
   */
  readonly maxStreams?: number;
  /**
   * The most events of one stream; `onLimit` says what happens at it.
   *
   * @default {Infinity}
   */
  readonly maxEventsPerStream?: number;
  /**
   * The most bytes of one event.
   *
   * @default {what the driver can hold}
   */
  readonly maxEventBytes?: number;
  /**
   * At `maxEventsPerStream`: refuse the append, or drop the oldest events of that stream.
   *
   * @default {"reject"}
   */
  readonly onLimit?: "reject" | "drop-oldest";
  /**
   * What is removed when it is old.
   *
   * @default {nothing}
   */
  readonly retention?: RetentionOptions;
  /**
   * How many of the last ids are recognised in an append with `"any"` or `"present"`, where the
   * driver has no index of them; 0 for none.
   *
   * @default {100_000}
   */
  readonly idWindow?: number;
  /**
   * How data becomes text or bytes, where the driver needs that.
   *
   * @default {strict JSON}
   */
  readonly codec?: Codec;
  /**
   * By event type, what brings old events to today's shape when they are read.
   *
   * @default {none}
   */
  readonly upcasters?: Readonly<Record<string, Upcaster>>;
  /**
   * How long an append waits for others to share its commit, at most 1000 ms; 0: until this turn ends.
   * In memory nothing waits.
   *
   * @default {0}
   */
  readonly groupMs?: number;
  /**
   * Clock, timers and randomness.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/** Options of a {@linkcode MemoryStore}. */
export type MemoryStoreOptions = StoreOptions;

/**
 * What an append expects of its stream: that it is at this version (0: it has no events), that it has
 * none, that it has some, or nothing.
 */
export type Expect = number | "any" | "absent" | "present";

/** Options of an append. */
export interface AppendOptions {
  /**
   * What the stream must be like; else nothing is appended.
   *
   * @default {"any"}
   */
  readonly expect?: Expect;
  /** Governs admission only: what was accepted is appended. */
  readonly signal?: AbortSignal;
}

/** What an append resolves to. */
export interface Appended<Events extends EventMap = Record<string, unknown>> {
  /** The version the stream is at now. */
  readonly version: number;
  /** The position of the last event of the append; that of the store's last event if it had none. */
  readonly position: number;
  /** The records of the events, made when they are asked for. */
  readonly events: readonly RecordedOf<Events>[];
  /** Whether the events had been appended before; version and position are those of then. */
  readonly duplicate: boolean;
}

/** Options of reading one page. */
export interface ReadOptions {
  /**
   * Where to begin, exclusive: a version of the stream, or a position of the whole log.
   *
   * @default {the start; in reverse, the end}
   */
  readonly after?: number;
  /**
   * The most events to answer.
   *
   * @default {1000}
   */
  readonly limit?: number;
  /**
   * Newest first; `after` is then an upper bound.
   *
   * @default {false}
   */
  readonly reverse?: boolean;
  /**
   * Only events of these types, as they were stored.
   *
   * @default {all}
   */
  readonly types?: readonly string[];
  /**
   * Only events recorded at this time or later.
   *
   * @default {from the start}
   */
  readonly from?: number | Date;
  /**
   * Only events recorded before this time.
   *
   * @default {to the end}
   */
  readonly until?: number | Date;
}

/** Options of reading page by page. */
export interface PagesOptions extends ReadOptions {
  /**
   * The stream to read.
   *
   * @default {the whole log}
   */
  readonly stream?: string;
  /** Ends the reading; the iteration rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Options of a replay. */
export interface ReplayOptions extends Omit<PagesOptions, "limit" | "reverse"> {
  /**
   * How fast: 1 with the pauses in which the events were recorded, 2 twice as fast.
   *
   * @default {as fast as it goes}
   */
  readonly speed?: number;
}

/** Options of following. */
export interface FollowOptions {
  /**
   * The position to begin after.
   *
   * @default {0}
   */
  readonly after?: number;
  /**
   * The streams to follow.
   *
   * @default {all}
   */
  readonly streams?: string | readonly string[];
  /**
   * How many events it may be behind.
   *
   * @default {Infinity}
   */
  readonly maxLag?: number;
  /**
   * When it is further behind: `"wait"` goes on, but retention no longer waits for it; `"error"` ends
   * it with `LimitExceededError`; `"skip"` jumps ahead, counts what it skipped, and shows a gap.
   *
   * @default {"wait"}
   */
  readonly onLag?: "wait" | "error" | "skip";
  /** Ends the following; the iteration rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What `feed` yields: events, and what a follower should know beside them. */
export type FeedItem<Events extends EventMap = Record<string, unknown>> =
  | { readonly is: "event"; readonly event: RecordedOf<Events> }
  /** Positions it will not see: skipped, or removed before it came. */
  | { readonly is: "gap"; readonly from: number; readonly to: number }
  /** Everything that was there has been seen; what follows is new. */
  | { readonly is: "caught-up"; readonly position: number };

/** Options of saving a checkpoint. */
export interface CheckpointOptions {
  /**
   * Where the checkpoint must be now; else `CheckpointConflictError`.
   *
   * @default {"any"}
   */
  readonly expect?: number | "absent" | "any";
  /**
   * Whether retention must not pass it.
   *
   * @default {what it was, at first false}
   */
  readonly protect?: boolean;
  /**
   * The fence of the lease of the same name: with an outlived one, `FencedError`.
   *
   * @default {none}
   */
  readonly fence?: number;
}

/** A checkpoint to save. */
export interface CheckpointWrite extends CheckpointOptions {
  /** The name. */
  readonly name: string;
  /** Its place in the log. */
  readonly position: number;
}

/** What enters as one: all of it, or nothing. */
export interface StoreUnit<Events extends EventMap, Tx> {
  /** Events for streams. */
  readonly appends?: readonly {
    readonly stream: string;
    readonly events: readonly DraftOf<Events>[];
    readonly expect?: Expect;
  }[];
  /** Checkpoints to save. */
  readonly checkpoints?: readonly CheckpointWrite[];
  /**
   * What to write beside the log, through the engine. It runs once all else of the unit is checked, and
   * gets where each append stands: one that was there before is a `duplicate`. A throw discards the unit.
   */
  readonly effects?: readonly ((tx: Tx, placed: readonly Placed[]) => Awaitable<void>)[];
}

/** Options of loading an aggregate. */
export interface AggregateOptions<State, Events extends EventMap> {
  /** Makes the state before the first event. */
  readonly initial: () => State;
  /** The state after one more event. */
  readonly fold: (state: State, event: RecordedOf<Events>) => State;
  /**
   * A snapshot is written when so many events had to be folded; 0 for none.
   *
   * @default {0}
   */
  readonly snapshotEvery?: number;
  /**
   * A snapshot of another schema is ignored.
   *
   * @default {1}
   */
  readonly schemaVersion?: number;
}

/** A state, folded from a stream. */
export interface Aggregate<State> {
  /** The state. */
  readonly state: State;
  /** The version to expect in the next append. */
  readonly version: number;
  /** How many events were folded now; the others came with the snapshot. */
  readonly folded: number;
}

/** Figures of a store. */
export interface StoreStats {
  /** Its name. */
  readonly name: string;
  /** Events it holds. */
  readonly events: number;
  /** Streams that have events. */
  readonly streams: number;
  /** Iterations of `follow` under way. */
  readonly followers: number;
  /** The position of its last event. */
  readonly head: number;
  /** The first position that retention has kept. */
  readonly oldest: number;
  /** Bytes of its events, where they are measured; else 0. */
  readonly bytes: number;
  /** Whether old events go by themselves: it has a `retention`. */
  readonly retained: boolean;
  /** Positions that followers skipped. */
  readonly skipped: number;
  /** Units that wait for their commit. */
  readonly queued: number;
}
