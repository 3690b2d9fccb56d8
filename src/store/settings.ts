/**
 * The options of a store, checked once, and the checks its calls share.
 */

import { ValidationError } from "../errors.ts";
import { checkName } from "../event/validate.ts";
import {
  durationOption,
  integerOption,
  requireOptions,
  show,
  wordOption,
} from "../internal/check.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import type { ReadOptions, StoreOptions, Upcaster } from "./api.ts";
import { type Codec, strictJson } from "./codec.ts";
import type { RetentionSettings } from "./retention.ts";

/** The most events of a page unless a call says otherwise. */
export const DEFAULT_LIMIT = 1000;
/** Enough for a producer to try again, at about two megabytes. */
const DEFAULT_ID_WINDOW = 100_000;

/** Checked options, with their defaults. */
export interface Settings {
  readonly name: string;
  readonly env: Env;
  readonly maxStreams: number;
  readonly maxEventsPerStream: number;
  readonly maxEventBytes: number;
  readonly onLimit: "reject" | "drop-oldest";
  readonly retention: RetentionSettings | undefined;
  readonly idWindow: number;
  readonly codec: Codec;
  readonly upcasters: ReadonlyMap<string, Upcaster> | undefined;
  readonly groupMs: number;
}

/** Checks the options of a store. */
export function readSettings(options: StoreOptions): Settings {
  requireOptions("a store", options);
  const { name = "store", env = systemEnv, codec = strictJson, retention, upcasters } = options;
  requireOptions("retention", retention);
  const groupMs = durationOption("groupMs", options.groupMs, 0, false);
  if (groupMs > 1000) throw new RangeError(`Cannot use ${groupMs} as "groupMs": at most 1000`);
  return {
    name,
    env,
    codec,
    groupMs,
    maxStreams: limitOption("maxStreams", options.maxStreams),
    maxEventsPerStream: limitOption("maxEventsPerStream", options.maxEventsPerStream),
    maxEventBytes: limitOption("maxEventBytes", options.maxEventBytes),
    onLimit: wordOption("onLimit", options.onLimit, ["reject", "drop-oldest"], "reject"),
    idWindow: integerOption("idWindow", options.idWindow, DEFAULT_ID_WINDOW, 0),
    upcasters: upcasters && new Map(Object.entries(upcasters)),
    retention: retention && {
      maxAgeMs: durationOption("retention.maxAgeMs", retention.maxAgeMs, Infinity),
      maxEvents: limitOption("retention.maxEvents", retention.maxEvents),
      maxBytes: limitOption("retention.maxBytes", retention.maxBytes),
    },
  };
}

/** An integer of at least 1, or no limit. */
export function limitOption(name: string, value: number | undefined): number {
  return value === Infinity ? value : integerOption(name, value, Infinity);
}

/** Refuses what names no stream. */
export function checkStreamName(stream: unknown): asserts stream is string {
  checkName("stream", stream);
  if (stream.includes("\0")) {
    const message = `Cannot use ${show(stream)} as the name of a stream: it has a NUL`;
    throw new ValidationError("stream", stream, message);
  }
}

/** Refuses what names no checkpoint, lease or projection. */
export function checkKey(field: string, name: unknown): asserts name is string {
  checkName(field, name);
  if (name.includes("\0")) {
    throw new ValidationError(field, name, `Cannot use ${show(name)} as a ${field}: it has a NUL`);
  }
}

/** What a read asks for, checked. */
export function readFilter(options: ReadOptions): {
  readonly types: ReadonlySet<string> | undefined;
  readonly from: number | undefined;
  readonly until: number | undefined;
} {
  const { types } = options;
  if (types !== undefined && !Array.isArray(types)) {
    throw new TypeError(`Cannot use ${show(types)} as "types": they must be an array`);
  }
  types?.forEach((type: unknown) => checkName("type", type));
  return {
    types: types && new Set(types),
    from: timeOption("from", options.from),
    until: timeOption("until", options.until),
  };
}

function timeOption(name: string, value: number | Date | undefined): number | undefined {
  if (value === undefined) return undefined;
  const time = value instanceof Date ? value.getTime() : value;
  if (typeof time === "number" && !Number.isNaN(time)) return time;
  throw new RangeError(`Cannot use ${show(value)} as "${name}": it must be a time`);
}
