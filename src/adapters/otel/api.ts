/**
 * What is needed of `@opentelemetry/api`, as structure: any 1.x has it.
 */

/** Where a span stands. */
export interface SpanContextLike {
  /** 32 hexadecimal digits; all zero without an SDK. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Bit 1 means recorded. */
  readonly traceFlags: number;
  /** What vendors keep along. */
  readonly traceState?: { serialize(): string } | undefined;
}

/** A place in a trace that came from elsewhere. */
export interface RemoteSpanContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Bit 1 means recorded. */
  readonly traceFlags: number;
  /** It came over a wire. */
  readonly isRemote: boolean;
}

/** A span. */
export interface SpanLike {
  /** Where it stands. */
  spanContext(): SpanContextLike;
  /** Notes what was thrown. */
  recordException(error: Error | string): void;
  /** Says how it went. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Ends it. */
  end(): void;
}

/** What a span begins with. */
export interface SpanBeginning {
  /** Of `SpanKind`. */
  readonly kind: number;
  /** What it is about. */
  readonly attributes: Record<string, string | number>;
  /** Other traces it has to do with. */
  readonly links?: { readonly context: RemoteSpanContext }[];
}

/** The api. Its contexts and spans are opaque here: they go back to where they came from. */
export interface OpenTelemetryApi<Context, Span extends SpanLike> {
  /** Spans. */
  readonly trace: {
    /** Makes spans of a name. */
    getTracer(name: string): {
      startSpan(name: string, beginning: SpanBeginning, context: Context): Span;
    };
    /** The context in which a span is active. */
    setSpan(context: Context, span: Span): Context;
    /** The context in a trace that came from elsewhere. */
    setSpanContext(context: Context, remote: RemoteSpanContext): Context;
    /** Where the span that is active stands. */
    getSpanContext(context: Context): SpanContextLike | undefined;
  };
  /** What is active where. */
  readonly context: {
    /** The context of here and now. */
    active(): Context;
    /** Calls `fn` in a context. */
    with<Result>(context: Context, fn: () => Result): Result;
  };
}
