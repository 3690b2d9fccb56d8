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
  | "circuit-open"
  | "closed"
  | "config-mismatch"
  | "corrupt"
  | "cursor-expired"
  | "cursor-foreign"
  | "encode"
  | "fenced"
  | "id-conflict"
  | "limit-exceeded"
  | "listener-exists"
  | "listener-failed"
  | "read-only"
  | "schema-newer"
  | "sequence-gap"
  | "stale-ack"
  | "terminal"
  | "timeout"
  | "topic-exists"
  | "topic-not-found"
  | "unavailable"
  | "unknown-outcome"
  | "unsupported"
  | "validation"
  | "version-conflict"
  | "worker-lost";

/** What every error class of Nova accepts beside its own facts. */
export interface NovaErrorOptions {
  /** The error underneath, kept as it was thrown. */
  readonly cause?: unknown;
}

/** The base of all conditions: a `code` to switch on, and whether trying again can help. */
export class NovaError extends Error {
  /** @ignore */
  override get name(): string {
    return "NovaError";
  }
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

/** The part was closed, or is closing, and takes nothing more. */
export class ClosedError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "ClosedError";
  }
  /** Names what was closed. */
  constructor(what: string, options?: NovaErrorOptions) {
    super("closed", `Cannot use ${what} as it is closed`, options);
  }
}

/** A bounded buffer had no room, and its policy was to refuse (or the wait for room ran out). */
export class BufferFullError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "BufferFullError";
  }
  /** How many events the buffer holds. */
  readonly capacity: number;

  /** Names the buffer and its capacity; `waitedMs` when the caller waited in vain. */
  constructor(what: string, capacity: number, waitedMs?: number, item = "an event") {
    super(
      "buffer-full",
      waitedMs === undefined
        ? `Cannot add ${item} to ${what} as its buffer of ${capacity} is full`
        : `Cannot add ${item} to ${what} as its buffer of ${capacity} stayed full for ${waitedMs} ms`,
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
  /** @ignore */
  override get name(): string {
    return "ValidationError";
  }
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
  /** @ignore */
  override get name(): string {
    return "ListenerError";
  }
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
  /** @ignore */
  override get name(): string {
    return "TerminalError";
  }
  /** Says why. */
  constructor(message: string, options?: NovaErrorOptions) {
    super("terminal", message, options);
  }
}

/** A circuit breaker lets nothing through: what it guards has failed too often of late. */
export class CircuitOpenError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "CircuitOpenError";
  }
  /** The breaker. */
  readonly circuit: string;
  /** In how many milliseconds it lets an attempt through again; 0 when one is under way. */
  readonly retryAfterMs: number;

  /** Names the breaker and says when to come back. */
  constructor(circuit: string, retryAfterMs: number, options?: NovaErrorOptions) {
    super(
      "circuit-open",
      `Cannot call "${circuit}" as its circuit is open: try again in ${Math.ceil(retryAfterMs)} ms`,
      { ...options, retryable: true },
    );
    this.circuit = circuit;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An attempt took longer than it may. What it started may still be running. */
export class TimeoutError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "TimeoutError";
  }
  /** How long it was given. */
  readonly timeoutMs: number;

  /** Names what was slow and its limit. */
  constructor(what: string, timeoutMs: number) {
    super("timeout", `Gave up on ${what} as it took longer than ${timeoutMs} ms`, {
      retryable: true,
    });
    this.timeoutMs = timeoutMs;
  }
}

/** A listener of this name is registered already. */
export class ListenerExistsError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "ListenerExistsError";
  }
  /** The name of the listener. */
  readonly listener: string;

  /** Names the listener. */
  constructor(listener: string) {
    super(
      "listener-exists",
      `Cannot register listener "${listener}" again: unregister it first, or choose another name`,
    );
    this.listener = listener;
  }
}

/** Something is shared by several, and this one wants it otherwise than the others. */
export class ConfigMismatchError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "ConfigMismatchError";
  }
  /** The first option that differs. */
  readonly option: string;

  /** Names what is shared and the first option that differs. */
  constructor(what: string, option: string) {
    super("config-mismatch", `Cannot join ${what} as its option "${option}" differs`);
    this.option = option;
  }
}

/** A configured limit would be passed; nothing of the call was carried out. */
export class LimitExceededError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "LimitExceededError";
  }
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
  /** @ignore */
  override get name(): string {
    return "TopicNotFoundError";
  }
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
  /** @ignore */
  override get name(): string {
    return "TopicExistsError";
  }
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
  /** @ignore */
  override get name(): string {
    return "VersionConflictError";
  }
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

/** A thread ended with this task in it, so that nobody can say what became of it. */
export class WorkerLostError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "WorkerLostError";
  }
  /** The name of the task. */
  readonly task: string;
  /** Whether the thread had started it: what it does outside of its thread may have happened. */
  readonly started: boolean;

  /** Names the task and says how its thread ended; the `cause` is what the runtime told, if it did. */
  constructor(task: string, started: boolean, ending: string, options?: NovaErrorOptions) {
    super("worker-lost", `Cannot finish task "${task}" as ${ending}`, {
      ...options,
      retryable: true,
    });
    this.task = task;
    this.started = started;
  }
}

/** What was thrown, in a few words, whatever it is: listeners may throw `undefined` or a hostile proxy. */
function describe(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something that cannot be shown";
  }
}
