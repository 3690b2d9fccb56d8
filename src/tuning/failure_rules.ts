/**
 * Rules about what fails: too often, over and over, for good.
 */

import type {
  EmitterFigures,
  ListenerFigures,
  PoolFigures,
  SubscriptionFigures,
  TopicFigures,
} from "./figures.ts";
import type { Finding } from "./finding.ts";
import type { Trail } from "./trail.ts";
import type { Trails } from "./trails.ts";
import { count, each, literal, percent, quote, rounded } from "./words.ts";

/** Anything whose events succeed or fail. */
export interface Outcomes {
  readonly part: string;
  readonly failed: number;
  readonly all: number;
  /** Where to look. */
  readonly look: string;
}

/** Below this a share says nothing. */
const FEWEST = 20;

/** All outcomes of a window. */
export function outcomesOf({ emitters, topics, listeners, pools }: Trails): Outcomes[] {
  return [
    ...emitters.map(ofEmitter),
    ...topics.flatMap(({ topic, subscriptions }) =>
      subscriptions.map((subscription) => ofSubscription(topic, subscription))
    ),
    ...listeners.map(ofListener),
    ...pools.map(ofPool),
  ];
}

/** High failure rate. */
export function failureRate(
  { part, failed, all, look }: Outcomes,
  most: number,
): Finding | undefined {
  if (all < FEWEST || failed / all <= most) return undefined;
  return {
    rule: "failure-rate",
    severity: failed / all >= 0.1 ? "critical" : "warning",
    part,
    symptom: "High failure rate",
    evidence: `${each(failed)} of ${each(all)} events failed for good (${percent(failed / all)})`,
    cause: "A handler, or what it calls, fails",
    remedy: look,
    config: undefined,
  };
}

/** Many retries of a supervised listener: something behind it is ill. */
export function listenerRetries(listener: Trail<ListenerFigures>): Finding | undefined {
  const retries = listener.gained((figures) => figures.retries);
  const offered = listener.gained((figures) => figures.offered);
  const { circuit } = listener.now;
  if (!tooMany(retries, offered) || circuit === "open" || circuit === "isolated") return undefined;
  return {
    ...manyRetries(`listener ${quote(listener.name)}`, retries, offered),
    remedy: circuit === undefined
      ? "Check circuit breaker config: there is none, so every event pays for the failures"
      : "Check circuit breaker config: the circuit stays closed over all these failures",
    config: `supervise(listener, { name: ${quote(listener.name)}, ` +
      `breaker: { kind: "rate", threshold: 0.5, windowMs: 10_000, minimum: 20 } })`,
  };
}

/** Many retries of a subscription. */
export function subscriptionRetries(
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
): Finding | undefined {
  const retries = subscription.gained((figures) => figures.retries);
  const handled = subscription.gained((figures) => figures.succeeded + figures.deadLettered);
  if (!tooMany(retries, handled)) return undefined;
  return {
    ...manyRetries(partOf(topic, subscription), retries, handled),
    remedy: "Check circuit breaker config: supervise the listener with a breaker, so that the " +
      "topic waits instead of trying",
    config: `topic.subscribe(supervise(listener, { name: ${quote(subscription.name)}, ` +
      `breaker: { kind: "rate", threshold: 0.5, windowMs: 10_000, minimum: 20 } }))`,
  };
}

/** An open circuit: nothing is handled until it closes. */
export function circuitOpen(listener: Trail<ListenerFigures>): Finding | undefined {
  const { circuit, rejected } = listener.now;
  if (circuit !== "open" && circuit !== "isolated") return undefined;
  const retries = listener.gained((figures) => figures.retries);
  const refused = listener.gained((figures) => figures.rejected);
  return {
    rule: "circuit-open",
    severity: "critical",
    part: `listener ${quote(listener.name)}`,
    symptom: retries > 0 ? "Many retries, then none" : "Events are refused",
    evidence: `the circuit is ${circuit}; ${count(refused, "event")} refused ` +
      `(${each(rejected)} in all), ${each(retries)} retries before`,
    cause: circuit === "open" ? "Downstream issues" : "Somebody isolated the circuit",
    remedy: circuit === "open"
      ? "Look at the other side first. Check circuit breaker config: a short cooldownMs finds out " +
        "sooner that it is back"
      : "Close the circuit when the reason is gone",
    config: circuit === "open"
      ? `supervise(listener, { name: ${quote(listener.name)}, ` +
        `breaker: { kind: "consecutive", failures: 5, cooldownMs: 5_000 } })`
      : undefined,
  };
}

/** Dead letters that nobody redrives; when their topic is full, events stay held instead. */
export function deadLetters(letters: Trail<TopicFigures>): Finding | undefined {
  const { queued, bufferSize } = letters.now;
  if (queued === 0) return undefined;
  const topic = letters.name.replace(/\.dlq$/, "");
  const full = queued > bufferSize * 0.8;
  const more = letters.gained(({ accepted }) => accepted);
  return {
    rule: "dead-letters",
    severity: full ? "critical" : more > 0 ? "warning" : "notice",
    part: `topic ${quote(letters.name)}`,
    symptom: "Events are missing",
    evidence: `${count(queued, "dead letter")} of at most ${each(bufferSize)}, ${each(more)} new`,
    cause: "Handlers failed for good",
    remedy: "Read the errors in the letters, mend the handler, then redrive" +
      (full ? ": once the topic is full, failed events hold their keys" : ""),
    config: full
      ? `bus.topic(${quote(topic)}, { deadLetter: { maxEvents: ${
        literal(rounded(bufferSize * 2))
      } } })`
      : `bus.redrive(${quote(topic)}, { limit: 100 })`,
  };
}

function tooMany(retries: number, events: number): boolean {
  return retries >= FEWEST && retries > events * 0.1;
}

function manyRetries(
  part: string,
  retries: number,
  events: number,
): Omit<Finding, "remedy" | "config"> {
  return {
    rule: "many-retries",
    severity: "warning",
    part,
    symptom: "Many retries",
    evidence: `${each(retries)} retries for ${count(events, "event")}`,
    cause: "Downstream issues",
  };
}

function partOf(topic: { readonly name: string }, subscription: { readonly name: string }): string {
  return `subscription ${quote(subscription.name)} of topic ${quote(topic.name)}`;
}

function ofEmitter(emitter: Trail<EmitterFigures>): Outcomes {
  return {
    part: `emitter ${quote(emitter.name)}`,
    failed: emitter.gained(({ failed }) => failed),
    all: emitter.gained(({ succeeded, failed }) => succeeded + failed),
    look: "onError and stats().listeners say which listener it is; supervise it",
  };
}

function ofSubscription(
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
): Outcomes {
  return {
    part: partOf(topic, subscription),
    failed: subscription.gained(({ deadLettered, failed = 0 }) => deadLettered + failed),
    all: subscription.gained(({ succeeded, deadLettered, failed = 0 }) =>
      succeeded + deadLettered + failed
    ),
    look: `The dead letters in ${quote(`${topic.name}.dlq`)} say why`,
  };
}

function ofListener(listener: Trail<ListenerFigures>): Outcomes {
  return {
    part: `listener ${quote(listener.name)}`,
    failed: listener.gained(({ failed, deadLettered }) => failed + deadLettered),
    all: listener.gained(({ succeeded, failed, deadLettered }) =>
      succeeded + failed + deadLettered
    ),
    look: "onError, or the dead letters, say why",
  };
}

function ofPool(pool: Trail<PoolFigures>): Outcomes {
  return {
    part: `pool ${quote(pool.name)}`,
    failed: pool.gained(({ failed }) => failed),
    all: pool.gained(({ completed, failed }) => completed + failed),
    look: "The promises of submit() and run() say why",
  };
}
