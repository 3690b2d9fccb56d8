/**
 * `/metrics`.
 */

import { requireFunction, requireOptions } from "../internal/check.ts";
import type { Parts } from "../internal/parts.ts";
import { CONTENT_TYPES, expose, type Exposition, negotiate } from "../metrics/exposition.ts";
import { Metrics, type MetricsOptions } from "../metrics/metrics.ts";
import type { Route } from "./route.ts";

/** Options of the metrics page. */
export interface MetricsPageOptions extends MetricsOptions {
  /**
   * More lines for the page, such as those of another library, in the format that was asked for.
   *
   * @default {none}
   */
  readonly text?: (format: Exposition) => string | Promise<string>;
}

/** Prometheus text 0.0.4, or OpenMetrics for those who prefer it. */
export function metricsRoute(parts: Parts, options: MetricsPageOptions = {}): Route {
  requireOptions("metrics", options);
  const { text } = options;
  if (text !== undefined) requireFunction("metrics.text", text);
  const metrics = new Metrics(parts, options);
  return {
    method: "GET",
    path: "/metrics",
    async handle({ request }) {
      const format = negotiate(request.headers.get("accept"));
      const more = withoutEnd(await text?.(format) ?? "");
      const own = withoutEnd(expose(metrics.collect(), format));
      return new Response(`${own}${more}${format === "openmetrics" ? END : ""}`, {
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
