/**
 * One handler that shows the parts of a running program over HTTP.
 */

import {
  booleanOption,
  requireFunction,
  requireOptions,
  show,
  stringOption,
} from "../internal/check.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { namedParts, type Parts } from "../internal/parts.ts";
import { allows, type Authorize, refusal } from "./authorize.ts";
import { dashboardRoutes } from "./dashboard/routes.ts";
import { healthRoutes } from "./health.ts";
import { eventsRoute, type EventsViewOptions, viewersOf } from "./events/route.ts";
import { type MetricsPageOptions, metricsRoute } from "./metrics.ts";
import { type PprofOptions, pprofRoutes } from "./pprof.ts";
import { dressed, text } from "./respond.ts";
import { match, type Report, type Route } from "./route.ts";
import { statsRoute } from "./stats.ts";

/** Options of {@linkcode inspector}. */
export interface InspectorOptions extends PprofOptions {
  /**
   * Who may look: `bearer(token)`, `anyone()`, or a function of your own. Whatever it throws means no.
   *
   * @default {nobody: all but a bare health and readiness answers 403}
   */
  readonly authorize?: Authorize;
  /**
   * Who may redrive dead letters from the dashboard, among those whom `authorize` lets look.
   *
   * @default {nobody: the dashboard has no such button}
   */
  readonly redrive?: Authorize;
  /**
   * The hosts, without port, by which it may be asked; others get 421. It keeps web pages from reading
   * a loopback address under a name of theirs, and those of other sites get 403, so that none can
   * start a profile with an image.
   *
   * @default {any}
   */
  readonly hosts?: readonly string[];
  /**
   * What stands before every path, such as `"/internal"`.
   *
   * @default {""}
   */
  readonly base?: string;
  /**
   * Whether the program should get work. Let it answer false once it shuts down. Whatever it throws
   * means no.
   *
   * @default {always true}
   */
  readonly ready?: () => boolean | Promise<boolean>;
  /**
   * Is told what a part, `ready` or `metrics.text` throws while somebody looks. That is no uncaught
   * error: looking must not end the program.
   *
   * @default {it is written to the console}
   */
  readonly onError?: (error: unknown) => void;
  /** The metrics page. */
  readonly metrics?: MetricsPageOptions;
  /**
   * Whether the data and metadata of events are shown. They may hold what nobody should see.
   *
   * @default {false}
   */
  readonly showData?: boolean;
  /** The stream of live events. */
  readonly events?: EventsViewOptions;
  /**
   * The clock.
   *
   * @default {the runtime's}
   */
  readonly env?: Env;
}

/** Answers requests; give it to a server, or call it from a router. */
export interface Inspector extends Disposable {
  (request: Request): Promise<Response>;
  /** Ends the streams of those who watch, so that a server can close. */
  [Symbol.dispose](): void;
}

/** An inspector taken apart, for routers that register path by path. */
export interface Inspection extends Disposable {
  /** Every path there is. */
  readonly routes: readonly Pick<Route, "method" | "path">[];
  /** Answers a request for a path below the mount. */
  answer(request: Request, path: string): Promise<Response>;
  /** Ends the streams of those who watch. */
  [Symbol.dispose](): void;
}

/**
 * Makes a web-standard handler: `/health`, `/ready`, `/stats` and more. Nothing is mounted by itself,
 * and nothing but a bare health is shown without `authorize`.
 *
 * @throws {TypeError} If a part or an option is no such thing.
 *
 * @example Usage
 * ```ts
 * import { Bus } from "@nova/events/bus";
 * import { bearer, inspector } from "@nova/events/http";
 *
 * const bus = new Bus({ name: "shop" });
 * const inspect = inspector({ bus }, { authorize: bearer("a-long-secret") });
 *
 * const response = await inspect(new Request("http://localhost/health"));
 * console.log(response.status, (await response.json()).status); // 200 healthy
 * await bus.close();
 * ```
 */
export function inspector(parts: Parts, options: InspectorOptions = {}): Inspector {
  requireOptions("an inspector", options);
  const { base = "" } = options;
  if (base !== "" && !/^(\/[^/?#]+)+$/.test(stringOption("base", base, ""))) {
    throw new TypeError(`Cannot use ${show(base)} as "base": it must be like "/internal"`);
  }
  const inspection = inspect(parts, options);
  const handler = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (base !== "" && !pathname.startsWith(`${base}/`)) {
      return dressed(text(404, "Not found"), request.method);
    }
    return await inspection.answer(request, pathname.slice(base.length));
  };
  return Object.assign(handler, { [Symbol.dispose]: () => inspection[Symbol.dispose]() });
}

/** The same for a router. */
export function inspect(parts: Parts, options: InspectorOptions = {}): Inspection {
  const named = namedParts("inspect", parts);
  requireOptions("an inspector", options);
  const { authorize, redrive, hosts, ready = () => true, onError = write, env = systemEnv } =
    options;
  if (authorize !== undefined) requireFunction("authorize", authorize);
  if (redrive !== undefined) requireFunction("redrive", redrive);
  requireFunction("ready", ready);
  requireFunction("onError", onError);
  const report = reporterOf(onError);
  const maxViewers = viewersOf(options.events);
  if (hosts !== undefined && !Array.isArray(hosts)) {
    throw new TypeError(`Cannot use ${show(hosts)} as "hosts": it must be an array of host names`);
  }
  const showData = booleanOption("showData", options.showData, false);
  const routes: readonly Route[] = [
    ...healthRoutes(named, ready, report),
    statsRoute(named, env, report),
    metricsRoute(parts, options.metrics),
    eventsRoute(named, env, showData, maxViewers),
    ...pprofRoutes(parts, { ...options, env }),
    ...dashboardRoutes(parts, named, { redrive, env, report, maxViewers }),
  ];
  return {
    routes,
    answer: (request, path) => answer(request, path, { ...options, report, routes }),
    [Symbol.dispose]() {
      for (const route of routes) route.end?.();
    },
  };
}

interface Setting extends InspectorOptions {
  readonly report: Report;
  readonly routes: readonly Route[];
}

function write(error: unknown): void {
  // deno-lint-ignore no-console -- an uncaught error would end the program
  console.error(error);
}

/** Who is told of errors may throw some itself; nobody is left to tell then. */
function reporterOf(onError: (error: unknown) => void): Report {
  return (error) => {
    try {
      onError(error);
    } catch {
      // See above.
    }
  };
}

/** Host, path, method and permission are looked at in this order; only then does a route run. */
async function answer(request: Request, path: string, setting: Setting): Promise<Response> {
  const { method } = request;
  const url = new URL(request.url);
  const { hosts, authorize, routes, report } = setting;
  if (hosts !== undefined && !hosts.includes(url.hostname)) {
    return dressed(text(421, "This host is not served here"), method);
  }
  if (hosts !== undefined && isOfOtherSite(request)) {
    return dressed(text(403, "Not for pages of other sites"), method);
  }
  const authorized = await allows(authorize, request);
  const found = routes.filter((route) => match(route, path) !== undefined);
  const wanted = method === "HEAD" ? "GET" : method;
  const route = found.find((each) => each.method === wanted);
  // Who may not look does not learn which paths there are.
  if (!authorized && route?.open !== true) return dressed(refusal(authorize), method);
  if (found.length === 0) return dressed(text(404, "Not found"), method);
  if (route === undefined) {
    const methods = found.map((each) => each.method === "GET" ? "GET, HEAD" : each.method);
    const allow = [...new Set(methods)].join(", ");
    return dressed(text(405, "Method not allowed", { allow }), method);
  }
  try {
    const visit = { request, url, rest: match(route, path) ?? "", authorized };
    return dressed(await route.handle(visit), method);
  } catch (error) {
    report(error);
    return dressed(text(500, "It failed; the process has reported why"), method);
  }
}

/** Whether a page elsewhere asks, and not somebody who follows its link; browsers say so. */
function isOfOtherSite({ headers }: Request): boolean {
  return headers.get("sec-fetch-site") === "cross-site" &&
    headers.get("sec-fetch-mode") !== "navigate";
}
