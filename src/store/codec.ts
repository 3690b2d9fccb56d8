/**
 * How data becomes text or bytes, for engines that cannot keep a reference.
 */

import { CorruptError, EncodeError } from "../errors/store.ts";
import { show } from "../internal/check.ts";
import type { Awaitable } from "./driver.ts";

/** Turns data into text or bytes and back, at once or later. What it cannot keep, it must refuse. */
export interface Codec {
  /** Written beside the data; a store reads only what its own codec wrote. */
  readonly name: string;
  /** Throws {@linkcode EncodeError} for what `decode` would not give back. */
  encode(data: unknown): Awaitable<string | Uint8Array>;
  /** The data again. */
  decode(body: string | Uint8Array): unknown;
}

/** A codec that answers at once. */
export interface SyncCodec extends Codec {
  /** As that of {@linkcode Codec}, at once. */
  encode(data: unknown): string | Uint8Array;
}

/** Deeper data is refused; a cycle is endlessly deep. */
const DEEPEST = 500;

/**
 * JSON that changes nothing silently: it refuses NaN and infinities, BigInt, functions, symbols, holes
 * and `undefined` in arrays, anything with a `toJSON`, and objects of a class (Date, Map, typed arrays).
 *
 * Two things are not kept: a property that is `undefined` is left out, and -0 is 0. Data that is
 * `undefined` as a whole is kept.
 */
export const strictJson: SyncCodec = {
  name: "json",
  encode(data) {
    if (data === undefined) return "";
    const problem = examine(data, 0);
    if (problem !== undefined) throw new EncodeError(problem.path, problem.why);
    try {
      return JSON.stringify(data);
    } catch (cause) {
      throw new EncodeError([], "JSON.stringify refused it", { cause });
    }
  },
  decode(body) {
    if (body === "") return undefined;
    try {
      return JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body));
    } catch (cause) {
      throw new CorruptError("Cannot decode data: it is no JSON", { cause });
    }
  },
};

interface Problem {
  readonly path: PropertyKey[];
  readonly why: string;
}

function examine(value: unknown, depth: number): Problem | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : problem(`${value} is no number of JSON`);
    case "object":
      if (value === null) return undefined;
      try {
        return examineObject(value, depth);
      } catch (error) {
        return problem(
          `reading it threw ${error instanceof Error ? show(error.message) : "something"}`,
        );
      }
    default:
      return problem(`${typeof value} has no form in JSON`);
  }
}

function examineObject(value: object, depth: number): Problem | undefined {
  if (depth >= DEEPEST) {
    return problem(`it nests deeper than ${DEEPEST} levels, or contains itself`);
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    return problem("it has a toJSON, which would stand in for it");
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = examine(value[i], depth + 1);
      if (found !== undefined) return within(i, found);
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // Plain here or in another realm: its prototype is the end of its chain.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return problem(`it is a ${nameOf(prototype)}, which JSON would turn into a plain object`);
  }
  for (const key of Object.keys(value)) {
    const item: unknown = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    const found = examine(item, depth + 1);
    if (found !== undefined) return within(key, found);
  }
  return undefined;
}

function nameOf(prototype: unknown): string {
  const { constructor } = prototype as { constructor?: unknown };
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "class";
}

function problem(why: string): Problem {
  return { path: [], why };
}

function within(key: PropertyKey, found: Problem): Problem {
  found.path.unshift(key);
  return found;
}
