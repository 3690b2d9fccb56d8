/**
 * Topics with guarantees, in this process: partitions, order per key, at-least-once delivery with
 * retries in place, dead letters.
 *
 * ```ts
 * import { Bus } from "@nova/events/bus";
 *
 * const bus = new Bus();
 * const orders = bus.topic<{ paid: { order: string } }>("orders", {
 *   partitions: 4,
 *   key: ({ data }) => data.order,
 * });
 * orders.subscribe(({ data }) => console.log(data.order, "is paid"));
 *
 * const { partition, sequence } = await orders.publish({ type: "paid", data: { order: "A-17" } });
 * console.log(partition < 4, sequence); // true 1
 *
 * await bus.close(); // A-17 is paid
 * ```
 *
 * **Ordering.** Events of one key are handled one at a time and in order, also while one of them is
 * tried again. Events without a key are unordered.
 *
 * **Failure.** A handler that throws or rejects is called again, three times in all unless told
 * otherwise, with growing delays. Then the event goes to the topic `<topic>.dlq`. A `TerminalError`
 * goes there at once. One that takes longer than `deadlineMs` has failed, and is given up some time later.
 *
 * **Delivery.** At most once, at least once, or exactly once: `dedupe` and producers recognise what is
 * published twice; what a handler leaves to `context.effect` and `context.publish` happens with its
 * acknowledgement or not at all. `bus.guarantees()` says what really holds.
 *
 * **Reading.** Each subscription reads at its own pace; a `group` shares one; `consume` pulls; `from`
 * replays what `retention` keeps.
 *
 * **Backpressure.** A partition holds `bufferSize` events for its slowest subscription. When it is
 * full, `publish` waits for room, rejects or drops as `overflow` says.
 *
 * **Closing.** `close` takes nothing more, lets accepted events be handled and says what was left.
 *
 * **Durable topics.** A bus with a `store` accepts an event when it is committed, and each
 * subscription goes on where its checkpoint is.
 *
 * **Limits.** Without a store everything is in memory: it survives nothing. At least once means that a
 * handler whose process goes on runs until it succeeds or the event is a dead letter.
 *
 * @module
 */

export { Bus } from "./bus.ts";
export type { Guarantees, SubscriptionGuarantee, TopicGuarantee } from "./guarantees.ts";
export type { Gap } from "./gap.ts";
export type { BusHealth, BusHealthReason, BusHealthStatus, SubscriptionHealth } from "./health.ts";
export type {
  BusOptions,
  BusStats,
  ConsumeOptions,
  Consumer,
  DeadLetter,
  DeadLetterError,
  DedupeOptions,
  DedupeStats,
  Delivery,
  DeliveryMode,
  Effect,
  From,
  Key,
  NackOptions,
  OnFailure,
  OnGap,
  OnLag,
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
} from "./api.ts";
export type { RedriveTopicOptions } from "./redrive.ts";
export { createEvent, type CreateEventOptions } from "../event/make.ts";
export type {
  Draft,
  DraftOf,
  Emitted,
  EventMap,
  EventOf,
  Metadata,
  NovaEvent,
  TypeOf,
} from "../event/event.ts";
export type { Isolation } from "../event/isolation.ts";
export type { Listener, ListenerContext, Subscription } from "../event/listener.ts";
export type { CloseOptions, CloseResult } from "../internal/closing.ts";
export type { Timing, TimingMode } from "../metrics/timing.ts";
export type { Env } from "../internal/env.ts";
export type { RetryOptions } from "../listener/backoff.ts";
export type { AnyStore } from "../store/store.ts";
export type { Overflow } from "../queue/overflow.ts";
export { TerminalError } from "../errors.ts";
export { SequenceGapError, StaleAckError } from "../errors/bus.ts";
export { IdConflictError } from "../errors/store.ts";
export type { ErrorCode, NovaError, NovaErrorOptions } from "../errors.ts";
