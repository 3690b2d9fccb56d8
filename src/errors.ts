/**
 * Every condition a caller may want to catch, as one class each.
 *
 * Wrong code (an option that makes no sense, a listener that is no function) is a built-in
 * `TypeError`, `RangeError` or `SyntaxError`. Cancellation rejects with `signal.reason`, untouched.
 * Several failed listeners are an `AggregateError` of {@linkcode ListenerError}s. Everything else is
 * a {@linkcode NovaError}: switch on its `code`, which also survives a wire or a thread.
 *
 * @module
 */

/** What went wrong, as a stable word. New codes arrive with minor releases. */
export type ErrorCode =
  | "buffer-full"
  | "checkpoint-conflict"
  | "closed"
  | "corrupt"
  | "cursor-expired"
  | "cursor-foreign"
  | "encode"
  | "fenced"
  | "id-conflict"
  | "limit-exceeded"
  | "listener-failed"
  | "read-only"
  | "schema-newer"
  | "terminal"
  | "topic-exists"
  | "topic-not-found"
  | "unavailable"
  | "unknown-outcome"
  | "unsupported"
  | "validation"
  | "version-conflict";

/** What every error class of Nova accepts beside its own facts. */
export interface NovaErrorOptions {
  /** The error underneath, kept as it was thrown. */
  readonly cause?: unknown;
}

/** The base of all conditions: a `code` to switch on, and whether trying again can help. */
export class NovaError extends Error {
  /** What went wrong, as a stable word. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean;

  /** Makes an error; callers usually meet one of the subclasses. */
  constructor(
    code: ErrorCode,
    message: string,
    options?: NovaErrorOptions & { readonly retryable?: boolean },
  ) {
    super(
      message,
      options !== undefined && "cause" in options ? { cause: options.cause } : undefined,
    );
    this.code = code;
    this.retryable = options?.retryable ?? false;
  }
}

/** Names live on the prototypes: a minifier cannot change them, and no instance pays for one. */
export function named(constructor: { readonly prototype: object }, name: string): void {
  Object.defineProperty(constructor.prototype, "name", { value: name, configurable: true });
}

/** The part was closed, or is closing, and takes nothing more. */
export class ClosedError extends NovaError {
  /** Names what was closed. */
  constructor(what: string, options?: NovaErrorOptions) {
    super("closed", `Cannot use ${what} as it is closed`, options);
  }
}

/** A bounded buffer had no room, and its policy was to refuse (or the wait for room ran out). */
export class BufferFullError extends NovaError {
  /** How many events the buffer holds. */
  readonly capacity: number;

  /** Names the buffer and its capacity; `waitedMs` when the publisher waited in vain. */
  constructor(what: string, capacity: number, waitedMs?: number) {
    super(
      "buffer-full",
      waitedMs === undefined
        ? `Cannot add an event to ${what} as its buffer of ${capacity} is full`
        : `Cannot add an event to ${what} as its buffer of ${capacity} stayed full for ${waitedMs} ms`,
      { retryable: true },
    );
    this.capacity = capacity;
  }
}

/** One complaint about the content of an event, in the shape of Standard Schema. */
export interface ValidationIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where, from the event inwards: `["data", "items", 0]`. */
  readonly path?: readonly PropertyKey[];
}

/** The content of an event is wrong. */
export class ValidationError extends NovaError {
  /** The field at fault: `type`, `id`, `timestamp`, `metadata`, `data`, or `event` itself. */
  readonly field: string;
  /** What stood there. */
  readonly value: unknown;
  /** Every complaint; at least one. */
  readonly issues: readonly ValidationIssue[];

  /** Says which field is wrong, what it holds and what it must be. */
  constructor(
    field: string,
    value: unknown,
    message: string,
    options?: NovaErrorOptions & { readonly issues?: readonly ValidationIssue[] },
  ) {
    super("validation", message, options);
    this.field = field;
    this.value = value;
    this.issues = options?.issues ?? [{ message, path: [field] }];
  }
}

/** A listener threw or rejected. What it threw is the `cause`. */
export class ListenerError extends NovaError {
  /** The id of the subscription that failed. */
  readonly subscription: string;
  /** The event it was given. */
  readonly event: unknown;

  /** Wraps what the listener threw, which may be anything, also `undefined`. */
  constructor(subscription: string, event: { readonly type: string }, cause: unknown) {
    super(
      "listener-failed",
      `Listener "${subscription}" failed on "${event.type}": ${describe(cause)}`,
      {
        cause,
      },
    );
    this.subscription = subscription;
    this.event = event;
  }
}

/** Thrown by a listener to say that trying again is useless. */
export class TerminalError extends NovaError {
  /** Says why. */
  constructor(message: string, options?: NovaErrorOptions) {
    super("terminal", message, options);
  }
}

/** A configured limit would be passed; nothing of the call was carried out. */
export class LimitExceededError extends NovaError {
  /** The option that holds the limit. */
  readonly option: string;
  /** Its value. */
  readonly limit: number;

  /** Names the limit and what would pass it. */
  constructor(option: string, limit: number, message: string) {
    super("limit-exceeded", message);
    this.option = option;
    this.limit = limit;
  }
}

/** No topic has this name. */
export class TopicNotFoundError extends NovaError {
  /** The name that was asked for. */
  readonly topic: string;

  /** Names the missing topic. */
  constructor(topic: string) {
    super("topic-not-found", `Cannot find topic "${topic}": declare it with bus.topic("${topic}")`);
    this.topic = topic;
  }
}

/** A topic of this name exists with other options. */
export class TopicExistsError extends NovaError {
  /** The name of the topic. */
  readonly topic: string;
  /** The first option that differs. */
  readonly option: string;

  /** Names the topic and the first option that differs. */
  constructor(topic: string, option: string) {
    super(
      "topic-exists",
      `Cannot declare topic "${topic}" again as its option "${option}" differs`,
    );
    this.topic = topic;
    this.option = option;
  }
}

/** An append expected the stream to be at another version. */
export class VersionConflictError extends NovaError {
  /** The stream. */
  readonly stream: string;
  /** What the caller expected. */
  readonly expected: number | "absent" | "present";
  /** The version the stream is at; 0 when it does not exist. */
  readonly actual: number;
  /** The events the caller did not know of, oldest first, so that it can decide again. */
  readonly events: readonly unknown[];

  /** Says what was expected and what was found. */
  constructor(
    stream: string,
    expected: number | "absent" | "present",
    actual: number,
    events: readonly unknown[],
  ) {
    const wanted = typeof expected === "number" ? `at version ${expected}` : expected;
    super(
      "version-conflict",
      `Cannot append to "${stream}" as it must be ${wanted}: it is at version ${actual}`,
      { retryable: true },
    );
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
    this.events = events;
  }
}

named(NovaError, "NovaError");
named(ClosedError, "ClosedError");
named(BufferFullError, "BufferFullError");
named(ValidationError, "ValidationError");
named(ListenerError, "ListenerError");
named(TerminalError, "TerminalError");
named(LimitExceededError, "LimitExceededError");
named(TopicNotFoundError, "TopicNotFoundError");
named(TopicExistsError, "TopicExistsError");
named(VersionConflictError, "VersionConflictError");

/** What was thrown, in a few words, whatever it is: listeners may throw `undefined` or a hostile proxy. */
function describe(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something that cannot be shown";
  }
}
