/**
 * What stands between a caller of the emitter and its listeners before anything is delivered.
 */

import { ValidationError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import { isolate, type Isolation } from "../event/isolation.ts";
import { admitEmitted, makeEmitted, withData } from "../event/make.ts";
import { letGo, retain } from "../event/pool.ts";
import { requireSchema, type StandardSchema, validateData } from "../event/schema.ts";
import { checkType } from "../event/validate.ts";
import { requireOptions, requireSignal, show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import type { EmitOptions } from "./options.ts";

/** Checks events, and makes of them what the schema and the isolation of an emitter want. */
export class Admission {
  /** Whether a made event needs nothing: no schema, no isolation. */
  readonly isPlain: boolean;
  /** Events that were not valid. */
  invalid = 0;
  readonly #schemas = new Map<string, StandardSchema>();
  readonly #isolation: Isolation;
  readonly #env: Env;
  /** What sends those away whose schemas have not settled. */
  readonly #validating = new Set<(reason: unknown) => void>();

  constructor(schemas: unknown, isolation: Isolation, env: Env) {
    if (typeof schemas !== "object" || schemas === null) {
      throw new TypeError(
        `Cannot use ${show(schemas)} as "schema": it must be an object of schemas by event type`,
      );
    }
    for (const [type, schema] of Object.entries(schemas)) {
      if (schema === undefined) continue;
      checkType(type);
      requireSchema(type, schema);
      this.#schemas.set(type, schema);
    }
    this.#isolation = isolation;
    this.#env = env;
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
    try {
      return this.#admit(first, second, options, signal);
    } catch (error) {
      if (error instanceof ValidationError) this.invalid += 1;
      throw error;
    }
  }

  #admit(
    first: unknown,
    second: unknown,
    options: EmitOptions | undefined,
    signal: AbortSignal | undefined,
  ): Emitted | Promise<Emitted> {
    const event = typeof first === "string"
      ? makeEmitted(first, second, options?.metadata)
      : admitEmitted(first);
    if (signal?.aborted === true) throw signal.reason;
    const schema = this.#schemas.get(event.type);
    if (schema === undefined) return this.#isolate(event);
    const data = validateData(schema, event.type, event.data);
    return data instanceof Promise
      ? this.#validated(event, data, signal)
      : this.#isolate(withData(event, data));
  }

  /** Sends everybody away whose schema has not settled. */
  refuseAll(reason: unknown): void {
    for (const refuse of this.#validating) refuse(reason);
  }

  #validated(
    event: Emitted,
    data: Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<Emitted> {
    retain(event);
    return new Promise((resolve, reject) => {
      let aborting: Disposable | undefined;
      /** Whether this was the first end of the waiting: a schema may settle when nobody waits. */
      const ends = (): boolean => {
        if (!this.#validating.delete(refuse)) return false;
        aborting?.[Symbol.dispose]();
        letGo(event);
        return true;
      };
      const refuse = (reason: unknown): void => {
        if (ends()) reject(reason);
      };
      this.#validating.add(refuse);
      if (signal !== undefined) {
        aborting = this.#env.onAbort(signal, () => refuse(signal.reason));
      }
      data.then((settled) => {
        if (!ends()) return;
        try {
          resolve(this.#isolate(withData(event, settled)));
        } catch (error) {
          this.invalid += 1;
          reject(error);
        }
      }, (error) => {
        if (!ends()) return;
        this.invalid += 1;
        reject(error);
      });
    });
  }

  /** The event that a middleware goes on with; its data is not validated again. */
  replace(event: unknown): Emitted {
    return this.#isolate(admitEmitted(event));
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
