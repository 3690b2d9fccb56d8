/**
 * Rules about how load is spread: over partitions, keys, subscriptions and listeners.
 */

import type {
  EmitterFigures,
  ListenerFigures,
  SubscriptionFigures,
  TopicFigures,
} from "./figures.ts";
import type { Finding } from "./finding.ts";
import type { Trail } from "./trail.ts";
import { count, each, literal, percent, quote, rate, rounded } from "./words.ts";

/** Below this many events for each partition a share says nothing. */
const FEWEST_EACH = 20;

/** A partition that gets about twice its fair share, or is the only one that is full. */
export function hotPartition(topic: Trail<TopicFigures>): Finding | undefined {
  const evidence = unfairShare(gainsOf(topic)) ?? onlyFull(topic.now);
  if (evidence === undefined) return undefined;
  return {
    rule: "hot-partition",
    severity: "warning",
    part: `topic ${quote(topic.name)}`,
    symptom: "High latency for some keys",
    evidence,
    cause: "Hot partition: one key, or a few, carry most events",
    remedy: "Choose a finer key, such as the order instead of the customer",
    config: `bus.topic(${quote(topic.name)}, { key: (event) => event.data.finerId })`,
  };
}

function unfairShare(gained: readonly number[]): string | undefined {
  const all = gained.reduce((sum, each) => sum + each, 0);
  const most = Math.max(...gained);
  // Also within reach when there are two.
  const fair = 2 / (gained.length + 0.5);
  if (gained.length < 2 || all < gained.length * FEWEST_EACH || most / all <= fair) {
    return undefined;
  }
  return `partition ${gained.indexOf(most)} of ${gained.length} got ${percent(most / all)} ` +
    `of ${count(all, "event")}; its fair share is ${percent(1 / gained.length)}`;
}

/** A full partition takes no more than it handles: its share of what entered hides what wanted to. */
function onlyFull({ partitions, bufferSize }: TopicFigures): string | undefined {
  const depths = partitions.map(({ queued }) => queued);
  const most = Math.max(...depths);
  const rest = depths.reduce((sum, each) => sum + each, 0) - most;
  if (depths.length < 2 || most <= bufferSize * 0.8) return undefined;
  if (rest / (depths.length - 1) > bufferSize * 0.1) return undefined;
  return `partition ${depths.indexOf(most)} of ${depths.length} has ${each(most)} of ` +
    `${each(bufferSize)} places taken, the others ${each(Math.round(rest / (depths.length - 1)))}`;
}

/** Partitions that get nothing: there are fewer keys than partitions. */
export function fewKeys(topic: Trail<TopicFigures>): Finding | undefined {
  const gained = gainsOf(topic);
  const all = gained.reduce((sum, each) => sum + each, 0);
  const idle = gained.filter((each) => each === 0).length;
  if (!topic.now.keyed || idle === 0 || all < gained.length * FEWEST_EACH) return undefined;
  return {
    rule: "key-skew",
    severity: "notice",
    part: `topic ${quote(topic.name)}`,
    symptom: "Work is not spread",
    evidence: `${idle} of ${gained.length} partitions got none of ${count(all, "event")}`,
    cause: "Key skew: there are too few different keys",
    remedy: "Choose a key with more values; partitions beyond the keys only cost memory",
    config: `bus.topic(${quote(topic.name)}, { key: (event) => event.data.finerId })`,
  };
}

/** Events that wait for their key while slots are free, and not because it failed. */
export function keySkew(
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
): Finding | undefined {
  const { held, inFlight, slots } = subscription.now;
  const retries = subscription.gained((figures) => figures.retries);
  const free = slots - inFlight;
  // What waits behind one attempt is gone at the next look.
  const steady = Math.min(held, subscription.mean((figures) => figures.held));
  if (!topic.now.keyed || steady < FEWEST_EACH || free < 1 || retries * 2 > held) return undefined;
  return {
    rule: "key-skew",
    severity: "warning",
    part: `subscription ${quote(subscription.name)} of topic ${quote(topic.name)}`,
    symptom: "High latency for some keys",
    evidence: `${count(held, "event")} are held behind events of the same key, while ` +
      `${each(free)} of ${count(slots, "slot")} are free`,
    cause: "Key skew: events of one key are handled one at a time",
    remedy: "Choose a finer key, or none where order does not matter: more workers change nothing",
    config: `bus.topic(${quote(topic.name)}, { key: (event) => event.data.finerId })`,
  };
}

/** One subscription that holds back a topic which others keep up with. */
export function slowSubscription(
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
): Finding | undefined {
  const { queued } = subscription.now;
  const others = topic.now.subscriptions.filter(({ id }) => id !== subscription.name);
  const next = Math.max(0, ...others.map((other) => other.queued));
  const { bufferSize } = topic.now;
  if (others.length === 0 || queued < bufferSize / 4 || next > queued / 10) return undefined;
  return {
    rule: "slow-subscription",
    severity: "warning",
    part: `subscription ${quote(subscription.name)} of topic ${quote(topic.name)}`,
    symptom: "One subscription holds up the topic",
    evidence: `it is ${count(queued, "event")} behind, the next one ${each(next)}`,
    cause: "Slow listener",
    remedy: "Give it more slots if it waits, a ThreadPool if it computes, or a topic of its own",
    config: `topic.subscribe(listener, { id: ${quote(subscription.name)}, maxConcurrency: ${
      Math.ceil((subscription.now.slots * 2) / topic.now.partitions.length)
    } })`,
  };
}

/** Attempts of a supervised listener that took too long. */
export function slowListener(listener: Trail<ListenerFigures>): Finding | undefined {
  const { zombies, concurrency } = listener.now;
  const timeouts = listener.gained((figures) => figures.timeouts);
  const part = `listener ${quote(listener.name)}`;
  return slow(part, "timeoutMs", timeouts, zombies, concurrency);
}

/** Attempts of a subscription that took too long. */
export function slowHandler(
  topic: Trail<TopicFigures>,
  subscription: Trail<SubscriptionFigures>,
): Finding | undefined {
  const { zombies = 0, slots } = subscription.now;
  const timeouts = subscription.gained(({ timedOut }) => timedOut ?? 0);
  const part = `subscription ${quote(subscription.name)} of topic ${quote(topic.name)}`;
  return slow(part, "deadlineMs", timeouts, zombies, slots);
}

function slow(
  part: string,
  option: string,
  timeouts: number,
  zombies: number,
  slots: number,
): Finding | undefined {
  if (timeouts === 0 && zombies === 0) return undefined;
  return {
    rule: "slow-listener",
    severity: zombies >= slots ? "critical" : "warning",
    part,
    symptom: "High latency",
    evidence: `${count(timeouts, "attempt")} took longer than ${option}; ` +
      `${count(zombies, "call")} given up and still running, for ${count(slots, "slot")}`,
    cause: "Slow listener",
    remedy: "Pass context.signal on, so that a call ends with its attempt; " +
      `see what it waits for before raising ${option}`,
    config: "(event, { signal }) => fetch(url, { signal })",
  };
}

/** A memory of ids that is nearly full: young ids are never forgotten, so nothing would enter. */
export function dedupeFilling(topic: Trail<TopicFigures>, share: number): Finding | undefined {
  const { remembered, maxIds } = topic.now.dedupe ?? { remembered: 0, maxIds: 1 };
  if (remembered <= maxIds * share) return undefined;
  const perSecond = topic.perSecond((figures) => figures.accepted);
  return {
    rule: "dedupe-filling",
    severity: remembered >= maxIds ? "critical" : "warning",
    part: `topic ${quote(topic.name)}`,
    symptom: "Buffer full errors",
    evidence: `${each(remembered)} of ${count(maxIds, "id")} are remembered` +
      (perSecond > 0 ? `, ${rate(perSecond)} come` : ""),
    cause: "The dedupe window is about to fill",
    remedy: "Remember more ids, or for a shorter time",
    config: `bus.topic(${quote(topic.name)}, { dedupe: { maxIds: ${
      literal(rounded(maxIds * 2))
    }, windowMs: 300_000 } })`,
  };
}

/** A topic with events and without subscriptions. */
export function noSubscriber(topic: Trail<TopicFigures>): Finding | undefined {
  const accepted = topic.gained((figures) => figures.accepted);
  if (accepted === 0 || topic.ever(({ subscriptions }) => subscriptions.length > 0)) {
    return undefined;
  }
  return {
    rule: "no-subscriber",
    severity: "notice",
    part: `topic ${quote(topic.name)}`,
    symptom: "Nothing happens",
    evidence: `${count(accepted, "event")} accepted, and nobody subscribes`,
    cause: "A subscription is missing, or has ended",
    remedy: "Subscribe before publishing",
    config: `bus.topic(${quote(topic.name)}).subscribe(listener)`,
  };
}

/** Events that nobody listens to: most often a misspelt type. */
export function unheardEvents(emitter: Trail<EmitterFigures>): Finding | undefined {
  const unheard = emitter.gained((figures) => figures.unheard);
  const emitted = emitter.gained((figures) => figures.emitted);
  if (unheard === 0 || unheard <= emitted * 0.01) return undefined;
  return {
    rule: "unheard-events",
    severity: "notice",
    part: `emitter ${quote(emitter.name)}`,
    symptom: "Nothing happens",
    evidence: `nobody listened to ${each(unheard)} of ${count(emitted, "event")}`,
    cause: "A listener is missing, or a type is misspelt",
    remedy: `Type the events, or see them all with a listener on ${quote("**")}`,
    config: `new Emitter<{ "order.placed": Order }>()`,
  };
}

function gainsOf(topic: Trail<TopicFigures>): number[] {
  return topic.now.partitions.map((_, index) =>
    topic.gained(({ partitions }) => partitions[index]?.accepted ?? 0)
  );
}
