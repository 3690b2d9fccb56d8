/**
 * All figures as JSON.
 */

import type { Env } from "../internal/env.ts";
import type { NamedPart } from "../internal/parts.ts";
import { json } from "./respond.ts";
import type { Route } from "./route.ts";

/** `/stats`: `{ at, emitter: { name: figures }, bus: … }`. */
export function statsRoute(parts: readonly NamedPart[], env: Env): Route {
  return {
    method: "GET",
    path: "/stats",
    handle() {
      const figures: Record<string, Record<string, object>> = {};
      for (const { kind, name, part } of parts) {
        (figures[kind] ??= Object.create(null) as Record<string, object>)[name] = part.stats();
      }
      return json(200, { at: env.now(), ...figures });
    },
  };
}
