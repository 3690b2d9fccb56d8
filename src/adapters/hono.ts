/**
 * Nova on your own Hono app: the inspector's pages as routes, and the emitter and the bus on the
 * context of every request.
 *
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { nova, type NovaEnv, novaRoutes } from "@nova/events/hono";
 * import { bearer } from "@nova/events/http";
 * import { Hono } from "hono";
 *
 * const emitter = new Emitter<{ "order.placed": { total: number } }>({ name: "shop" });
 * emitter.on("order.placed", ({ data }) => console.log(data.total)); // 42
 * const services = { emitter };
 *
 * const app = new Hono<NovaEnv<typeof services>>();
 * app.use(nova(services));
 * app.post("/orders", async (c) => {
 *   await c.var.nova.emit("order.placed", { total: 42 });
 *   return c.text("placed", 201);
 * });
 * novaRoutes(app, services, { authorize: bearer("a-long-secret") });
 *
 * console.log((await app.request("/orders", { method: "POST" })).status); // 201
 * console.log((await app.request("/health")).status); // 200
 * console.log((await app.request("/metrics")).status); // 401
 * await emitter.close();
 * ```
 *
 * Nothing here imports Hono: whichever copy of version 4 an app was made with will do.
 *
 * @module
 */

import type { PublishOptions } from "../bus/api.ts";
import type { Bus } from "../bus/bus.ts";
import type { Draft, Metadata } from "../event/event.ts";
import { inspect, type InspectorOptions } from "../http/inspector.ts";
import { requireOptions, show } from "../internal/check.ts";
import type { Parts } from "../internal/parts.ts";
import { traceMetadata } from "../metrics/trace_context.ts";

export { anyone, type Authorize, bearer } from "../http/authorize.ts";
export type { InspectorOptions } from "../http/inspector.ts";
export type { Part, PartKind, Parts } from "../internal/parts.ts";

/** What {@linkcode novaRoutes} needs of the context of a request. */
export interface RequestContext {
  /** The request, as Hono wraps it. */
  readonly req: {
    /** The request itself. */
    readonly raw: Request;
    /** What the path has in a place; undefined if there is no such place. */
    param(name: string): string | undefined;
  };
  /** What the platform hands over; on Bun the server. */
  readonly env: unknown;
}

/** What {@linkcode novaRoutes} needs of an app: a Hono of any version 4 has it. */
export interface App {
  /** Registers a handler for all methods of a path. */
  all(path: string, handler: (context: RequestContext) => Promise<Response>): unknown;
}

/** What {@linkcode nova} needs of the context of a request. */
export interface MiddlewareContext extends RequestContext {
  /** Sets a variable. */
  set(name: "nova" | "emitter" | "bus", value: unknown): void;
}

/** What an app may share with its handlers. */
export interface Services {
  /** Delivers in this process: an emitter of any event map, as what it takes is checked at the call. */
  readonly emitter?: { emit(event: never): Promise<void> };
  /** Delivers by topic. */
  readonly bus?: Pick<Bus, "publish">;
}

/** The environment of an app with these services: `new Hono<NovaEnv<typeof services>>()`. */
export interface NovaEnv<Given extends Services> {
  /** What `c.get` and `c.var` know. */
  // Hono asks for a record of variables; these are they.
  Variables: NovaVariables<Given>;
}

/** The variables of an app with these services. */
export type NovaVariables<Given extends Services> =
  & { readonly [Name in keyof Given]: Given[Name] }
  & { readonly nova: Scope<Given> };

/** The same services for one request: what they send belongs to its trace. */
export interface Scope<Given extends Services = Services> {
  /** `traceparent` and `tracestate` of the request, if they are valid. */
  readonly metadata: Metadata;
  /** Emits; on an edge worker the request lasts until it is done. */
  readonly emit: Given extends { readonly emitter: { readonly emit: infer Method } } ? Method
    : never;
  /** Publishes; on an edge worker the request lasts until it is accepted. */
  readonly publish: Given extends { readonly bus: { readonly publish: infer Method } } ? Method
    : never;
  /** Lets the request last until the promise settles, where the platform can do that. */
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * Registers the pages of the inspector on an app or a part of one: `/health`, `/metrics`, `/events`
 * and all others, below the base path of the app. Middleware that was registered before applies.
 * Disposing the result ends the streams of those who watch, so that a server can close.
 *
 * @throws {TypeError} If the app, a part or an option is no such thing.
 */
export function novaRoutes(
  app: App,
  parts: Parts,
  options: Omit<InspectorOptions, "base"> = {},
): Disposable {
  if (typeof (app as Partial<App> | null)?.all !== "function") {
    throw new TypeError(`Cannot add routes to ${show(app)}: it must be a Hono app`);
  }
  const inspection = inspect(parts, options);
  for (const path of new Set(inspection.routes.map((route) => route.path))) {
    const open = path.endsWith("*");
    const prefix = open ? path.slice(0, -1) : path;
    // Not `*`: what that stands for, a handler does not learn.
    app.all(open ? `${prefix}:rest{.*}` : path, (context) => {
      liftIdleTimeout(context);
      const rest = open ? context.req.param("rest") ?? "" : "";
      return inspection.answer(context.req.raw, prefix + rest);
    });
  }
  return inspection;
}

/**
 * Puts an emitter and a bus on the context of every request, and {@linkcode Scope} as `nova`: events
 * that are sent through it carry the `traceparent` of the request.
 *
 * @throws {TypeError} If a service is no such thing.
 */
export function nova(
  services: Services,
): (context: MiddlewareContext, next: () => Promise<void>) => Promise<void> {
  requireOptions("the nova middleware", services);
  const { emitter, bus } = services;
  if (emitter !== undefined && typeof emitter?.emit !== "function") {
    throw new TypeError(`Cannot use ${show(emitter)} as "emitter": it has no emit()`);
  }
  if (bus !== undefined && typeof bus?.publish !== "function") {
    throw new TypeError(`Cannot use ${show(bus)} as "bus": it has no publish()`);
  }
  return async (context, next) => {
    if (emitter !== undefined) context.set("emitter", emitter);
    if (bus !== undefined) context.set("bus", bus);
    context.set("nova", scopeOf(services, context));
    await next();
  };
}

function scopeOf({ emitter, bus }: Services, context: RequestContext): Scope<Services> {
  const metadata = traceMetadata(context.req.raw.headers);
  const waitUntil = (promise: Promise<unknown>): void => {
    executionOf(context)?.waitUntil(promise);
  };
  const kept = <Result>(promise: Promise<Result>): Promise<Result> => {
    waitUntil(promise);
    return promise;
  };
  const scope: Record<string, unknown> = { metadata, waitUntil };
  if (emitter !== undefined) {
    const emit = emitter.emit as unknown as Emit;
    scope["emit"] = (first: unknown, second?: unknown, third?: { readonly metadata?: Metadata }) =>
      kept(
        typeof first === "string"
          ? emit.call(emitter, first, second, {
            ...third,
            metadata: { ...metadata, ...third?.metadata },
          })
          : emit.call(emitter, withMetadata(first, metadata), second),
      );
  }
  if (bus !== undefined) {
    scope["publish"] = (topic: string, event: unknown, options?: PublishOptions) =>
      kept(bus.publish(topic, withMetadata(event, metadata) as Draft, options));
  }
  return scope as unknown as Scope<Services>;
}

type Emit = (first: unknown, second?: unknown, third?: unknown) => Promise<void>;

/** The event with the metadata that it lacks; what is no event is refused where it goes. */
function withMetadata(event: unknown, metadata: Metadata): unknown {
  if (typeof event !== "object" || event === null || Object.keys(metadata).length === 0) {
    return event;
  }
  return { ...event, metadata: { ...metadata, ...(event as { metadata?: Metadata }).metadata } };
}

/** Bun ends a request that is silent for ten seconds; a profile takes thirty. */
function liftIdleTimeout({ env, req }: RequestContext): void {
  const { timeout } = (env ?? {}) as { timeout?: unknown };
  if (typeof timeout === "function") timeout.call(env, req.raw, 0);
}

/** What keeps a request alive; only edge workers have it, elsewhere Hono throws. */
function executionOf(
  context: RequestContext,
): { waitUntil(promise: Promise<unknown>): void } | undefined {
  try {
    return (context as { executionCtx?: ExecutionContextLike }).executionCtx;
  } catch {
    return undefined;
  }
}

interface ExecutionContextLike {
  waitUntil(promise: Promise<unknown>): void;
}
