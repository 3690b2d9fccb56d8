/**
 * OpenTelemetry: spans around what is sent and what is handled, and metrics for a meter.
 *
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { openTelemetry } from "@nova/events/otel";
 * import * as api from "@opentelemetry/api";
 *
 * const otel = openTelemetry(api);
 * const emitter = new Emitter({ name: "shop", middleware: [otel.sending()] });
 * emitter.on("order.placed", otel.handling(({ data }) => console.log(data), { name: "mail" }));
 * await emitter.emit("order.placed", 42); // 42
 * await emitter.close();
 * ```
 *
 * The trace travels with the event: `sending` writes `traceparent` into its metadata, `handling`
 * reads it there. So it survives a queue, a store and another process, where a context of the
 * runtime is lost.
 *
 * `@opentelemetry/api` is an optional peer: you hand it over, nothing here imports it. Without an SDK
 * behind it, it does nothing, and costs little.
 *
 * @module
 */

export { bridgeMetrics, type BridgeOptions } from "./bridge.ts";
export type {
  InstrumentLike,
  InstrumentOptions,
  MeterLike,
  ObservableResultLike,
} from "./bridge.ts";
export type {
  OpenTelemetryApi,
  RemoteSpanContext,
  SpanBeginning,
  SpanContextLike,
  SpanLike,
} from "./api.ts";
export { openTelemetry, type SpanNaming, type Tracing } from "./tracing.ts";
export type { Middleware } from "../../emitter/onion.ts";
export type { Emitted, Metadata } from "../../event/event.ts";
export type { Listener } from "../../event/listener.ts";
export type { MetricsOptions } from "../../metrics/metrics.ts";
export type { Part, PartKind, Parts } from "../../internal/parts.ts";
