/**
 * Errors on their way between threads. A structured clone keeps neither the class of an error nor
 * its code; this does, for the classes of Nova and of the language (invariant I9).
 */

import * as errors from "../errors.ts";
import * as busErrors from "../errors/bus.ts";
import * as storeErrors from "../errors/store.ts";

/** An error, or anything else that was thrown, as plain data. */
export interface WireError {
  /** The name of its class; undefined for what is no error. */
  readonly name?: string;
  readonly message: string;
  /** Whose class it is: Nova's, or a `DOMException` such as those of aborting and of cloning. */
  readonly kind?: "nova" | "dom";
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

type Class = { readonly prototype: object };

/** By whose class it is: others have errors of the same names, such as `TimeoutError`. */
const classes: Readonly<Record<"nova" | "language", ReadonlyMap<string, Class>>> = {
  nova: byName([errors, busErrors, storeErrors].flatMap((each) => Object.values<Class>(each))),
  language: byName([EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]),
};

function byName(list: readonly Class[]): ReadonlyMap<string, Class> {
  return new Map(list.map((each) => [(each.prototype as { name: string }).name, each]));
}

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
  if (isDomException(error)) wire.kind = "dom";
  else if (error instanceof errors.NovaError) wire.kind = "nova";
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

/**
 * Puts an error together again: of its class where that is known, else an `Error` of its name. It
 * does not throw, whatever came over the wire.
 */
export function fromWire(wire: WireError): unknown {
  try {
    return assembled(wire);
  } catch {
    return new Error("an error that cannot be read came from a thread");
  }
}

function assembled(wire: WireError): unknown {
  const { name, message, stack, cause, fields } = wire;
  if (name === undefined) return "thrown" in wire ? wire.thrown : message;
  const options = cause === undefined ? undefined : { cause: fromWire(cause) };
  const error = wire.errors !== undefined
    ? new AggregateError(wire.errors.map(fromWire), message, options)
    : wire.kind === "dom"
    ? new DOMException(message, name)
    : new Error(message, options);
  const known = wire.kind === "dom"
    ? undefined
    : classes[wire.kind === "nova" ? "nova" : "language"].get(name);
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
