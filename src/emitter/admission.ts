/**
 * What stands between a caller of the emitter and its listeners before anything is delivered.
 */

import type { Emitted } from "../event/event.ts";
import { isolate, type Isolation } from "../event/isolation.ts";
import { admitEmitted, makeEmitted, withData } from "../event/make.ts";
import { retain } from "../event/pool.ts";
import { requireSchema, type StandardSchema, validateData } from "../event/schema.ts";
import { requireOptions, requireSignal } from "../internal/check.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import type { EmitOptions } from "./options.ts";

/** Checks events, and makes of them what the schema and the isolation of an emitter want. */
export class Admission {
  /** Whether a made event needs nothing: no schema, no isolation. */
  readonly isPlain: boolean;
  readonly #schemas = new Map<string, StandardSchema>();
  readonly #isolation: Isolation;

  constructor(
    schemas: Readonly<Record<string, StandardSchema | undefined>>,
    isolation: Isolation,
  ) {
    for (const [type, schema] of Object.entries(schemas)) {
      if (schema === undefined) continue;
      requireSchema(type, schema);
      this.#schemas.set(type, schema);
    }
    this.#isolation = isolation;
    this.isPlain = this.#schemas.size === 0 && isolation === "shared";
  }

  /** The event that a call means; a promise if its schema is asynchronous. */
  admit(
    first: unknown,
    second: unknown,
    options: EmitOptions | undefined,
    signal: AbortSignal | undefined,
  ): Emitted | Promise<Emitted> {
    requireSignal(signal);
    const event = typeof first === "string"
      ? makeEmitted(first, second, options?.metadata)
      : admitEmitted(first);
    if (signal?.aborted === true) throw signal.reason;
    const schema = this.#schemas.get(event.type);
    if (schema === undefined) return this.#isolate(event);
    const data = validateData(schema, event.type, event.data);
    if (!isThenable(data)) return this.#isolate(withData(event, data));
    return adopt(data).then((settled) => {
      if (signal?.aborted === true) throw signal.reason;
      return this.#isolate(withData(event, settled));
    });
  }

  #isolate(event: Emitted): Emitted {
    const isolated = this.#isolation === "shared" ? event : isolate(event, this.#isolation);
    retain(isolated);
    return isolated;
  }
}

/** The options of `emit(event, options)` or `emit(type, data, options)`. */
export function optionsOf(
  first: unknown,
  second: unknown,
  third: unknown,
): EmitOptions | undefined {
  const options = typeof first === "string" ? third : second;
  requireOptions("an emit", options);
  return options as EmitOptions | undefined;
}
