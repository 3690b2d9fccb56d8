/**
 * Figures of a running program.
 *
 * ```ts
 * import { Histogram } from "@nova/events/metrics";
 *
 * const latency = new Histogram();
 * latency.record(1.5);
 * console.log(latency.count, latency.quantile(0.99)); // 1 1.5
 * ```
 *
 * @module
 */

export type { Distribution, Exemplar, Family, Labels, Series } from "./family.ts";
export { CONTENT_TYPES, expose, type Exposition, negotiate } from "./exposition.ts";
export { Histogram } from "./histogram.ts";
export { type Exposed, Metrics, type MetricsOptions } from "./metrics.ts";
export { Sampler, type SamplerOptions } from "./sampler.ts";
export { Timing, type TimingMode } from "./timing.ts";
export { formatTraceparent, parseTraceparent, type TraceContext } from "./trace_context.ts";
export type { Part, PartKind, Parts } from "../internal/parts.ts";
export type { Env } from "../internal/env.ts";
