/**
 * A running program, shown over HTTP: health, figures, and what else there is to see.
 *
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { anyone, inspector } from "@nova/events/http";
 *
 * const emitter = new Emitter({ name: "shop" });
 * const inspect = inspector({ emitter }, { authorize: anyone(), hosts: ["127.0.0.1"] });
 *
 * // Deno.serve({ hostname: "127.0.0.1", port: 6060 }, inspect);
 * const response = await inspect(new Request("http://127.0.0.1:6060/stats"));
 * console.log((await response.json()).emitter.shop.emitted); // 0
 * await emitter.close();
 * ```
 *
 * @module
 */

export { anyone, type Authorize, bearer } from "./authorize.ts";
export {
  inspect,
  type Inspection,
  type Inspector,
  inspector,
  type InspectorOptions,
} from "./inspector.ts";
export type { EventsViewOptions } from "./events/route.ts";
export type { MetricsPageOptions } from "./metrics.ts";
export type { PprofOptions } from "./pprof.ts";
export type { Route, Visit } from "./route.ts";
export type { Exposition } from "../metrics/exposition.ts";
export type { Family } from "../metrics/family.ts";
export type { MetricsOptions } from "../metrics/metrics.ts";
export type { Env } from "../internal/env.ts";
export type { Part, PartKind, Parts } from "../internal/parts.ts";
