/**
 * What the tests of the bus share: short events, and the conservation laws (invariant I13).
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Env, SubscriptionStats, TopicStats, TopicSubscription } from "@nova/events/bus";

/** Events that are a number. */
export type Numbers = { n: number };

/** Events with a key. */
export type Keyed = { step: { key: string; n: number } };

/** An event that is a number. */
export function n(data: number): { readonly type: "n"; readonly data: number } {
  return { type: "n", data };
}

/** Event number `n` of a key. */
export function step(
  key: string,
  n: number,
): { readonly type: "step"; readonly data: { readonly key: string; readonly n: number } } {
  return { type: "step", data: { key, n } };
}

/** The key of a keyed event. */
export function byKey(event: { readonly data: { readonly key: string } }): string {
  return event.data.key;
}

/** A handler that only fails. */
export function fails(): never {
  throw new Error("no");
}

/** The same world with another `random()`. */
export function withRandom(env: Env, random: () => number): Env {
  return Object.create(env, { random: { value: random } }) as Env;
}

/** Waits in the time of a world. */
export function sleep(env: Env, ms: number): Promise<void> {
  return new Promise((resolve) => void env.setTimer(resolve, ms));
}

/** Fails unless every event of the topic is counted exactly once. */
export function assertLaws(topic: { stats(): TopicStats }): void {
  const { name, attempts, accepted, duplicates, rejected, dropped, waiting, subscriptions } = topic
    .stats();
  assertEquals(
    attempts,
    accepted + duplicates + rejected + dropped + waiting,
    `I13: attempts of ${name}`,
  );
  for (const subscription of subscriptions) assertLaw(subscription);
}

/** Fails unless every event offered to the subscription is counted exactly once. */
export function assertLaw(stats: SubscriptionStats): void {
  const { id, offered, succeeded, failed, deadLettered, expired, dropped } = stats;
  const { released, queued, held, inFlight } = stats;
  assertEquals(
    offered,
    succeeded + failed + deadLettered + expired + dropped + released + queued + held + inFlight,
    `I13: offered to ${id}: ${JSON.stringify(stats)}`,
  );
}

/** Fails unless the figures are these, and the law holds. What is not named must be 0, but for limits. */
export function assertFigures(
  subscription: TopicSubscription,
  figures: Partial<Omit<SubscriptionStats, "id">>,
  id: string = subscription.id,
): void {
  const stats = subscription.stats();
  assertEquals(stats, {
    id,
    offered: 0,
    succeeded: 0,
    failed: 0,
    deadLettered: 0,
    expired: 0,
    dropped: 0,
    released: 0,
    queued: 0,
    held: 0,
    inFlight: 0,
    retries: 0,
    timedOut: 0,
    zombies: 0,
    lag: stats.queued + stats.held + stats.inFlight,
    stops: stats.stops,
    oldestAgeMs: stats.oldestAgeMs,
    slots: stats.slots,
    ...figures,
  });
  assertLaw(stats);
}
