/**
 * Errors on their way between threads. A structured clone keeps neither the class of an error nor
 * its code; this does, for the classes of Nova and of the language (invariant I9).
 */

import * as errors from "../errors.ts";

/** An error, or anything else that was thrown, as plain data. */
export interface WireError {
  /** The name of its class; undefined for what is no error. */
  readonly name?: string;
  readonly message: string;
  /** Whether it is a `DOMException`, such as those of aborting and of cloning. */
  readonly dom?: boolean;
  readonly stack?: string | undefined;
  readonly cause?: WireError;
  /** The errors of an `AggregateError`. */
  readonly errors?: readonly WireError[];
  /** Its own fields, as far as they can be cloned: `code`, `retryable` and the like. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** What was thrown, if it is no error and can be cloned. */
  readonly thrown?: unknown;
}

/** A chain of causes may be a circle. */
const MOST_CAUSES = 8;
const OWN_FIELDS: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);

const classes: ReadonlyMap<string, { readonly prototype: object }> = new Map(
  [
    ...Object.values(errors),
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
  ].map((each) => [(each.prototype as { name: string }).name, each]),
);

/** Takes an error apart. It does not throw, whatever it is given. */
export function toWire(thrown: unknown, depth = 0): WireError {
  try {
    if (isError(thrown)) return errorToWire(thrown, depth);
    const cloned = clone(thrown);
    return cloned === undefined
      ? { message: String(thrown) }
      : { message: String(thrown), thrown: cloned[0] };
  } catch {
    return { name: "Error", message: "something that cannot be shown was thrown" };
  }
}

function errorToWire(error: Error, depth: number): WireError {
  const { name, message, stack } = error;
  const wire: { -readonly [Key in keyof WireError]: WireError[Key] } = {
    name: String(name),
    message: String(message),
    stack: typeof stack === "string" ? stack : undefined,
  };
  if (isDomException(error)) wire.dom = true;
  if (depth < MOST_CAUSES) {
    if ("cause" in error) wire.cause = toWire(error.cause, depth + 1);
    if (error instanceof AggregateError) {
      wire.errors = error.errors.map((each: unknown) => toWire(each, depth + 1));
    }
  }
  const fields: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    const cloned = OWN_FIELDS.has(key) ? undefined : clone(Reflect.get(error, key));
    if (cloned !== undefined) fields[key] = cloned[0];
  }
  if (Object.keys(fields).length > 0) wire.fields = fields;
  return wire;
}

/** Puts an error together again: of its class where that is known, else an `Error` of its name. */
export function fromWire(wire: WireError): unknown {
  const { name, message, stack, cause, fields } = wire;
  if (name === undefined) return "thrown" in wire ? wire.thrown : message;
  const options = cause === undefined ? undefined : { cause: fromWire(cause) };
  const error = wire.errors !== undefined
    ? new AggregateError(wire.errors.map(fromWire), message, options)
    : wire.dom === true
    ? new DOMException(message, name)
    : new Error(message, options);
  // A DOMException may be called as a class of ours is.
  const known = wire.dom === true ? undefined : classes.get(name);
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype);
  else if (error.name !== name) define(error, "name", name);
  // Where it was thrown, not where it was put together.
  if (stack !== undefined) define(error, "stack", stack);
  for (const [key, value] of Object.entries(fields ?? {})) {
    define(error, key, value, true);
  }
  return error;
}

function define(error: object, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
}

/** A `DOMException` is no `Error` by its class on every runtime. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || isDomException(thrown);
}

function isDomException(thrown: unknown): thrown is DOMException {
  return typeof DOMException === "function" && thrown instanceof DOMException;
}

/** The clone in a list of one, or undefined when there is none. */
function clone(value: unknown): readonly [unknown] | undefined {
  try {
    return [structuredClone(value)];
  } catch {
    return undefined;
  }
}
