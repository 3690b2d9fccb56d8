/**
 * The routes of the dashboard: its page, the stream of figures behind it, advice, and the redrive
 * button.
 */

import { show } from "../../internal/check.ts";
import { type Env, systemEnv } from "../../internal/env.ts";
import { Advisor, type AdvisorOptions } from "../../tuning/advisor.ts";
import { checklist } from "../../tuning/checklist.ts";
import { namedParts } from "../../tuning/parts.ts";
import { adviceText, checklistText } from "../../tuning/text.ts";
import { isOf, type LetterGroup } from "./letters.ts";
import { PAGE, POLICY } from "./page.ts";
import { Broadcast } from "./stream.ts";
import { type DashboardParts, viewOf } from "./view.ts";

/** Options of a {@linkcode Dashboard}. */
export interface DashboardOptions extends AdvisorOptions {
  /**
   * Who may redrive dead letters, beside being allowed to see the page. Answers true, or what refuses.
   *
   * @default {nobody: the page has no button}
   */
  readonly redrive?: (request: Request) => true | Response | Promise<true | Response>;
  /**
   * Whether profiles can be taken at `../pprof/profile`, so that the page has a button for it.
   *
   * @default {false}
   */
  readonly profile?: boolean;
}

/** Everything below `/debug/nova/`. Who may see it is decided before it is asked. */
export class Dashboard implements Disposable {
  readonly #parts: DashboardParts;
  readonly #env: Env;
  readonly #advisor: Advisor;
  readonly #broadcast: Broadcast;
  readonly #redrive: DashboardOptions["redrive"];
  readonly #profile: boolean;

  constructor(parts: DashboardParts, options: DashboardOptions = {}) {
    this.#parts = parts;
    this.#env = options.env ?? systemEnv;
    this.#advisor = new Advisor(parts, { everyMs: 2_000, ...options });
    this.#broadcast = new Broadcast(this.#env, () => this.#view());
    this.#redrive = options.redrive;
    this.#profile = options.profile ?? false;
  }

  /** Ends every stream. */
  [Symbol.dispose](): void {
    this.#broadcast.end();
  }

  /** Answers a request for the path behind `/debug/nova/`; undefined when there is no such path. */
  handle(request: Request, path: string): Response | Promise<Response> | undefined {
    switch (path) {
      case "":
        return reading(request, () => answer(PAGE, "text/html", { ...PAGE_HEADERS }));
      case "events":
        return reading(request, () =>
          // A HEAD has no reader that would ever end its stream.
          request.method === "HEAD"
            ? answer(null, "text/event-stream")
            : answer(this.#broadcast.watch(), "text/event-stream"));
      case "advice":
        return reading(request, () => this.#advice(request));
      case "redrive":
        return this.#redriven(request);
    }
    return undefined;
  }

  #view(): string {
    return JSON.stringify(viewOf(this.#parts, {
      at: this.#env.now(),
      findings: this.#advisor.findings(),
      may: { redrive: this.#redrive !== undefined, profile: this.#profile },
    }));
  }

  #advice(request: Request): Response {
    const findings = this.#advisor.findings();
    const items = checklist(findings);
    return request.headers.get("accept")?.includes("application/json")
      ? answer(JSON.stringify({ findings, checklist: items }), "application/json")
      : answer(`${adviceText(findings)}\n${checklistText(items)}`, "text/plain");
  }

  async #redriven(request: Request): Promise<Response> {
    if (request.method !== "POST") return refuse(405, "Use POST", { allow: "POST" });
    if (!isSameOrigin(request)) return refuse(403, "Only the dashboard's own page may do that");
    if (this.#redrive === undefined) return refuse(403, "Redriving is not allowed here");
    const allowed = await this.#redrive(request);
    if (allowed !== true) return allowed;
    let wanted: unknown;
    try {
      wanted = await request.json();
    } catch {
      return refuse(400, "The body must be JSON");
    }
    if (!isGroup(wanted)) {
      return refuse(400, "The body must name bus, topic, subscription, error and message");
    }
    const bus = new Map(namedParts("bus", this.#parts.bus)).get(wanted.bus);
    if (bus?.redrive === undefined) return refuse(404, `There is no bus ${show(wanted.bus)}`);
    try {
      const { topic, subscription } = wanted;
      const result = bus.redrive(topic, { subscription, filter: isOf(wanted) });
      return answer(JSON.stringify(result), "application/json");
    } catch (error) {
      return refuse(404, error instanceof Error ? error.message : show(error));
    }
  }
}

const PAGE_HEADERS = {
  "content-security-policy": POLICY,
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
};

function reading(request: Request, respond: () => Response): Response {
  if (request.method === "GET") return respond();
  if (request.method !== "HEAD") return refuse(405, "Use GET", { allow: "GET, HEAD" });
  const { status, headers } = respond();
  return new Response(null, { status, headers });
}

/**
 * A page elsewhere could send a POST with the visitor's credentials. It cannot send JSON without
 * asking first, and browsers say where a request comes from.
 */
function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  const type = request.headers.get("content-type") ?? "";
  return (site === null || site === "same-origin") && /^application\/json\b/i.test(type);
}

function isGroup(value: unknown): value is LetterGroup {
  const group = Object(value) as Record<string, unknown>;
  return ["bus", "topic", "subscription", "error", "message"].every((key) =>
    typeof group[key] === "string"
  );
}

function refuse(status: number, text: string, headers: Record<string, string> = {}): Response {
  return answer(`${text}\n`, "text/plain", headers, status);
}

function answer(
  body: BodyInit | null,
  type: string,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): Response {
  return new Response(body, {
    status,
    headers: {
      ...headers,
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}
