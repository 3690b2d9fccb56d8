/**
 * Findings from figures: each rule is asked about each part.
 */

import { integerOption, requireOptions, show } from "../internal/check.ts";
import { cores } from "../internal/cores.ts";
import { DELIVERY_RULES } from "./delivery_rules.ts";
import {
  circuitOpen,
  deadLetters,
  failureRate,
  listenerRetries,
  outcomesOf,
  subscriptionRetries,
} from "./failure_rules.ts";
import type { Sample } from "./figures.ts";
import { type Finding, SEVERITIES, type Thresholds } from "./finding.ts";
import {
  dedupeFilling,
  fewKeys,
  hotPartition,
  keySkew,
  noSubscriber,
  slowHandler,
  slowListener,
  slowSubscription,
  unheardEvents,
} from "./load_rules.ts";
import { bufferFull, bufferUndersized, lagGrowing, queueBackup } from "./queue_rules.ts";
import { queuesOf } from "./queues.ts";
import {
  cpuSaturation,
  lostThreads,
  memoryGrowth,
  noRetention,
  tooManyWorkers,
} from "./resource_rules.ts";
import { type Trails, trailsOf } from "./trails.ts";

/** Options of {@linkcode advise}. */
export type AdviceOptions = Partial<Thresholds>;

/**
 * Turns figures into findings, worst first; none when all is well.
 *
 * Counters are compared between the first and the last sample, so that old trouble is forgotten. With
 * one sample they count since the start, and rules that need a rate or a trend stay silent.
 *
 * @param samples Figures of the same parts at several moments, oldest first.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { advise } from "@nova/events/tuning";
 *
 * const emitter = new Emitter({ bufferSize: 10 });
 * emitter.on("order.placed", () => {});
 * for (let i = 0; i < 9; i++) emitter.tryEnqueue("order.placed", i);
 *
 * const [finding] = advise([{ at: 0, emitter: { orders: emitter.stats() } }]);
 * console.log(finding?.part, finding?.symptom); // emitter "orders" High latency
 * console.log(finding?.evidence); // 9 of 10 places are taken (90 %)
 * console.log(finding?.config); // new Emitter({ bufferSize: 20 })
 * ```
 *
 * @throws {TypeError} If the samples are no array with something in it.
 * @throws {RangeError} If a threshold makes no sense.
 */
export function advise(samples: readonly Sample[], options: AdviceOptions = {}): Finding[] {
  if (!Array.isArray(samples) || samples.length === 0) {
    throw new TypeError(`Cannot advise on ${show(samples)}: it must be an array of samples`);
  }
  const thresholds = totalThresholds(options);
  const trails = trailsOf(samples);
  const findings = [
    ...aboutRuntime(trails),
    ...aboutQueues(trails, thresholds),
    ...trails.emitters.map(unheardEvents),
    ...aboutTopics(trails, thresholds),
    ...trails.deadLetters.map(deadLetters),
    ...aboutListeners(trails),
    ...trails.stores.map(noRetention),
    ...aboutPools(trails, thresholds),
    ...outcomesOf(trails).map((outcomes) => failureRate(outcomes, thresholds.failureRate)),
  ];
  return findings.filter((finding) => finding !== undefined).toSorted(worstFirst);
}

function worstFirst(a: Finding, b: Finding): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
}

/** Checks thresholds and fills in what is missing. */
export function totalThresholds(options: AdviceOptions): Thresholds {
  requireOptions("advice", options);
  return {
    cores: integerOption("cores", options.cores, cores()),
    queueShare: shareOption("queueShare", options.queueShare, 0.8),
    failureRate: shareOption("failureRate", options.failureRate, 0.01),
  };
}

function shareOption(name: string, share: number | undefined, fallback: number): number {
  if (share === undefined) return fallback;
  if (typeof share !== "number" || !(share >= 0 && share < 1)) {
    throw new RangeError(`Cannot use ${show(share)} as "${name}": it must be at least 0, below 1`);
  }
  return share;
}

/** What rules answer. */
type Answers = (Finding | undefined)[];

function aboutRuntime({ window }: Trails): Answers {
  return [cpuSaturation(window), memoryGrowth(window)];
}

function aboutQueues(trails: Trails, { cores, queueShare }: Thresholds): Answers {
  return queuesOf(trails, cores).flatMap((queue) => [
    bufferFull(queue),
    queueBackup(queue, queueShare),
    lagGrowing(queue, queueShare),
    bufferUndersized(queue),
  ]);
}

function aboutTopics({ topics }: Trails, { queueShare }: Thresholds): Answers {
  return topics.flatMap(({ topic, subscriptions }) => [
    dedupeFilling(topic, queueShare),
    noSubscriber(topic),
    hotPartition(topic),
    fewKeys(topic),
    ...subscriptions.flatMap((subscription) => [
      slowHandler(topic, subscription),
      slowSubscription(topic, subscription),
      keySkew(topic, subscription),
      subscriptionRetries(topic, subscription),
      ...DELIVERY_RULES.map((rule) => rule(topic, subscription)),
    ]),
  ]);
}

function aboutListeners({ listeners }: Trails): Answers {
  return listeners.flatMap((listener) => [
    circuitOpen(listener),
    listenerRetries(listener),
    slowListener(listener),
  ]);
}

function aboutPools({ pools, window }: Trails, { cores }: Thresholds): Answers {
  return pools.flatMap((pool) => [tooManyWorkers(pool, window, cores), lostThreads(pool)]);
}
