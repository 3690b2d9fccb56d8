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
 * gets the events it did not know of, with the `VersionConflictError`. One that is tried again with
 * the same ids is recognised, and answers what it answered the first time.
 *
 * **Closing.** `close` ends those who follow; their iteration simply finishes.
 *
 * **Limits.** `MemoryStore` keeps data by reference, until the process ends or its limits and
 * retention say otherwise. `@nova/events/sqlite` is the same store in a file.
 *
 * @module
 */

export { MemoryStore } from "./memory.ts";
export { Store } from "./store.ts";
export type { AnyStore } from "./store.ts";
export { MemoryDriver } from "./memory_driver.ts";
export type { MemoryTx } from "./stage.ts";
export { project, rebuild } from "./projection.ts";
export type { Projection, ProjectionOptions } from "./projection.ts";
export { projectInline } from "./inline_projection.ts";
export type { InlineProjection, InlineProjectionOptions } from "./inline_projection.ts";
export { strictJson } from "./codec.ts";
export type { Codec, SyncCodec } from "./codec.ts";
export type {
  Aggregate,
  AggregateOptions,
  Appended,
  AppendOptions,
  CheckpointOptions,
  CheckpointWrite,
  Expect,
  FeedItem,
  FollowOptions,
  MemoryStoreOptions,
  PagesOptions,
  ReadOptions,
  ReplayOptions,
  RetentionOptions,
  StoreOptions,
  StoreStats,
  StoreUnit,
  Upcastable,
  Upcaster,
} from "./api.ts";
export type {
  Append,
  Awaitable,
  Capabilities,
  Cut,
  Draft as DriverDraft,
  Driver,
  Expectation,
  Figures,
  Lease,
  Loaded,
  Mark,
  MarkWrite,
  Outcome,
  Page,
  Placed,
  Position,
  Put,
  Query,
  Stored,
  StreamInfo,
  Terms,
  Trim,
  Unit,
} from "./driver.ts";
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
export type { CloseOptions, CloseResult } from "../internal/closing.ts";
export type { Env } from "../internal/env.ts";
export { VersionConflictError } from "../errors.ts";
export type { ErrorCode, NovaError, NovaErrorOptions } from "../errors.ts";
export {
  CheckpointConflictError,
  CorruptError,
  CursorExpiredError,
  CursorForeignError,
  EncodeError,
  FencedError,
  IdConflictError,
  ReadOnlyError,
  SchemaNewerError,
  UnavailableError,
  UnknownOutcomeError,
  UnsupportedError,
} from "../errors/store.ts";
