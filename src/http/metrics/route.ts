/**
 * `/metrics`.
 */

import { requireFunction, requireOptions } from "../../internal/check.ts";
import type { Parts } from "../../internal/parts.ts";
import {
  CONTENT_TYPES,
  type MetricsFormat,
  negotiateFormat,
  renderMetrics,
} from "../../metrics/exposition.ts";
import type { Route } from "../route.ts";
import { type CollectorOptions, MetricsCollector } from "./collector.ts";

/** Options of the metrics page. */
export interface MetricsOptions extends CollectorOptions {
  /**
   * More metrics for the same page, such as those of another library, in the format that was asked for
   * and without `# EOF`.
   *
   * @default {none}
   */
  readonly extra?: (format: MetricsFormat) => string | Promise<string>;
}

/** Prometheus text 0.0.4, or OpenMetrics for those who prefer it. */
export function metricsRoute(parts: Parts, options: MetricsOptions = {}): Route {
  requireOptions("metrics", options);
  const { extra } = options;
  if (extra !== undefined) requireFunction("metrics.extra", extra);
  const collector = new MetricsCollector(parts, options);
  return {
    method: "GET",
    path: "/metrics",
    async handle({ request }) {
      const format = negotiateFormat(request.headers.get("accept"));
      const more = withoutEnd(await extra?.(format) ?? "");
      const own = renderMetrics(collector.collect(), format);
      const body = format === "text"
        ? `${own}${more}`
        : `${own.slice(0, -END.length)}${more}${END}`;
      return new Response(body, {
        headers: { "content-type": CONTENT_TYPES[format], vary: "Accept" },
      });
    },
  };
}

const END = "# EOF\n";

/** Every line has an end, and the page only one. */
function withoutEnd(text: string): string {
  const lines = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return lines.endsWith(END) ? lines.slice(0, -END.length) : lines;
}
