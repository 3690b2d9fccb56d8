/**
 * Listeners under supervision: retries, time limits, circuit breakers, dead letters, health.
 *
 * ```ts
 * import { Emitter } from "@nova/events";
 * import { supervise } from "@nova/events/listener";
 *
 * const parked: string[] = [];
 * const mail = supervise(() => {
 *   throw new Error("no route to the mail server");
 * }, {
 *   name: "mail",
 *   retry: { attempts: 2, delayMs: 1 },
 *   deadLetter: (event) => void parked.push(event.type),
 * });
 *
 * const emitter = new Emitter<{ "order.placed": number }>();
 * emitter.on("order.placed", mail);
 * await emitter.emit("order.placed", 42); // tried twice, then parked
 * console.log(parked, mail.stats().deadLettered); // [ "order.placed" ] 1
 * ```
 *
 * **Shape.** Supervision is a function from listener to listener, so it works on emitter, bus and
 * store alike. `supervise` does everything in one place; `retry`, `breaker`, `timeout`, `bulkhead`,
 * `fallback` and `idempotent` do one thing each, and nest.
 *
 * **Order.** Events that fail and are tried again come later than those behind them. Order per key is
 * kept by a topic, not here.
 *
 * **Failure.** An event ends exactly once: handled, dead-lettered, or failed to whoever delivered it.
 * Attempts that are used up fail with `TerminalError`, an open circuit with `CircuitOpenError`.
 *
 * **Cost.** A synchronous listener that succeeds makes no promise, no timer and no closure, and the
 * clock is read once per turn.
 *
 * **Closing.** Nothing is held while nothing is under way, so a supervised listener needs no closing.
 * A `ListenerManager` stops its listeners and says what was completed, released and left.
 *
 * @module
 */

export { supervise } from "./supervise.ts";
export { breaker, bulkhead, type PartOptions, retry, timeout } from "./supervise.ts";
export { type Fallback, fallback } from "./fallback.ts";
export { type HandledIds, idempotent, type IdempotentOptions } from "./idempotent.ts";
export { CircuitBreaker } from "./breaker.ts";
export {
  ListenerManager,
  type ListenerManagerOptions,
  type ManagerHealth,
  type ManagerStats,
  type StopResult,
  type SupervisedTotal,
  type Unhandled,
} from "./manager.ts";
export { shutdown } from "../internal/shutdown.ts";
export type { ShutdownOptions, ShutdownPart, ShutdownParts } from "../internal/shutdown.ts";
export type {
  BreakerOptions,
  CircuitChange,
  CircuitOptions,
  CircuitSnapshot,
  CircuitState,
  ConsecutiveOptions,
  CountOptions,
  RateOptions,
} from "./breaker_options.ts";
export type { BudgetOptions } from "./budget.ts";
export type { HealthOptions, HealthReason, HealthStatus, ListenerHealth } from "./health.ts";
export type {
  SupervisedListener,
  SupervisedRetryOptions,
  SupervisedStats,
  SuperviseOptions,
} from "./options.ts";
export type { RetryOptions } from "./backoff.ts";
export type { Emitted, EmittedOf, Metadata, NovaEvent } from "../event/event.ts";
export type { Listener, ListenerContext, Subscription } from "../event/listener.ts";
export type { CloseOptions, CloseResult } from "../internal/closing.ts";
export type { Env } from "../internal/env.ts";
export {
  BufferFullError,
  CircuitOpenError,
  ClosedError,
  ListenerExistsError,
  TerminalError,
  TimeoutError,
} from "../errors.ts";
export type { ErrorCode, NovaError, NovaErrorOptions } from "../errors.ts";
