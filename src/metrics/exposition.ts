/**
 * Families as the text that Prometheus and its like read.
 */

import type { Family, Sample } from "./family.ts";
import type { Timing } from "./timing.ts";

/** The two formats: Prometheus text 0.0.4, and OpenMetrics 1.0. */
export type MetricsFormat = "text" | "openmetrics";

/** What `Content-Type` says for each. Prometheus 3 refuses anything else. */
export const CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Upper bounds of buckets in seconds: 10 µs to 10 s. */
const BOUNDS: readonly number[] = [
  0.00001,
  0.000025,
  0.00005,
  0.0001,
  0.00025,
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
];
const BOUNDS_MS: readonly number[] = BOUNDS.map((seconds) => seconds * 1000);
/** OpenMetrics wants a number to look like one with a fraction. */
const LE: readonly string[] = BOUNDS.map((seconds) => {
  const text = seconds < 0.0001 ? seconds.toFixed(6).replace(/0+$/, "") : String(seconds);
  return text.includes(".") ? text : `${text}.0`;
});

/**
 * The text of families in a format.
 *
 * @example Usage
 * ```ts
 * import { Family, renderMetrics, Vocabulary } from "@nova/events/metrics";
 *
 * const requests = new Family(
 *   { name: "app_requests_total", type: "counter", help: "Requests served", labels: ["route"] },
 *   new Vocabulary(100),
 * );
 * requests.add(3, "/orders");
 * console.log(renderMetrics([requests], "text"));
 * // # HELP app_requests_total Requests served
 * // # TYPE app_requests_total counter
 * // app_requests_total{route="/orders"} 3
 * ```
 */
export function renderMetrics(families: Iterable<Family>, format: MetricsFormat): string {
  let text = "";
  for (const family of families) {
    if (family.size > 0) text += renderFamily(family, format);
  }
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function renderFamily(family: Family, format: MetricsFormat): string {
  const { name, type, help } = family.definition;
  // In OpenMetrics `_total` belongs to the sample of a counter, not to its family.
  const about = format === "openmetrics" && type === "counter" ? name.replace(/_total$/, "") : name;
  let text = `# HELP ${about} ${escapeHelp(help)}\n# TYPE ${about} ${type}\n`;
  if (format === "openmetrics" && about.endsWith("_seconds")) text += `# UNIT ${about} seconds\n`;
  if (type === "histogram") {
    for (const sample of family.samples) text += renderHistogram(name, sample, format);
    return text;
  }
  for (const { text: labels, value } of family.samples) {
    text += labels === "" ? `${name} ${number(value)}\n` : `${name}{${labels}} ${number(value)}\n`;
  }
  return text;
}

function renderHistogram(name: string, { text: labels, timing }: Sample, format: MetricsFormat) {
  if (timing === undefined) return "";
  const { durations } = timing;
  const counts = durations.countsUpTo(BOUNDS_MS);
  const marked = format === "openmetrics" ? bucketOfExemplar(timing) : -1;
  const comma = labels === "" ? "" : `${labels},`;
  let text = "";
  for (let i = 0; i <= BOUNDS.length; i++) {
    const count = counts[i] ?? durations.count;
    const mark = i === marked ? exemplar(timing) : "";
    text += `${name}_bucket{${comma}le="${LE[i] ?? "+Inf"}"} ${count}${mark}\n`;
  }
  const braces = labels === "" ? "" : `{${labels}}`;
  return `${text}${name}_sum${braces} ${durations.sum / 1000}\n` +
    `${name}_count${braces} ${durations.count}\n`;
}

/** The bucket in which the exemplar lies; -1 without one. */
function bucketOfExemplar({ exemplar }: Timing): number {
  if (exemplar === undefined) return -1;
  const bucket = BOUNDS_MS.findIndex((bound) => exemplar.ms <= bound);
  return bucket < 0 ? BOUNDS.length : bucket;
}

function exemplar({ exemplar }: Timing): string {
  const { traceId, ms, at } = exemplar!;
  return ` # {trace_id="${traceId}"} ${ms / 1000} ${at / 1000}`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function escapeHelp(help: string): string {
  return help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/**
 * The format that an `Accept` header prefers: OpenMetrics only for those who ask for a version that is
 * known, everyone else gets text.
 */
export function negotiateFormat(accept: string | null | undefined): MetricsFormat {
  let best: MetricsFormat = "text";
  let quality = 0;
  // Longer headers are nobody's.
  for (const part of (accept ?? "").slice(0, 2000).split(",")) {
    const [type, ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const given = new Map(parameters.map((each) => each.split("=", 2) as [string, string]));
    const version = given.get("version")?.replaceAll('"', "");
    const format: MetricsFormat | undefined = type === "application/openmetrics-text"
      ? version === undefined || version === "1.0.0" || version === "0.0.1"
        ? "openmetrics"
        : undefined
      : type === "text/plain" && (version === undefined || version === "0.0.4")
      ? "text"
      : undefined;
    const q = given.has("q") ? Number(given.get("q")) : 1;
    if (format !== undefined && q > quality && q <= 1) [best, quality] = [format, q];
  }
  return best;
}
