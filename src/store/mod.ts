/**
 * An event log: append, read, follow.
 *
 * ```ts
 * import { MemoryStore } from "@nova/events/store";
 *
 * const store = new MemoryStore<{ counted: { n: number } }>();
 * await store.append("numbers", [1, 2].map((n) => ({ type: "counted", data: { n } })));
 *
 * for await (const { position, data } of store.follow()) {
 *   console.log(position, data.n);
 *   if (position === 2) break; // else it waits here for what comes next
 * }
 * await store.close();
 * // → 1 1
 * // → 2 2
 * ```
 *
 * **Order.** Versions of a stream are 1, 2, 3 … without a gap. Positions rise over the whole log, in
 * the order of appends.
 *
 * **Failure.** An append enters whole or not at all. One that expects another version than it finds
 * gets the events it did not know of, with the `VersionConflictError`.
 *
 * **Closing.** `close` ends those who follow; their iteration simply finishes.
 *
 * **Limits.** Everything is in memory, by reference, until the process ends.
 *
 * @module
 */

export { MemoryStore } from "./memory.ts";
export type {
  Appended,
  AppendOptions,
  Expect,
  FollowOptions,
  MemoryStoreOptions,
  PagesOptions,
  ReadOptions,
  StoreStats,
} from "./api.ts";
export type {
  Draft,
  DraftOf,
  Emitted,
  EventMap,
  Metadata,
  NovaEvent,
  Recorded,
  RecordedOf,
  TypeOf,
} from "../event/event.ts";
export type { CloseResult } from "../internal/closing.ts";
export type { Env } from "../internal/env.ts";
export { VersionConflictError } from "../errors.ts";
export type { ErrorCode, NovaError, NovaErrorOptions } from "../errors.ts";
