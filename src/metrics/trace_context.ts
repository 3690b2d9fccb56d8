/**
 * W3C Trace Context in the metadata of events: `traceparent` and `tracestate`.
 */

import type { Metadata } from "../event/event.ts";

/** Where a trace stands: what `traceparent` says. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits, not all zero. */
  readonly spanId: string;
  /** Bit 1 means that the trace is recorded. */
  readonly traceFlags: number;
}

/** Version 00 ends here; later versions may say more behind another dash. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Later than anything that Nova accepts as metadata. */
const LONGEST = 512;

/**
 * What a `traceparent` says; undefined if it says nothing valid. Of several in one header, which some
 * runtimes make of two, the first counts.
 */
export function parseTraceparent(text: string | null | undefined): TraceContext | undefined {
  if (typeof text !== "string" || text.length > LONGEST) return undefined;
  const comma = text.indexOf(",");
  const [, version, traceId, spanId, flags, more] =
    TRACEPARENT.exec((comma < 0 ? text : text.slice(0, comma)).trim()) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) {
    return undefined;
  }
  if (/^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return undefined;
  return { traceId: traceId!, spanId: spanId!, traceFlags: Number.parseInt(flags!, 16) & 1 };
}

/** Printable ASCII, no longer than the recommendation asks to keep. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The metadata of events that belong to the trace of a request; empty if it has no valid one. */
export function traceMetadata(headers: Headers): Metadata {
  const trace = parseTraceparent(headers.get("traceparent"));
  if (trace === undefined) return {};
  const traceparent = formatTraceparent(trace);
  const tracestate = headers.get("tracestate") ?? "";
  return TRACESTATE.test(tracestate) ? { traceparent, tracestate } : { traceparent };
}

/** A context as a `traceparent` of version 00. */
export function formatTraceparent({ traceId, spanId, traceFlags }: TraceContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}
