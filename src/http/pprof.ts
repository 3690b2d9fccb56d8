/**
 * Profiles over HTTP, as `net/http/pprof` of Go serves them: the same paths, parameters, status codes
 * and texts, so that `go tool pprof` does not notice the difference.
 */

import { LimitExceededError } from "../errors.ts";
import { UnavailableError, UnsupportedError } from "../errors/store.ts";
import { booleanOption } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import type { Parts } from "../internal/parts.ts";
import type { Profiler } from "../profile/port.ts";
import type { Profile } from "../profile/profile.ts";
import { Profiles } from "../profile/profiles.ts";
import { profileText } from "../profile/text.ts";
import { pprofIndex } from "./pprof_index.ts";
import type { Route, Visit } from "./route.ts";

/** Options of the profiles of an inspector. */
export interface PprofOptions {
  /**
   * The engine: `engineProfiler()` of `./profiler`.
   *
   * @default {none: only the profiles of the parts}
   */
  readonly profiler?: Profiler;
  /**
   * Whether allocations are sampled from the start, and not only from the first look on.
   *
   * @default {false}
   */
  readonly heapSampling?: boolean;
  /**
   * Whether snapshots of the heap may be taken: they stop the program for up to seconds, and hold its
   * secrets.
   *
   * @default {false}
   */
  readonly heapSnapshots?: boolean;
  /**
   * Whether `/debug/pprof/cmdline` shows the command line, which may hold secrets, too.
   *
   * @default {false}
   */
  readonly commandLine?: boolean;
}

const BASE = "/debug/pprof";

/** Go's defaults. */
const CPU_SECONDS = 30;
const TRACE_SECONDS = 1;

/** Waiting is measured over a window; without `seconds` it is this one. */
const WAIT_SECONDS = 1;

/** An engine that samples more often than this mostly watches itself. */
const SHORTEST_INTERVAL_US = 1000;

const TOO_LONG = "profile duration exceeds server's WriteTimeout";
const NOT_POSITIVE = 'invalid value for "seconds" - must be a positive integer';
const NO_SECONDS = '"seconds" parameter is not supported for this profile type';
const NO_BOTH = "seconds and debug params are incompatible";

/** All of `/debug/pprof/`. */
export function pprofRoutes(
  parts: Parts,
  options: PprofOptions & { readonly env: Env },
): Route[] {
  const commandLine = booleanOption("commandLine", options.commandLine, false);
  const pprof = new Pprof(new Profiles(parts, options), commandLine);
  const { handlers } = pprof;
  const get = (path: string, handle: Route["handle"]): Route => ({ method: "GET", path, handle });
  return [
    // Relative, as nobody here knows what stands before the path.
    get(BASE, () => new Response(null, { status: 301, headers: { location: "pprof/" } })),
    get(`${BASE}/`, () => pprofIndex(pprof.profiles, Object.keys(handlers))),
    ...Object.entries(handlers).map(([name, handle]) =>
      get(`${BASE}/${name}`, (visit) => answered(visit, handle))
    ),
    { method: "POST", path: `${BASE}/symbol`, handle: handlers.symbol! },
    get(`${BASE}/*`, () => refusal(404, "Unknown profile")),
  ];
}

type Handler = (visit: Visit) => Response | Promise<Response>;

class Pprof {
  readonly profiles: Profiles;
  readonly handlers: Readonly<Record<string, Handler>>;

  constructor(profiles: Profiles, commandLine: boolean) {
    this.profiles = profiles;
    this.handlers = {
      allocs: (visit) => this.#allocs(visit),
      block: (visit) => this.#waits("block", visit),
      ...commandLine ? { cmdline: () => this.#commandLine() } : {},
      goroutine: (visit) => this.#goroutine(visit),
      heap: (visit) => this.#heap(visit),
      heapsnapshot: () => this.#heapSnapshot(),
      listener: (visit) => this.#sampled("listener", visit, () => profiles.live("listener")),
      mutex: (visit) => this.#waits("mutex", visit),
      profile: (visit) => this.#cpu(visit),
      // Every location has its function, so there is nothing to look up.
      symbol: () => plain("num_symbols: 0\n"),
      threadcreate: (visit) =>
        this.#sampled("threadcreate", visit, () => profiles.live("threadcreate")),
      trace: (visit) => this.#trace(visit),
    };
  }

  async #cpu({ url, request }: Visit): Promise<Response> {
    const asked = wholeNumber(url.searchParams.get("seconds"));
    const seconds = asked !== undefined && asked > 0 ? asked : CPU_SECONDS;
    if (seconds > this.profiles.maxSeconds) return refusal(400, TOO_LONG);
    const interval = url.searchParams.get("interval");
    const intervalUs = wholeNumber(interval);
    if (interval !== null && (intervalUs === undefined || intervalUs < SHORTEST_INTERVAL_US)) {
      return refusal(
        400,
        `invalid value for "interval" - must be microseconds, at least ${SHORTEST_INTERVAL_US}`,
      );
    }
    try {
      const { signal } = request;
      const every = intervalUs === undefined ? {} : { intervalUs };
      return await binary("profile", await this.profiles.cpu({ seconds, signal, ...every }));
    } catch (error) {
      return failure(error, "Could not enable CPU profiling: ");
    }
  }

  #heap(visit: Visit): Promise<Response> {
    const gc = (wholeNumber(visit.url.searchParams.get("gc")) ?? 0) > 0;
    return this.#sampled("heap", visit, () => this.profiles.heap({ gc }));
  }

  /** Over a window it is all that is allocated; else what the sampler has seen so far. */
  async #allocs(visit: Visit): Promise<Response> {
    const window = this.#window(visit);
    if (window instanceof Response) return window;
    if (window !== undefined) {
      return await binary("allocs-delta", await this.profiles.allocations(window));
    }
    return await this.#shown("allocs", visit, (await this.profiles.heap()).showing("alloc_space"));
  }

  async #goroutine(visit: Visit): Promise<Response> {
    const { searchParams } = visit.url;
    const debug = wholeNumber(searchParams.get("debug")) ?? 0;
    if (debug >= 2 && !searchParams.get("seconds")) return plain(this.profiles.goroutines());
    return await this.#sampled("goroutine", visit, () => this.profiles.live("goroutine"));
  }

  async #waits(kind: "block" | "mutex", visit: Visit): Promise<Response> {
    const window = this.#window(visit);
    if (window instanceof Response) return window;
    const { signal } = visit.request;
    const profile = await this.profiles.waits(kind, window ?? { seconds: WAIT_SECONDS, signal });
    return await this.#shown(kind, visit, profile);
  }

  async #trace({ url, request }: Visit): Promise<Response> {
    const asked = Number(url.searchParams.get("seconds"));
    const seconds = asked > 0 ? asked : TRACE_SECONDS;
    if (seconds > this.profiles.maxSeconds) return refusal(400, TOO_LONG);
    try {
      const trace = await this.profiles.trace({ seconds, signal: request.signal });
      return attachment("trace.json", "application/json", JSON.stringify(trace));
    } catch (error) {
      return failure(error, "Could not enable tracing: ");
    }
  }

  #heapSnapshot(): Response {
    return attachment("heap.heapsnapshot", "application/json", this.profiles.heapSnapshot());
  }

  #commandLine(): Response {
    return plain((this.profiles.profiler?.commandLine() ?? []).join("\0"));
  }

  /** A profile of now, or what changes within `seconds`. */
  async #sampled(
    name: string,
    visit: Visit,
    take: () => Profile | Promise<Profile>,
  ): Promise<Response> {
    const window = this.#window(visit);
    if (window instanceof Response) return window;
    if (window === undefined) return await this.#shown(name, visit, await take());
    return await binary(`${name}-delta`, await this.profiles.delta(take, window));
  }

  #shown(name: string, { url }: Visit, profile: Profile): Response | Promise<Response> {
    const debug = wholeNumber(url.searchParams.get("debug")) ?? 0;
    return debug === 0 ? binary(name, profile) : plain(profileText(name, profile));
  }

  /** What `seconds` asks for; a response if that makes no sense. */
  #window(
    { url, request }: Visit,
  ): { seconds: number; signal: AbortSignal } | Response | undefined {
    const given = url.searchParams.get("seconds");
    if (!given) return undefined;
    const seconds = wholeNumber(given);
    if (seconds === undefined || seconds <= 0) return refusal(400, NOT_POSITIVE);
    if (url.pathname.endsWith("/threadcreate")) return refusal(400, NO_SECONDS);
    if (seconds > this.profiles.maxSeconds) return refusal(400, TOO_LONG);
    if ((wholeNumber(url.searchParams.get("debug")) ?? 0) !== 0) return refusal(400, NO_BOTH);
    return { seconds, signal: request.signal };
  }
}

async function answered(visit: Visit, handle: Handler): Promise<Response> {
  try {
    return await handle(visit);
  } catch (error) {
    // Whoever asked has gone, or at least nobody can tell.
    if (visit.request.signal?.aborted === true) return refusal(500, "context canceled");
    return failure(error, "");
  }
}

/** Why there is no profile; what is not known here is thrown on. */
function failure(error: unknown, before: string): Response {
  if (error instanceof UnsupportedError) return refusal(501, error.message);
  if (error instanceof UnavailableError) return refusal(500, before + error.message);
  if (error instanceof LimitExceededError) return refusal(400, TOO_LONG);
  throw error;
}

/** `go tool pprof` shows the text because of the header. */
function refusal(status: number, reason: string): Response {
  const headers = { "content-type": "text/plain; charset=utf-8", "x-go-pprof": "1" };
  return new Response(`${reason}\n`, { status, headers });
}

function plain(body: string): Response {
  return new Response(body, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

async function binary(name: string, profile: Profile): Promise<Response> {
  return attachment(name, "application/octet-stream", await profile.gzip());
}

function attachment(name: string, type: string, body: BodyInit): Response {
  const headers = { "content-type": type, "content-disposition": `attachment; filename="${name}"` };
  return new Response(body, { headers });
}

/** As Go reads one: digits with a sign; anything else, or beyond what is exact, is undefined. */
function wholeNumber(text: string | null): number | undefined {
  if (text === null || !/^[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
