/**
 * What a store takes, tells and answers.
 */

import type { EventMap, RecordedOf } from "../event/event.ts";
import type { Env } from "../internal/env.ts";

/** Options of a {@linkcode MemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Names it in errors and figures.
   *
   * @default {"store"}
   */
  readonly name?: string;
  /**
   * Clock, timers and randomness.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

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
  /** Whether the events had been appended before. */
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
  /** Ends the following; the iteration rejects with its reason. */
  readonly signal?: AbortSignal;
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
}
