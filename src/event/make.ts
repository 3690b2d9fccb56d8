/**
 * Where events are made and checked, once. What passed here carries a brand that cannot be forged:
 * later stages trust the brand and look only at foreign objects.
 */

import { ValidationError } from "../errors.ts";
import { requireOptions, show } from "../internal/check.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { brand, isBranded, plain } from "./brand.ts";
import type { Draft, Emitted, Metadata, NovaEvent } from "./event.ts";
import { copyMetadata, NO_METADATA } from "./metadata.ts";
import { isPooled, requireLease } from "./pool.ts";
import { checkId, checkTimestamp, checkType } from "./validate.ts";

/** Options of {@linkcode createEvent}. */
export interface CreateEventOptions {
  /**
   * The id, when the caller has one (deduplication needs the caller's).
   *
   * @default {a new sortable id}
   */
  readonly id?: string;
  /**
   * Strings about the event.
   *
   * @default {{}}
   */
  readonly metadata?: Metadata;
  /**
   * When it happened, in epoch milliseconds.
   *
   * @default {the time of this turn}
   */
  readonly timestamp?: number;
  /**
   * Where id and time come from.
   *
   * @default {the runtime's clock and randomness}
   */
  readonly env?: Env;
}

/**
 * Makes an event: checked, with an id and a time, ready for emitter, bus and store.
 *
 * `data` is kept as it is, by reference.
 *
 * @throws {ValidationError} If type, id, timestamp or metadata are not what they must be.
 *
 * @example Usage
 * ```ts
 * import { createEvent } from "@nova/events";
 *
 * const placed = createEvent("order.placed", { order: "A-17", total: 42 });
 * console.log(placed.type, placed.data.total); // order.placed 42
 * ```
 */
export function createEvent<const Type extends string, Data>(
  type: Type,
  data: Data,
  options?: CreateEventOptions,
): NovaEvent<Type, Data> {
  checkType(type);
  if (options === undefined) {
    return made(systemEnv.id(), type, data, NO_METADATA, systemEnv.coarse());
  }
  requireOptions("an event", options);
  const { id, metadata, timestamp, env = systemEnv } = options;
  if (id !== undefined) checkId(id);
  if (timestamp !== undefined) checkTimestamp(timestamp);
  return made(id ?? env.id(), type, data, copyMetadata(metadata), timestamp ?? env.coarse());
}

const Made: new (
  id: string,
  type: string,
  data: unknown,
  metadata: Metadata,
  timestamp: number,
) => NovaEvent = plain(
  function (id, type, data, metadata, timestamp) {
    this.id = id;
    this.type = type;
    this.data = data;
    this.metadata = metadata;
    this.timestamp = timestamp;
  },
);

function made<Type extends string, Data>(
  id: string,
  type: Type,
  data: Data,
  metadata: Metadata,
  timestamp: number,
): NovaEvent<Type, Data> {
  const event = new Made(id, type, data, metadata, timestamp);
  brand(event);
  return event as NovaEvent<Type, Data>;
}

/** What an emitter carries for `emit(type, data)`: checked, without id and time. */
export function makeEmitted(type: string, data: unknown, metadata: Metadata | undefined): Emitted {
  checkType(type);
  const event = { type, data, metadata: copyMetadata(metadata) };
  brand(event);
  return event;
}

/** The foreign object read once, field by field, and checked: a getter cannot lie the second time. */
function readForeign(value: unknown): Draft {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Cannot use ${show(value)} as an event: it must be an object`);
  }
  let fields: Draft;
  try {
    const { type, data, metadata, id, timestamp } = value as Draft;
    fields = { type, data, metadata, id, timestamp } as Draft;
  } catch (cause) {
    throw new ValidationError("event", value, "Cannot read the event: reading a field threw", {
      cause,
    });
  }
  checkType(fields.type);
  if (fields.id !== undefined) checkId(fields.id);
  if (fields.timestamp !== undefined) checkTimestamp(fields.timestamp);
  return fields;
}

/** Whether a value was made or admitted here, and so needs no check. */
export function isMade(value: unknown): value is Emitted {
  return typeof value === "object" && value !== null && isBranded(value);
}

/** For an emitter: the event itself if it was made here, else one frozen, checked copy. */
export function admitEmitted(value: unknown): Emitted {
  if (isMade(value)) return value;
  if (typeof value === "object" && value !== null && isPooled(value)) {
    requireLease(value);
    return value as Emitted;
  }
  const { type, data, metadata, id, timestamp } = readForeign(value);
  const event: Record<string, unknown> = { type, data, metadata: copyMetadata(metadata) };
  if (id !== undefined) event.id = id;
  if (timestamp !== undefined) event.timestamp = timestamp;
  brand(event);
  return Object.freeze(event) as unknown as Emitted;
}

/** For a bus or a store: the event itself if it was made here, else a checked and stamped copy. */
export function admitEvent(value: unknown, env: Pick<Env, "id" | "coarse">): NovaEvent {
  if (typeof value === "object" && value !== null && isBranded(value)) {
    const event = value as Draft;
    if (event.id !== undefined && event.timestamp !== undefined) return event as NovaEvent;
  }
  const { type, data, metadata, id, timestamp } = readForeign(value);
  return Object.freeze(
    made(id ?? env.id(), type, data, copyMetadata(metadata), timestamp ?? env.coarse()),
  );
}

/** The same event with other data; the event itself when the data is the same. */
export function withData(event: Emitted, data: unknown): Emitted {
  if (Object.is(event.data, data)) return event;
  const copy = { ...event, data };
  brand(copy);
  return Object.isFrozen(event) ? Object.freeze(copy) : copy;
}
