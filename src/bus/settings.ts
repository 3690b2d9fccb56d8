/**
 * Topic options, checked and total: a partial literal is merged over the bus's defaults and those
 * over Nova's.
 */

import {
  durationOption,
  integerOption,
  requireFunction,
  requireOptions,
  requireSignal,
  stringOption,
  wordOption,
} from "../internal/check.ts";
import { type Isolation, ISOLATIONS } from "../event/isolation.ts";
import { DEFAULT_RETRY, type Retry, totalRetry } from "../listener/backoff.ts";
import { DEFAULT_WAIT_MS } from "../queue/overflow.ts";
import type { ConsumeOptions } from "./subscription_api.ts";
import type {
  DedupeOptions,
  DeliveryMode,
  From,
  Key,
  OnFailure,
  OnGap,
  OnLag,
  SubscribeOptions,
  TopicOptions,
} from "./api.ts";

/** Topic options of any event map. */
export type AnyTopicOptions = Omit<TopicOptions, "key" | "dedupe"> & {
  readonly key?: (event: never) => Key;
  readonly dedupe?:
    | false
    | (Omit<DedupeOptions, "key"> & { readonly key?: (event: never) => string });
};

/** What a topic runs with. */
export interface TopicSettings {
  readonly partitions: number;
  readonly key: ((event: never) => Key) | undefined;
  readonly bufferSize: number;
  readonly overflow: "wait" | "reject" | "drop-newest";
  readonly waitMs: number;
  readonly isolation: Isolation;
  readonly maxConcurrency: number;
  readonly retry: Retry;
  readonly delivery: DeliveryMode;
  readonly onFailure: OnFailure;
  readonly deadlineMs: number;
  readonly abandonMs: number;
  readonly maxHeld: number;
  /** How many handled events are kept; 0 for no retention. */
  readonly retained: number;
  readonly retainedMs: number;
  readonly deadLetters: number;
  readonly dedupe: DedupeSettings | undefined;
}

/** How events that come again are recognised. */
export interface DedupeSettings {
  readonly key: ((event: never) => string) | undefined;
  readonly windowMs: number;
  readonly maxIds: number;
}

/** How many events are kept if only their age is limited. */
const MOST_RETAINED = 100_000;

const ON_LAG: readonly OnLag[] = ["backpressure", "drop-oldest", "spill", "close"];

const DELIVERIES: readonly DeliveryMode[] = ["at-most-once", "at-least-once", "exactly-once"];
const ON_FAILURE: readonly OnFailure[] = ["skip", "park-key", "hold"];

/** Checks options and fills in what is missing. */
export function totalSettings(
  options: AnyTopicOptions,
  defaults: AnyTopicOptions = {},
): TopicSettings {
  requireOptions("a topic's retry", options.retry);
  requireOptions("a topic's deadLetter", options.deadLetter);
  requireOptions("a topic's retention", options.retention);
  const given = { ...defaults, ...withoutUndefined(options) };
  if (given.key !== undefined) requireFunction("key", given.key);
  const delivery = wordOption("delivery", given.delivery, DELIVERIES, "at-least-once");
  const bufferSize = integerOption("bufferSize", given.bufferSize, 1000);
  const deadlineMs = timeOption("deadlineMs", given.deadlineMs, 30_000);
  return {
    partitions: integerOption("partitions", given.partitions, 1),
    key: given.key,
    bufferSize,
    overflow: wordOption("overflow", given.overflow, ["wait", "reject", "drop-newest"], "wait"),
    waitMs: durationOption("waitMs", given.waitMs, DEFAULT_WAIT_MS),
    isolation: wordOption("isolation", given.isolation, ISOLATIONS, "shared"),
    maxConcurrency: integerOption("maxConcurrency", given.maxConcurrency, 1),
    retry: totalRetry(options.retry, totalRetry(defaults.retry, DEFAULT_RETRY)),
    delivery,
    onFailure: wordOption("onFailure", given.onFailure, ON_FAILURE, "skip"),
    deadlineMs,
    abandonMs: durationOption("abandonMs", given.abandonMs, deadlineMs),
    maxHeld: integerOption("maxHeld", given.maxHeld, bufferSize),
    ...retentionOptions(given.retention),
    deadLetters: integerOption(
      "deadLetter.maxEvents",
      options.deadLetter?.maxEvents,
      defaults.deadLetter?.maxEvents ?? 10_000,
    ),
    dedupe: dedupeSettings(delivery, options.dedupe, defaults.dedupe),
  };
}

/** Off unless it is given or needed; a topic's own options are merged over the defaults. */
function dedupeSettings(
  delivery: DeliveryMode,
  options: AnyTopicOptions["dedupe"],
  defaults: AnyTopicOptions["dedupe"],
): DedupeSettings | undefined {
  for (const given of [options, defaults]) {
    if (given !== false) requireOptions("a topic's dedupe", given);
  }
  if (delivery === "exactly-once") {
    if (options === false) {
      throw new RangeError(`Cannot use false as "dedupe" of a topic that delivers exactly once`);
    }
  } else if ((options ?? defaults ?? false) === false) return undefined;
  const { key, windowMs, maxIds } = { ...(defaults || {}), ...withoutUndefined(options || {}) };
  if (key !== undefined) requireFunction("dedupe.key", key);
  const window = durationOption("dedupe.windowMs", windowMs, 10 * 60_000);
  if (window === 0) throw new RangeError(`Cannot use 0 as "dedupe.windowMs": it must be more`);
  return { key, windowMs: window, maxIds: integerOption("dedupe.maxIds", maxIds, 100_000) };
}

/** Checks the options of a subscription; what is missing comes from its topic. */
export function checkSubscribeOptions(
  options: SubscribeOptions,
  topic: Inherited = DEFAULTS,
): Inherited & Reading {
  requireOptions("a subscription's retry", options.retry);
  requireSignal(options.signal);
  if (options.id !== undefined) stringOption("id", options.id, "");
  if (options.group !== undefined) stringOption("group", options.group, "");
  // A deadline of its own brings as long a time to be given up after.
  const { deadlineMs, abandonMs = deadlineMs ?? topic.abandonMs } = options;
  return {
    from: fromOption(options.from),
    onLag: onLagOption(options, topic.delivery),
    onGap: wordOption("onGap", options.onGap, ["error", "marker"], "error"),
    maxConcurrency: integerOption("maxConcurrency", options.maxConcurrency, topic.maxConcurrency),
    delivery: topic.delivery,
    retry: totalRetry(options.retry, topic.retry),
    onFailure: wordOption("onFailure", options.onFailure, ON_FAILURE, topic.onFailure),
    deadlineMs: timeOption("deadlineMs", deadlineMs, topic.deadlineMs),
    abandonMs: durationOption("abandonMs", abandonMs, topic.abandonMs),
  };
}

/** Checks the options of a consumer; what is missing comes from its topic. */
export function checkConsumeOptions(
  options: ConsumeOptions,
  topic: Inherited = DEFAULTS,
): Inherited & Reading & { readonly leases: true; readonly type: undefined } {
  const { prefetch, ackWaitMs, ...others } = options;
  return {
    ...checkSubscribeOptions(others, topic),
    maxConcurrency: integerOption("prefetch", prefetch, 10),
    deadlineMs: timeOption("ackWaitMs", ackWaitMs, 30_000),
    abandonMs: 0,
    leases: true,
    type: undefined,
  };
}

/** Where a subscription begins, and what becomes of it when it cannot keep up. */
export interface Reading {
  readonly from: From;
  readonly onLag: OnLag;
  readonly onGap: OnGap;
}

function fromOption(from: From | undefined): From {
  if (from instanceof Date) {
    if (Number.isNaN(from.getTime())) throw new RangeError('Cannot use an invalid date as "from"');
    return new Date(from);
  }
  if (typeof from === "number") return integerOption("from", from, 1);
  return wordOption<"latest" | "earliest">("from", from, ["latest", "earliest"], "latest");
}

function onLagOption({ onLag, lossy }: SubscribeOptions, delivery: DeliveryMode): OnLag {
  const isLossy = delivery === "at-most-once";
  const total = wordOption("onLag", onLag, ON_LAG, isLossy ? "drop-oldest" : "backpressure");
  if (total === "drop-oldest" && !isLossy && lossy !== true) {
    throw new RangeError(
      'Cannot use "drop-oldest" as "onLag" as it loses events that are to be delivered at least ' +
        'once: say "lossy: true" if they may be lost',
    );
  }
  return total;
}

/** What is kept for those who come later: by number a lot, by age for ever, if only the other is given. */
function retentionOptions(
  retention: AnyTopicOptions["retention"],
): Pick<TopicSettings, "retained" | "retainedMs"> {
  if (retention === undefined) return { retained: 0, retainedMs: Infinity };
  const { maxEvents, maxAgeMs } = retention;
  return {
    retained: integerOption("retention.maxEvents", maxEvents, MOST_RETAINED),
    retainedMs: durationOption("retention.maxAgeMs", maxAgeMs, Infinity),
  };
}

/** What a subscription takes from its topic unless it says otherwise. */
type Inherited = Pick<
  TopicSettings,
  "maxConcurrency" | "delivery" | "retry" | "onFailure" | "deadlineMs" | "abandonMs"
>;

const DEFAULTS: Inherited = totalSettings({});

/** A duration that is not zero: an attempt of no time would be over at once. */
function timeOption(name: string, value: number | undefined, fallback: number): number {
  const total = durationOption(name, value, fallback);
  if (total === 0) {
    throw new RangeError(`Cannot use 0 as "${name}": every attempt would be over at once`);
  }
  return total;
}

/** The first option in which two settings differ: plain options by value, functions by identity. */
export function firstDifference<Settings extends object>(
  a: Settings,
  b: Settings,
): string | undefined {
  for (const name of Object.keys(a) as (keyof Settings & string)[]) {
    if (!isSame(a[name], b[name])) return NAMES[name] ?? name;
  }
  return undefined;
}

/** Settings that are called otherwise where they are given. */
const NAMES: Readonly<Record<string, string>> = {
  deadLetters: "deadLetter.maxEvents",
  retained: "retention.maxEvents",
  retainedMs: "retention.maxAgeMs",
};

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  const fields = Object.entries(b as object);
  return fields.every(([key, value]) => (a as Record<string, unknown>)[key] === value);
}

/** What topics take for options they do not give: checked, and the caller cannot change it any more. */
export function defaultsOf(options: AnyTopicOptions = {}): AnyTopicOptions {
  requireOptions("the topics of a bus", options);
  totalSettings(options);
  const { retry, deadLetter, retention, dedupe } = options;
  return {
    ...options,
    ...(retry === undefined ? {} : { retry: { ...retry } }),
    ...(deadLetter === undefined ? {} : { deadLetter: { ...deadLetter } }),
    ...(retention === undefined ? {} : { retention: { ...retention } }),
    ...(typeof dedupe === "object" ? { dedupe: { ...dedupe } } : {}),
  };
}

function withoutUndefined<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Options>;
}
