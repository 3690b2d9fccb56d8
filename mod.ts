/**
 * Nova: events inside one service, with guarantees you can read and figures you can see.
 *
 * ```ts
 * import { Bus, Emitter, MemoryStore } from "@nova/events";
 *
 * type Orders = { "order.placed": { id: string; total: number } };
 *
 * // An emitter calls listeners in this process.
 * const emitter = new Emitter<Orders>();
 * emitter.on("order.placed", ({ data }) => console.log("mail for", data.id));
 * await emitter.emit("order.placed", { id: "A-17", total: 42 }); // mail for A-17
 *
 * // A bus delivers at least once, in order per key, with retries and dead letters.
 * const bus = new Bus();
 * const orders = bus.topic<Orders>("orders", { partitions: 4, key: ({ data }) => data.id });
 *
 * // A store keeps what happened.
 * const store = new MemoryStore<Orders>();
 * orders.subscribe(async (event) => {
 *   await store.append(`order-${event.data.id}`, [event]);
 * });
 *
 * await orders.publish({ type: "order.placed", data: { id: "A-18", total: 7 } });
 * await bus.close();
 * console.log((await store.read("order-A-18")).length); // 1
 * ```
 *
 * @module
 */

export { Bus } from "./src/bus/bus.ts";
export type { Guarantees, SubscriptionGuarantee, TopicGuarantee } from "./src/bus/guarantees.ts";
export type {
  BusOptions,
  BusStats,
  DeadLetter,
  DeadLetterError,
  DedupeOptions,
  DedupeStats,
  DeliveryMode,
  Effect,
  Key,
  OnFailure,
  ParkedKey,
  PartitionStats,
  ProduceOptions,
  PublishOptions,
  Receipt,
  RedriveOptions,
  RedriveResult,
  RequestOptions,
  SubscribeOptions,
  SubscriptionStats,
  Topic,
  TopicContext,
  TopicListener,
  TopicOptions,
  TopicProducer,
  TopicStats,
  TopicSubscription,
} from "./src/bus/api.ts";
export type { RedriveTopicOptions } from "./src/bus/redrive.ts";
export { Emitter } from "./src/emitter/emitter.ts";
export type { EventStream } from "./src/emitter/event_stream.ts";
export type { Middleware } from "./src/emitter/onion.ts";
export type { Matches, Matching, MatchingTypes, Pattern } from "./src/emitter/pattern.ts";
export type {
  EmitOptions,
  EmitterOptions,
  EmitterStats,
  EventsOptions,
  ListenerStats,
  OnceOptions,
  OnOptions,
} from "./src/emitter/options.ts";
export {
  BufferFullError,
  CircuitOpenError,
  ClosedError,
  ConfigMismatchError,
  type ErrorCode,
  LimitExceededError,
  ListenerError,
  ListenerExistsError,
  NovaError,
  type NovaErrorOptions,
  TerminalError,
  TimeoutError,
  TopicExistsError,
  TopicNotFoundError,
  ValidationError,
  type ValidationIssue,
  VersionConflictError,
  WorkerLostError,
} from "./src/errors.ts";
export {
  type CloudEvent,
  fromCloudEvent,
  type FromCloudEventOptions,
  toCloudEvent,
  type ToCloudEventOptions,
} from "./src/event/cloudevents.ts";
export {
  type CloudEventMessage,
  type CloudEventMessageOptions,
  type CloudEventSource,
  fromCloudEventBatch,
  fromCloudEventMessage,
  toCloudEventBatch,
  toCloudEventMessage,
} from "./src/event/cloudevents_http.ts";
export type {
  Draft,
  DraftOf,
  Emitted,
  EmittedOf,
  EventMap,
  EventOf,
  Metadata,
  NovaEvent,
  Recorded,
  RecordedOf,
  TypeOf,
} from "./src/event/event.ts";
export type { Isolation } from "./src/event/isolation.ts";
export type { Listener, ListenerContext, Subscription } from "./src/event/listener.ts";
export { createEvent, type CreateEventOptions } from "./src/event/make.ts";
export { createEventPool, type EventPool, type EventPoolOptions } from "./src/event/pool.ts";
export type {
  InputsOf,
  OutputsOf,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from "./src/event/schema.ts";
export { shutdown } from "./src/internal/shutdown.ts";
export type { ShutdownOptions, ShutdownPart, ShutdownParts } from "./src/internal/shutdown.ts";
export type { CloseOptions, CloseResult } from "./src/internal/closing.ts";
export type { Env } from "./src/internal/env.ts";
export type { RetryOptions } from "./src/listener/backoff.ts";
export type { AnyStore } from "./src/store/store.ts";
export { supervise } from "./src/listener/supervise.ts";
export { ListenerManager } from "./src/listener/manager.ts";
export type {
  ListenerManagerOptions,
  ManagerHealth,
  ManagerStats,
  StopResult,
  Unhandled,
} from "./src/listener/manager.ts";
export type {
  SupervisedListener,
  SupervisedRetryOptions,
  SupervisedStats,
  SuperviseOptions,
} from "./src/listener/options.ts";
export type { DrainOptions, PoolOptions, PoolStats } from "./src/pool/api.ts";
export type { WorkerLike } from "./src/pool/protocol.ts";
export type { TaskContext, TaskInput, TaskMap, TaskName, TaskOutput } from "./src/pool/tasks.ts";
export type {
  LeftTask,
  RunOptions,
  ThreadPoolOptions,
  ThreadPoolStats,
} from "./src/pool/thread_options.ts";
export { ThreadPool } from "./src/pool/thread_pool.ts";
export { WorkerPool, type WorkerPoolOptions } from "./src/pool/worker_pool.ts";
export type { Overflow } from "./src/queue/overflow.ts";
export type { Pool, PoolTask, SubmitOptions } from "./src/queue/pool.ts";
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
} from "./src/errors/store.ts";
export { SequenceGapError, StaleAckError } from "./src/errors/bus.ts";
export {
  type Aggregate,
  type AggregateOptions,
  type Append,
  type Appended,
  type AppendOptions,
  type Awaitable,
  type Capabilities,
  type CheckpointOptions,
  type CheckpointWrite,
  type Codec,
  type Cut,
  type Driver,
  type DriverDraft,
  type Expect,
  type Expectation,
  type FeedItem,
  type Figures,
  type FollowOptions,
  type Lease,
  type Loaded,
  type Mark,
  type MarkWrite,
  MemoryDriver,
  MemoryStore,
  type MemoryStoreOptions,
  type MemoryTx,
  type Outcome,
  type Page,
  type PagesOptions,
  type Placed,
  type Position,
  project,
  type Projection,
  type ProjectionOptions,
  type Put,
  type Query,
  type ReadOptions,
  rebuild,
  type ReplayOptions,
  type RetentionOptions,
  Store,
  type Stored,
  type StoreOptions,
  type StoreStats,
  type StoreUnit,
  type StreamInfo,
  strictJson,
  type SyncCodec,
  type Terms,
  type Trim,
  type Unit,
  type Upcastable,
  type Upcaster,
} from "./src/store/mod.ts";
