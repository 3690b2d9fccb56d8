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

export { CONTENT_TYPES, type MetricsFormat, negotiateFormat, renderMetrics } from "./exposition.ts";
export {
  Family,
  type FamilyDefinition,
  type FamilyType,
  OTHER,
  type Sample,
  Vocabulary,
} from "./family.ts";
export { formatTraceparent, parseTraceparent, type TraceContext } from "./trace_context.ts";
export { type Exemplar, Timing, type TimingMode } from "./timing.ts";
export { Histogram } from "./histogram.ts";
export { Sampler, type SamplerOptions } from "./sampler.ts";
export type { Env } from "../internal/env.ts";
