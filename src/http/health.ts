/**
 * Whether the program lives, and whether it should get work.
 */

import type { NamedPart } from "../internal/parts.ts";
import { json } from "./respond.ts";
import type { Report, Route } from "./route.ts";

/** How a part says it is doing. */
interface Health {
  readonly status: string;
}

/** What a part is like that throws when it is asked. */
const SILENT = {
  status: "unhealthy",
  reasons: [{ code: "failed", message: "it cannot tell; the process has reported why" }],
};

/** These need a person, or a restart; `degraded` only attention. */
const BAD: readonly string[] = ["unhealthy", "circuit-open"];

/** How all parts together are doing, with those that say so by name. */
export function healthOf(parts: readonly NamedPart[], report: Report): {
  readonly status: string;
  readonly parts: Readonly<Record<string, Health>>;
} {
  const tree: Record<string, Health> = {};
  const words = new Set<string>();
  for (const { kind, name, part } of parts) {
    const { health } = part as { health?: () => Health };
    if (typeof health !== "function") continue;
    let said: Health = SILENT;
    try {
      said = health.call(part);
    } catch (error) {
      report(error);
    }
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
  report: Report,
): Route[] {
  return [
    {
      method: "GET",
      path: "/health",
      open: true,
      handle({ authorized }) {
        const health = healthOf(parts, report);
        const status = BAD.includes(health.status) ? 503 : 200;
        return json(status, authorized ? health : { status: health.status });
      },
    },
    {
      method: "GET",
      path: "/ready",
      open: true,
      async handle({ authorized }) {
        const health = healthOf(parts, report);
        const ready = await saysYes(isReady, report) && !BAD.includes(health.status);
        return json(ready ? 200 : 503, authorized ? { ready, ...health } : { ready });
      },
    },
  ];
}

/** Whoever cannot say that it is ready, is not. */
async function saysYes(
  isReady: () => boolean | Promise<boolean>,
  report: Report,
): Promise<boolean> {
  try {
    return await isReady() === true;
  } catch (error) {
    report(error);
    return false;
  }
}
