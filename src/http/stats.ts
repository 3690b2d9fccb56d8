/**
 * All figures as JSON.
 */

import type { Env } from "../internal/env.ts";
import { hear, type NamedPart } from "../internal/parts.ts";
import { json } from "./respond.ts";
import type { Report, Route } from "./route.ts";

/** `/stats`: `{ at, emitter: { name: figures }, bus: … }`; null for a part that cannot tell. */
export function statsRoute(parts: readonly NamedPart[], env: Env, report: Report): Route {
  return {
    method: "GET",
    path: "/stats",
    handle() {
      const figures: Record<string, Record<string, object | null>> = {};
      hear(parts, report, ({ kind, name, part }) => {
        const all = figures[kind] ??= Object.create(null) as Record<string, object | null>;
        all[name] = null;
        all[name] = part.stats();
      });
      return json(200, { at: env.now(), ...figures });
    },
  };
}
