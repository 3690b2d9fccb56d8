/**
 * Rules about what a subscription promises: that events come, in time, and none is lost.
 */

import type { SubscriptionFigures, TopicFigures } from "./figures.ts";
import type { Finding } from "./finding.ts";
import type { Trail } from "./trail.ts";
import { count, quote, time } from "./words.ts";

/** An event that waits for longer than this comes late for most. */
const OLD_MS = 30_000;

/** What every finding about a subscription has in common. */
type Rule = (
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
) => Finding | undefined;

/** Every rule about deliveries. */
export const DELIVERY_RULES: readonly Rule[] = [standstill, deliveryMode, missedEvents, oldEvents];

/** Keys that stand still: nothing of them is handled until somebody acts. */
function standstill(
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
): Finding | undefined {
  const { stops = 0, held } = subscription.now;
  if (stops === 0) return undefined;
  return {
    rule: "standstill",
    severity: "critical",
    part: partOf(topic, subscription),
    symptom: "Some keys stand still",
    evidence: `${count(stops, "key or event", "keys or events")} wait for somebody, ` +
      `${count(held, "event")} behind them`,
    cause: "An event failed for good, and onFailure is park-key or hold, or dead letters are full",
    remedy: "subscription.parked() says which; mend the handler, then redrive or release",
    config: `bus.redrive(${quote(topic.name)}, { subscription: ${quote(subscription.name)} })`,
  };
}

/** Events that failed and are gone, as delivery is at most once. */
function deliveryMode(
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
): Finding | undefined {
  const failed = subscription.gained((figures) => figures.failed ?? 0);
  if (failed === 0) return undefined;
  return {
    rule: "delivery-mode",
    severity: "warning",
    part: partOf(topic, subscription),
    symptom: "Events are missing",
    evidence: `${count(failed, "event")} failed and ${failed === 1 ? "is" : "are"} gone`,
    cause: "Delivery is at most once: nothing is tried again",
    remedy: "Deliver at least once, unless these events may be lost",
    config: `bus.topic(${quote(topic.name)}, { delivery: "at-least-once" })`,
  };
}

/** Events that a slow subscription missed. */
function missedEvents(
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
): Finding | undefined {
  const missed = subscription.gained((figures) => figures.dropped ?? 0);
  if (missed === 0) return undefined;
  return {
    rule: "missed-events",
    severity: "critical",
    part: partOf(topic, subscription),
    symptom: "Events are missing",
    evidence: `it was too slow for ${count(missed, "event")}`,
    cause: "Slow listener, and onLag drops what is oldest",
    remedy: "Make it faster, or hold publishers back with onLag backpressure",
    config: `topic.subscribe(listener, { id: ${quote(subscription.name)}, onLag: "backpressure" })`,
  };
}

/** Events that wait for long, however few they are. */
function oldEvents(
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
): Finding | undefined {
  const { oldestAgeMs = 0, lag = 0 } = subscription.now;
  if (oldestAgeMs < OLD_MS || !subscription.always(isBehind)) return undefined;
  return {
    rule: "old-events",
    severity: "warning",
    part: partOf(topic, subscription),
    symptom: "High latency",
    evidence: `the oldest of ${count(lag, "event")} was made ${time(oldestAgeMs)} ago`,
    cause: "Queue backup, a key that is held, or a handler that does not come back",
    remedy: "See what it waits for: goroutine?debug=2 of pprof lists every event with its age",
    config: undefined,
  };
}

/** An event may be old when it is published: one look is no backlog. */
function isBehind({ lag = 0 }: SubscriptionFigures): boolean {
  return lag > 0;
}

function partOf(topic: { readonly name: string }, subscription: { readonly name: string }): string {
  return `subscription ${quote(subscription.name)} of topic ${quote(topic.name)}`;
}
