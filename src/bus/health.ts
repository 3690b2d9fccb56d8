/**
 * How the subscriptions of a bus are doing, and why: read from what stands still when someone asks.
 */

import { isDeadLetterName } from "./names.ts";
import type { Subscriber } from "./subscription.ts";

/** In one word: `degraded` wants attention, `unhealthy` somebody who acts. */
export type BusHealthStatus = "healthy" | "degraded" | "unhealthy";

/** Why a subscription is not healthy. */
export interface BusHealthReason {
  /** A stable word. */
  readonly code: "dead-letters" | "held" | "parked" | "zombies";
  /** The same with figures, for people. */
  readonly message: string;
}

/** How one subscription is doing. */
export interface SubscriptionHealth {
  /** Its topic. */
  readonly topic: string;
  /** Its id, or the name of its group. */
  readonly subscription: string;
  /** The worst of its reasons. */
  readonly status: BusHealthStatus;
  /** Why it is not healthy; empty when it is. */
  readonly reasons: readonly BusHealthReason[];
}

/** How a bus is doing. */
export interface BusHealth {
  /** The worst of its subscriptions. */
  readonly status: BusHealthStatus;
  /** Each subscription, also the healthy ones. */
  readonly subscriptions: readonly SubscriptionHealth[];
}

/** A topic, as far as its health goes. */
interface Ailing {
  readonly name: string;
  readonly subscribers: Iterable<Subscriber>;
}

/** The health of all subscriptions of some topics. */
export function healthOf(topics: readonly Ailing[]): BusHealth {
  const subscriptions = topics.flatMap(({ name, subscribers }) =>
    Array.from(subscribers, (subscriber) => subscriptionHealth(name, subscriber))
  );
  return { status: worstOf(subscriptions), subscriptions };
}

/** A reason, and how bad it is. */
interface Finding extends BusHealthReason {
  readonly status: BusHealthStatus;
}

function subscriptionHealth(topic: string, subscriber: Subscriber): SubscriptionHealth {
  const findings = findingsOf(topic, subscriber);
  const reasons = findings.map(({ code, message }) => ({ code, message }));
  return { topic, subscription: subscriber.id, status: worstOf(findings), reasons };
}

function findingsOf(topic: string, subscriber: Subscriber): Finding[] {
  const { stops, zombies, slots } = subscriber.stats();
  const { stuck, onFailure } = subscriber;
  const parked = stops - stuck;
  const findings: Finding[] = [];
  if (stuck > 0 && onFailure !== "hold" && !isDeadLetterName(topic)) {
    const message = `${stuck} failed events are held, as there is no room among the dead letters`;
    findings.push({ status: "unhealthy", code: "dead-letters", message });
  } else if (stuck > 0) {
    const message = `${stuck} failed events are held, with their keys, until they are released`;
    findings.push({ status: "degraded", code: "held", message });
  }
  if (parked > 0) {
    const message = `${parked} keys are parked until they are released or redriven`;
    findings.push({ status: "degraded", code: "parked", message });
  }
  if (zombies > 0) {
    const message = `${zombies} handlers were given up and still run, beside ${slots} slots`;
    findings.push({ status: zombies < slots ? "degraded" : "unhealthy", code: "zombies", message });
  }
  return findings;
}

function worstOf(parts: readonly { readonly status: BusHealthStatus }[]): BusHealthStatus {
  const worst = ["unhealthy", "degraded"] as const;
  return worst.find((word) => parts.some(({ status }) => status === word)) ?? "healthy";
}
