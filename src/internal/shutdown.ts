/**
 * Closes the parts of a program in the order in which events flow through them.
 */

import { show } from "./check.ts";
import { CLOSE_LIMIT_MS, type CloseOptions } from "./closing.ts";
import { type Env, systemEnv } from "./env.ts";

/** Anything that can be closed: an emitter, a bus, a store, a pool; or stopped: a listener manager. */
export type ShutdownPart =
  | { close(options?: CloseOptions): Promise<unknown> }
  | { stop(options?: CloseOptions): Promise<unknown> };

/** The parts of a program. Each value may be an array. */
export interface ShutdownParts {
  /** Closed first: nothing new comes in. */
  readonly emitter?: ShutdownPart | readonly ShutdownPart[];
  /** Closed second. */
  readonly bus?: ShutdownPart | readonly ShutdownPart[];
  /** Stopped third: by now nothing calls them. */
  readonly listeners?: ShutdownPart | readonly ShutdownPart[];
  /** Closed fourth: listeners may have written to the very end. */
  readonly store?: ShutdownPart | readonly ShutdownPart[];
  /** Closed last. */
  readonly pool?: ShutdownPart | readonly ShutdownPart[];
}

/** Options of {@linkcode shutdown}. */
export interface ShutdownOptions extends CloseOptions {
  /**
   * The world around it.
   *
   * @default {the real one}
   */
  readonly env?: Env;
}

const ORDER = ["emitter", "bus", "listeners", "store", "pool"] as const;

/**
 * Closes emitters, buses, listeners, stores and pools, in that order, whatever the order of the
 * record. Parts of one kind close together. All of them close even if one fails; then it rejects with
 * that failure, or with an `AggregateError` of several.
 *
 * The signal, or 30 s for the whole, ends the waiting of every part. Resolves to what each part said.
 *
 * @example Usage
 * ```ts
 * import { Bus, Emitter, MemoryStore, shutdown } from "@nova/events";
 *
 * const emitter = new Emitter();
 * const store = new MemoryStore();
 * const { bus } = await shutdown({ emitter, bus: new Bus(), store });
 * console.log(bus); // [ { completed: 0, left: 0 } ]
 * ```
 *
 * @throws {TypeError} If a key is none of these or a part cannot be closed; nothing is closed then.
 */
export function shutdown<Parts extends ShutdownParts>(
  parts: Parts,
  options: ShutdownOptions = {},
): Promise<{ [Key in keyof Parts]: unknown[] }> {
  try {
    const closers = ORDER.map((kind) => [kind, closersOf(parts, kind)] as const);
    const unknown = Object.keys(parts).find((key) => !(ORDER as readonly string[]).includes(key));
    if (unknown !== undefined) {
      throw new TypeError(
        `Cannot shut down ${show(unknown)}: the kinds of parts are ${ORDER.join(", ")}`,
      );
    }
    return closeAll(closers, options) as Promise<{ [Key in keyof Parts]: unknown[] }>;
  } catch (error) {
    return Promise.reject(error);
  }
}

type Closer = (options: CloseOptions) => Promise<unknown>;

function closersOf(parts: ShutdownParts, kind: typeof ORDER[number]): Closer[] {
  const given = parts[kind];
  const all: readonly unknown[] = given === undefined ? [] : Array.isArray(given) ? given : [given];
  return all.map((part) => {
    const { close, stop } = (part ?? {}) as { close?: Closer; stop?: Closer };
    const how = close ?? stop;
    if (typeof how !== "function") {
      throw new TypeError(
        `Cannot shut down ${show(part)} as "${kind}": it has no close() or stop()`,
      );
    }
    return (options) => how.call(part, options);
  });
}

async function closeAll(
  kinds: readonly (readonly [string, readonly Closer[]])[],
  { signal, env = systemEnv }: ShutdownOptions,
): Promise<Record<string, unknown[]>> {
  const limit = new AbortController();
  const timer = signal === undefined
    ? env.setTimer(() => limit.abort(), CLOSE_LIMIT_MS)
    : undefined;
  const results: Record<string, unknown[]> = {};
  const failures: unknown[] = [];
  for (const [kind, closers] of kinds) {
    if (closers.length === 0) continue;
    const settled = await Promise.allSettled(
      // A part that throws instead of rejecting must not keep the others open.
      closers.map(async (close) => await close({ signal: signal ?? limit.signal })),
    );
    results[kind] = settled.map((each) => each.status === "fulfilled" ? each.value : undefined);
    for (const each of settled) if (each.status === "rejected") failures.push(each.reason);
  }
  timer?.[Symbol.dispose]();
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) {
    throw new AggregateError(failures, `${failures.length} parts failed to close`);
  }
  return results;
}
