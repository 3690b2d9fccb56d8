/**
 * `/events`: server-sent events.
 */

import { integerOption, requireOptions } from "../../internal/check.ts";
import type { Env } from "../../internal/env.ts";
import type { NamedPart } from "../../internal/parts.ts";
import { text } from "../respond.ts";
import type { Route } from "../route.ts";
import { Feed } from "./feed.ts";
import { type Filter, filterOf } from "./frame.ts";

/** Options of the stream of live events. */
export interface EventsViewOptions {
  /**
   * How many may watch at once, and how many the dashboard; others get 503.
   *
   * @default {100}
   */
  readonly maxViewers?: number;
}

/** How many may watch, by the options. */
export function viewersOf(options: EventsViewOptions = {}): number {
  requireOptions("events", options);
  return integerOption("events.maxViewers", options.maxViewers, 100);
}

/** Live events, with `?type=` and `?component=`, from `Last-Event-ID` on. */
export function eventsRoute(
  parts: readonly NamedPart[],
  env: Env,
  showData: boolean,
  maxViewers: number,
): Route {
  const feed = new Feed(parts, showData, env);
  return {
    method: "GET",
    path: "/events",
    handle({ request, url }) {
      let filter: Filter | undefined;
      try {
        filter = filterOf(url.searchParams);
      } catch (error) {
        return text(400, error instanceof SyntaxError ? error.message : "Bad filter");
      }
      if (request.method === "HEAD") return new Response(null, { headers: STREAM });
      if (feed.ended) return text(503, "It is shutting down");
      if (feed.viewers >= maxViewers) return text(503, `${maxViewers} are watching already`);
      const stream = feed.watch(filter, request.headers.get("last-event-id"));
      return new Response(stream, { headers: STREAM });
    },
    end: () => feed[Symbol.dispose](),
  };
}

const STREAM = {
  "content-type": "text/event-stream; charset=utf-8",
  // Proxies that collect an answer before they pass it on would show nothing.
  "x-accel-buffering": "no",
};
