/**
 * Listeners in this process: called directly, or later from a bounded backlog.
 *
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 *
 * const emitter = new Emitter<{ "user.joined": { name: string } }>({ name: "users" });
 * const greeting = emitter.on("user.joined", ({ data }) => console.log(`Hello ${data.name}`));
 *
 * await emitter.emit("user.joined", { name: "Ada" }); // Hello Ada
 * await emitter.enqueue("user.joined", { name: "Alan" }); // accepted; delivered after this turn
 *
 * await emitter.close(); // Hello Alan
 * console.log(greeting.active); // false
 * ```
 *
 * **Order.** Listeners of an event start in the order they subscribed. Enqueued events start in the
 * order they were accepted; asynchronous listeners of several may overlap, up to `maxConcurrency`.
 *
 * **Failure.** Every listener runs even if another fails. `emit` rejects with what failed; for an
 * enqueued event that goes to `onError`, else to `reportError`.
 *
 * **Backpressure.** The backlog holds `bufferSize` events. When it is full, `enqueue` waits for room,
 * rejects or drops as `overflow` says; nothing is lost without being counted.
 *
 * **Closing.** `close` takes nothing more, lets accepted events finish and says what it could not
 * finish.
 *
 * **On the edge.** Nothing runs at import and no timer is held while nothing waits. On workerd a
 * promise belongs to one request: make an emitter per request, or await what you emit.
 *
 * @module
 */

export { Emitter } from "./emitter.ts";
export type { EventStream } from "./event_stream.ts";
export type { Middleware } from "./onion.ts";
export type { Matches, Matching, MatchingTypes, Pattern } from "./pattern.ts";
export type { Isolation } from "../event/isolation.ts";
export { createEventPool, type EventPool, type EventPoolOptions } from "../event/pool.ts";
export type {
  InputsOf,
  OutputsOf,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from "../event/schema.ts";
export { createEvent, type CreateEventOptions } from "../event/make.ts";
export type {
  EmitOptions,
  EmitterOptions,
  EmitterStats,
  EventsOptions,
  ListenerStats,
  OnceOptions,
  OnOptions,
  TypeStats,
} from "./options.ts";
export type { Emitted, EmittedOf, EventMap, Metadata, NovaEvent, TypeOf } from "../event/event.ts";
export type { Listener, ListenerContext, Subscription } from "../event/listener.ts";
export type { CloseOptions, CloseResult } from "../internal/closing.ts";
export type { Env } from "../internal/env.ts";
export type { Timing, TimingMode } from "../metrics/timing.ts";
export type { Overflow } from "../queue/overflow.ts";
export type { Pool, PoolTask, SubmitOptions } from "../queue/pool.ts";
export { ListenerError } from "../errors.ts";
export type { ErrorCode, NovaError, NovaErrorOptions } from "../errors.ts";
