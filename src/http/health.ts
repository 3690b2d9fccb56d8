/**
 * Whether the program lives, and whether it should get work.
 */

import type { NamedPart } from "../internal/parts.ts";
import { json } from "./respond.ts";
import type { Route } from "./route.ts";

/** How a part says it is doing. */
interface Health {
  readonly status: string;
}

/** These need a person, or a restart; `degraded` only attention. */
const BAD: readonly string[] = ["unhealthy", "circuit-open"];

/** How all parts together are doing, with those that say so by name. */
export function healthOf(parts: readonly NamedPart[]): {
  readonly status: string;
  readonly parts: Readonly<Record<string, Health>>;
} {
  const tree: Record<string, Health> = {};
  const words = new Set<string>();
  for (const { kind, name, part } of parts) {
    const { health } = part as { health?: () => Health };
    if (typeof health !== "function") continue;
    const said = health.call(part);
    tree[`${kind}/${name}`] = said;
    words.add(said.status);
  }
  const worst = ["unhealthy", "circuit-open", "degraded"].find((word) => words.has(word));
  return { status: worst ?? "healthy", parts: tree };
}

/** `/health` and `/ready`: everyone gets the word, who is authorized gets the reasons. */
export function healthRoutes(
  parts: readonly NamedPart[],
  isReady: () => boolean | Promise<boolean>,
): Route[] {
  return [
    {
      method: "GET",
      path: "/health",
      open: true,
      handle({ authorized }) {
        const health = healthOf(parts);
        const status = BAD.includes(health.status) ? 503 : 200;
        return json(status, authorized ? health : { status: health.status });
      },
    },
    {
      method: "GET",
      path: "/ready",
      open: true,
      async handle({ authorized }) {
        const health = healthOf(parts);
        const ready = await isReady() === true && !BAD.includes(health.status);
        return json(ready ? 200 : 503, authorized ? { ready, ...health } : { ready });
      },
    },
  ];
}
