/**
 * What a bus really promises, topic by topic and subscription by subscription, and why.
 */

import type { DeliveryMode, OnFailure } from "./api.ts";
import { isDeadLetterName } from "./names.ts";
import type { TopicSettings } from "./settings.ts";
import type { Subscriber } from "./subscription.ts";
import type { AnyStore } from "../store/store.ts";

/** What holds for one subscription. */
export interface SubscriptionGuarantee {
  /** Its id, or the name of its group. */
  readonly subscription: string;
  /** Whether several share it. */
  readonly isGroup: boolean;
  /** How often it handles an event that the topic accepted. */
  readonly delivery: DeliveryMode;
  /** Ways in which it may miss an event, by a policy that was chosen. */
  readonly losses: readonly string[];
  /** What that means, one sentence each. */
  readonly because: readonly string[];
}

/** What holds for one topic. */
export interface TopicGuarantee {
  /** Its name. */
  readonly topic: string;
  /** How often an event that is published is handled by each subscription. */
  readonly delivery: DeliveryMode;
  /** Where that holds. */
  readonly scope: string;
  /** Which events are handled in order. */
  readonly order: "per key" | "none";
  /** Whether somebody who publishes twice is recognised. */
  readonly recognises: "ids" | "keys" | "nothing";
  /** Ways in which an event may be lost, by a policy that was chosen. */
  readonly losses: readonly string[];
  /** What that means, one sentence each. */
  readonly because: readonly string[];
  /** Its subscriptions. */
  readonly subscriptions: readonly SubscriptionGuarantee[];
}

/** What `bus.guarantees()` answers. As a text it is a report. */
export interface Guarantees {
  /** The bus. */
  readonly bus: string;
  /** What its events survive. */
  readonly survives: string;
  /** Why. */
  readonly because: string;
  /** Each topic, without the dead-letter topics. */
  readonly topics: readonly TopicGuarantee[];
  /** The same, as text. */
  toString(): string;
}

/** A topic, as far as its guarantees go. */
export interface Promising {
  readonly topic: { readonly name: string; readonly subscribers: Iterable<Subscriber> };
  readonly settings: TopicSettings;
}

const IN_MEMORY = "this process, for as long as the topic exists";

/** The guarantees of a bus: those of its store, if it has one. */
export function guaranteesOf(
  bus: string,
  topics: readonly Promising[],
  store: AnyStore | undefined,
): Guarantees {
  const guarantees: Guarantees = {
    bus,
    survives: store?.capabilities.survives ?? "nothing",
    because: store?.capabilities.because ?? "everything is kept in memory",
    topics: topics.filter(({ topic }) => !isDeadLetterName(topic.name))
      .map((promising) => topicGuarantee(promising, store)),
    toString: () => report(guarantees),
  };
  return guarantees;
}

function topicGuarantee(
  { topic: { name, subscribers }, settings }: Promising,
  store: AnyStore | undefined,
): TopicGuarantee {
  const { delivery, key, dedupe } = settings;
  const order = key === undefined ? "none" : "per key";
  const inMemory = dedupe === undefined ? "nothing" : dedupe.key === undefined ? "ids" : "keys";
  return {
    topic: name,
    delivery,
    scope: store === undefined ? IN_MEMORY : `store "${store.name}" and what is written with it`,
    order,
    recognises: store === undefined ? inMemory : "ids",
    losses: lossesOf(settings),
    because: [
      store === undefined ? recognition(settings) : IN_STORE,
      ordering(settings),
      admission(settings),
    ],
    subscriptions: Array.from(
      subscribers,
      (subscriber) => subscriptionGuarantee(settings, subscriber),
    ),
  };
}

function subscriptionGuarantee(
  settings: TopicSettings,
  subscriber: Subscriber,
): SubscriptionGuarantee {
  const { id, group } = subscriber;
  return {
    subscription: id,
    isGroup: group?.name !== undefined,
    delivery: settings.delivery,
    losses: lagLosses(settings, subscriber),
    because: handling(settings, subscriber),
  };
}

/** When an event is done, and what becomes of one that is not. */
function handling(
  { delivery }: TopicSettings,
  { retry, onFailure, deadlineMs, abandonMs, leases }: Subscriber,
): string[] {
  if (delivery === "at-most-once") {
    return ["an event is done when its handler is called: one that fails is counted"];
  }
  const done = leases
    ? `its delivery is acknowledged, within ${deadlineMs} ms`
    : "its handler has succeeded";
  const because = [
    `an event is done when ${done}: up to ${retry.attempts} attempts, then ${FAILURES[onFailure]}`,
  ];
  if (delivery === "exactly-once") {
    because.push("what a handler stages happens once; whatever else it does may repeat");
  }
  if (deadlineMs < Infinity && abandonMs < Infinity && !leases) {
    because.push(
      `a handler is given up after ${
        deadlineMs + abandonMs
      } ms, and may then run beside the next ` +
        "attempt",
    );
  }
  return because;
}

/** What a subscription misses that does not keep up. */
function lagLosses(
  { bufferSize, retained }: TopicSettings,
  { onLag, onGap }: Subscriber,
): string[] {
  const losses: string[] = [];
  const behind = `${Math.max(bufferSize, retained)} events behind`;
  if (onLag === "drop-oldest") losses.push(`onLag "drop-oldest": what it is more than ${behind}`);
  if (onLag === "close") losses.push(`onLag "close": it ends when it is more than ${behind}`);
  if (retained > 0 && onGap === "marker") {
    losses.push(`onGap "marker": what is no longer retained when it gets there`);
  }
  return losses;
}

const FAILURES: Readonly<Record<OnFailure, string>> = {
  skip: "a dead letter",
  "park-key": "a dead letter, and its key is held",
  hold: "it is held, with its key",
};

function lossesOf({ delivery, overflow }: TopicSettings): string[] {
  const losses: string[] = [];
  if (overflow === "drop-newest") {
    losses.push(`overflow "drop-newest": an event that finds no room`);
  }
  if (delivery === "at-most-once") {
    losses.push(`delivery "at-most-once": an event whose handler fails`);
  }
  return losses;
}

const IN_STORE = "an event that is published again is recognised by its publisher's id, for as " +
  "long as the store remembers it";

function recognition({ dedupe }: TopicSettings): string {
  if (dedupe === undefined) {
    return "an event that is published twice is two events, unless a producer numbers it";
  }
  const { key, windowMs, maxIds } = dedupe;
  return `an event that is published again within ${windowMs} ms is recognised by ` +
    `${key === undefined ? "its publisher's id" : "dedupe.key"}, of at most ${maxIds} events`;
}

function ordering({ key, partitions }: TopicSettings): string {
  if (key === undefined) {
    return "there is no key, so events have no order" +
      (partitions === 1 ? " once several handlers run or one is tried again" : "");
  }
  return "events of one key are handled one at a time and in order";
}

function admission({ overflow, bufferSize, waitMs }: TopicSettings): string {
  const full = `behind ${bufferSize} events in a partition a publisher `;
  if (overflow === "wait") return `${full}waits up to ${waitMs} ms, then gets an error`;
  return full + (overflow === "reject" ? "gets an error" : "is told that its event was dropped");
}

function report({ bus, survives, because, topics }: Guarantees): string {
  const lines = [`bus "${bus}" survives ${survives}: ${because}`];
  for (const { topic, delivery, scope, losses, because, subscriptions } of topics) {
    lines.push(`topic "${topic}": ${delivery}, in ${scope}`);
    for (const sentence of because) lines.push(`  - ${sentence}`);
    for (const loss of losses) lines.push(`  - lost by ${loss}`);
    if (subscriptions.length === 0) {
      lines.push("  - nobody is subscribed: events are accepted and pass");
    }
    for (const { subscription, isGroup, delivery, losses, because } of subscriptions) {
      lines.push(`  ${isGroup ? "group" : "subscription"} "${subscription}": ${delivery}`);
      for (const sentence of because) lines.push(`    - ${sentence}`);
      for (const loss of losses) lines.push(`    - lost by ${loss}`);
    }
  }
  return lines.join("\n");
}
