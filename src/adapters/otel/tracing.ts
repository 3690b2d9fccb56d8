/**
 * Spans around what is sent and what is handled. The trace travels in the metadata of the event.
 */

import type { Middleware } from "../../emitter/onion.ts";
import type { Emitted } from "../../event/event.ts";
import type { Listener } from "../../event/listener.ts";
import { requireFunction, requireOptions, show } from "../../internal/check.ts";
import { adopt, isThenable } from "../../internal/thenable.ts";
import { formatTraceparent, parseTraceparent } from "../../metrics/trace_context.ts";
import type { OpenTelemetryApi, RemoteSpanContext, SpanContextLike, SpanLike } from "./api.ts";

/** Options of a span. */
export interface SpanNaming {
  /**
   * Names the listener, or the batch.
   *
   * @default {the function's name}
   */
  readonly name?: string;
}

/** Spans for events. */
export interface Tracing {
  /**
   * A middleware of an emitter: a producer span around the delivery, and its trace in the metadata of
   * the event.
   */
  sending(): Middleware;
  /** The event with the trace that is active here in its metadata, for `publish` and `append`. */
  carrying<Event extends Emitted>(event: Event): Event;
  /** A listener with a consumer span around each call, in the trace of the event. */
  handling<Event extends Emitted>(listener: Listener<Event>, naming?: SpanNaming): Listener<Event>;
  /** Calls `fn` in one span that links to the trace of every event of a batch. */
  handlingBatch<Event extends Emitted, Result>(
    events: readonly Event[],
    fn: (events: readonly Event[]) => Result,
    naming?: SpanNaming,
  ): Result;
}

/** Values of `SpanKind` and `SpanStatusCode`, which the recommendation fixes. */
const PRODUCER = 3;
const CONSUMER = 4;
const ERROR = 2;

/**
 * Makes the spans of an application out of the `@opentelemetry/api` it uses.
 *
 * @throws {TypeError} If it is not that api.
 */
export function openTelemetry<Context, Span extends SpanLike>(
  api: OpenTelemetryApi<Context, Span>,
): Tracing {
  const { trace, context } = Object(api) as OpenTelemetryApi<Context, Span>;
  if (typeof trace?.getTracer !== "function" || typeof context?.with !== "function") {
    throw new TypeError(`Cannot use ${show(api)} as OpenTelemetry: hand over @opentelemetry/api`);
  }
  const tracer = trace.getTracer("@nova/events");

  /** Calls `fn` within the span, and ends the span when that has settled. */
  function within<Result>(span: Span, parent: Context, fn: () => Result): Result {
    let result: Result;
    try {
      result = context.with(trace.setSpan(parent, span), fn);
    } catch (error) {
      end(span, error, true);
      throw error;
    }
    if (!isThenable(result)) {
      end(span, undefined, false);
      return result;
    }
    const pending = adopt(result);
    pending.then(() => end(span, undefined, false), (error) => end(span, error, true));
    return pending as Result;
  }

  /** The context that an event says it belongs to; without one, the active one. */
  function contextOf(event: Emitted): Context {
    const remote = remoteOf(event);
    return remote === undefined ? context.active() : trace.setSpanContext(context.active(), remote);
  }

  function carrying<Event extends Emitted>(event: Event): Event {
    return withTrace(event, trace.getSpanContext(context.active()));
  }

  return {
    sending: () => (event, next) => {
      const parent = context.active();
      const span = tracer.startSpan(
        `send ${event.type}`,
        { kind: PRODUCER, attributes: attributesOf(event) },
        parent,
      );
      return within(span, parent, () => next(withTrace(event, span.spanContext())));
    },
    carrying,
    handling(listener, naming = {}) {
      requireFunction("a listener", listener);
      requireOptions("a span", naming);
      const name = naming.name ?? listener.name;
      return (event, delivery) => {
        const parent = contextOf(event);
        const attributes = { ...attributesOf(event), "nova.attempt": delivery.attempt };
        const span = tracer.startSpan(
          `handle ${name || event.type}`,
          { kind: CONSUMER, attributes },
          parent,
        );
        return within(span, parent, () => listener(event, delivery));
      };
    },
    handlingBatch(events, fn, naming = {}) {
      requireFunction("the handler of a batch", fn);
      requireOptions("a span", naming);
      const parent = context.active();
      const span = tracer.startSpan(`handle ${naming.name ?? (fn.name || "batch")}`, {
        kind: CONSUMER,
        attributes: { "messaging.batch.message_count": events.length },
        links: events.flatMap((event) => {
          const remote = remoteOf(event);
          return remote === undefined ? [] : [{ context: remote }];
        }),
      }, parent);
      return within(span, parent, () => fn(events));
    },
  };
}

function remoteOf({ metadata }: Emitted): RemoteSpanContext | undefined {
  const trace = parseTraceparent(metadata?.["traceparent"]);
  return trace && { ...trace, isRemote: true };
}

/** The event in that trace; as it is when there is none, as without an SDK. */
function withTrace<Event extends Emitted>(
  event: Event,
  span: SpanContextLike | undefined,
): Event {
  if (span === undefined || /^0+$/.test(span.traceId)) return event;
  // The state belongs to the trace that was there before.
  const { tracestate: _state, ...metadata } = event.metadata ?? {};
  const traceparent = formatTraceparent(span);
  const tracestate = span.traceState?.serialize();
  return {
    ...event,
    metadata: { ...metadata, traceparent, ...(tracestate ? { tracestate } : {}) },
  };
}

function attributesOf(event: Emitted & { readonly id?: string }): Record<string, string> {
  const { type, id } = event;
  return {
    "messaging.system": "nova",
    "messaging.destination.name": type,
    ...(id === undefined ? {} : { "messaging.message.id": id }),
  };
}

function end(span: SpanLike, error: unknown, failed: boolean): void {
  if (failed) {
    const message = error instanceof Error ? error.message : show(error);
    span.recordException(error instanceof Error ? error : message);
    span.setStatus({ code: ERROR, message });
  }
  span.end();
}
