/**
 * The dashboard: its page, the stream of figures behind it, advice, and the redrive button.
 */

import { show } from "../../internal/check.ts";
import type { Env } from "../../internal/env.ts";
import { hear, type NamedPart, type Parts } from "../../internal/parts.ts";
import { Advisor } from "../../tuning/advisor.ts";
import { checklist } from "../../tuning/checklist.ts";
import type { Finding } from "../../tuning/finding.ts";
import type { AdvisedParts } from "../../tuning/parts.ts";
import { adviceText, checklistText } from "../../tuning/text.ts";
import { allows, type Authorize, refusal } from "../authorize.ts";
import { json, text } from "../respond.ts";
import type { Report, Route } from "../route.ts";
import { Latencies } from "./latencies.ts";
import { isOf, type LetterGroup } from "./letters.ts";
import { PAGE, POLICY } from "./page.ts";
import { Broadcast } from "./stream.ts";
import { letterBox, viewOf } from "./view.ts";

/** How often findings are made anew for those who watch: many topics take many rules. */
const ADVICE_MS = 2_000;

/** What the dashboard is made of. */
export interface DashboardOptions {
  /** Who may redrive dead letters; without it nobody, and there is no button. */
  readonly redrive: Authorize | undefined;
  readonly env: Env;
  readonly report: Report;
  /** How many may watch at once. */
  readonly maxViewers: number;
}

/** Everything below `/debug/nova/`. Nothing happens before somebody looks. */
export function dashboardRoutes(
  parts: Parts,
  named: readonly NamedPart[],
  { redrive, env, report, maxViewers }: DashboardOptions,
): Route[] {
  const advisor = new Advisor(parts as AdvisedParts, { everyMs: ADVICE_MS * 2, env });
  const latencies = new Latencies();
  const may = { redrive: redrive !== undefined };
  let findings: readonly Finding[] = [];
  let judgedAt = -Infinity;
  const broadcast = new Broadcast(env, report, () => {
    const at = env.now();
    if (at - judgedAt >= ADVICE_MS || at < judgedAt) {
      findings = advisor.findings();
      judgedAt = at;
    }
    // Asked once: the figures of many topics take their time.
    const told = hear(named, report, (each) => ({ ...each, figures: each.part.stats() }));
    const rest = { at, findings, latencies: latencies.read(told, at), may };
    return JSON.stringify(viewOf(told, rest, report));
  });
  return [
    {
      method: "GET",
      path: "/debug/nova",
      // Relative, as nobody here knows what stands before the path.
      handle: () => text(308, "It is a directory", { location: "nova/" }),
    },
    { method: "GET", path: "/debug/nova/", handle: page },
    {
      method: "GET",
      path: "/debug/nova/events",
      handle() {
        if (broadcast.ended) return text(503, "It is shutting down");
        if (broadcast.viewers >= maxViewers) return text(503, `${maxViewers} are watching already`);
        return answer(broadcast.watch(), "text/event-stream; charset=utf-8");
      },
      end: () => broadcast.end(),
    },
    {
      method: "GET",
      path: "/debug/nova/advice",
      handle({ request }) {
        const findings = advisor.findings();
        const items = checklist(findings);
        const wantsJson = request.headers.get("accept")?.includes("application/json");
        return wantsJson
          ? json(200, { findings, checklist: items })
          : text(200, `${adviceText(findings)}\n${checklistText(items)}`.trimEnd());
      },
    },
    {
      method: "POST",
      path: "/debug/nova/redrive",
      handle: ({ request }) => redriven(request, redrive, named),
    },
  ];
}

function page(): Response {
  return answer(PAGE, "text/html; charset=utf-8", {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
  });
}

function answer(
  body: BodyInit,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, { headers: { "content-type": type, ...headers } });
}

async function redriven(
  request: Request,
  redrive: Authorize | undefined,
  parts: readonly NamedPart[],
): Promise<Response> {
  if (!isSameOrigin(request)) return text(403, "Only the page of the dashboard may do that");
  if (redrive === undefined) return text(403, "Redriving needs the redrive option");
  if (!await allows(redrive, request)) return refusal(redrive);
  const wanted: unknown = await request.json().catch(() => undefined);
  if (!isGroup(wanted)) {
    return text(400, "The body must be JSON with bus, topic, subscription, error and message");
  }
  const { bus, topic, subscription } = wanted;
  const box = letterBox(bus, parts);
  if (box === undefined) return text(404, `There is no bus ${show(bus)} with dead letters`);
  try {
    return json(200, box.redrive(topic, { subscription, filter: isOf(wanted) }));
  } catch (error) {
    return text(404, error instanceof Error ? error.message : show(error));
  }
}

/**
 * A page elsewhere could send a POST with the visitor's credentials. It cannot send JSON without
 * asking first, and browsers say where a request comes from.
 */
function isSameOrigin({ headers }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  const isJson = /^application\/json\b/i.test(headers.get("content-type") ?? "");
  return isJson && (site === null || site === "same-origin");
}

function isGroup(value: unknown): value is LetterGroup {
  const group = Object(value) as Record<string, unknown>;
  return ["bus", "topic", "subscription", "error", "message"].every((key) =>
    typeof group[key] === "string"
  );
}
