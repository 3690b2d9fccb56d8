/**
 * The families of a bus.
 */

import type { SubscriptionStats, TopicStats } from "../../bus/api.ts";
import type { BusStats } from "../../bus/bus.ts";
import type { Page } from "./collector.ts";

/** Adds a bus to the page. */
export function collectBus(page: Page, name: string, { topics }: BusStats): void {
  for (const topic of topics) collectTopic(page, `bus/${name}/${topic.name}`, topic);
}

function collectTopic(page: Page, component: string, topic: TopicStats): void {
  page.published.add(topic.accepted, component, "success");
  page.published.add(topic.rejected, component, "rejected");
  page.published.add(topic.dropped, component, "dropped");
  page.dropped.add(topic.dropped, component, "policy");
  page.queueSize.add(topic.queued, component);
  page.queueCapacity.add(topic.bufferSize * topic.partitions.length, component);
  page.waiting.add(topic.waiting, component);
  topic.partitions.forEach(({ queued }, index) => {
    page.partitionQueueSize.add(queued, component, String(index));
  });
  page.inFlight.add(0, component);
  for (const subscription of topic.subscriptions) {
    collectSubscription(page, component, subscription);
  }
}

function collectSubscription(page: Page, component: string, stats: SubscriptionStats): void {
  const { id, timing, queued, held, inFlight } = stats;
  page.processed.add(stats.succeeded, component, id, "success");
  page.processed.add(stats.deadLettered, component, id, "failed");
  page.dropped.add(stats.released, component, "released");
  page.inFlight.add(inFlight, component);
  page.lag.add(queued + held + inFlight, component, id);
  page.held.add(held, component, id);
  page.retries.add(stats.retries, component, id);
  page.deadLetters.add(stats.deadLettered, component, id);
  if (timing !== undefined) page.duration.addTiming(timing, component, id);
}
