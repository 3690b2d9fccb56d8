/**
 * The families of pools and stores.
 */

import type { PoolStats } from "../../pool/api.ts";
import type { ThreadPoolStats } from "../../pool/thread_options.ts";
import type { StoreStats } from "../../store/api.ts";
import type { Page } from "./collector.ts";

/** Adds a pool to the page. */
export function collectPool(
  page: Page,
  name: string,
  stats: PoolStats & Partial<Pick<ThreadPoolStats, "lost">>,
): void {
  const component = `pool/${name}`;
  page.tasks.add(stats.completed, component, "success");
  page.tasks.add(stats.failed, component, "failed");
  page.tasks.add(stats.cancelled, component, "cancelled");
  page.tasks.add(stats.refused, component, "refused");
  page.dropped.add(stats.released, component, "released");
  page.queueSize.add(stats.queued, component);
  page.queueCapacity.add(stats.queueSize, component);
  page.inFlight.add(stats.running, component);
  page.waiting.add(stats.waiting, component);
  page.workers.add(stats.workers, component);
  if (stats.lost !== undefined) page.lost.add(stats.lost, component);
}

/** Adds a store to the page. */
export function collectStore(page: Page, name: string, stats: StoreStats): void {
  const component = `store/${name}`;
  page.storeEvents.add(stats.events, component);
  page.storeBytes.add(stats.bytes, component);
  page.storeStreams.add(stats.streams, component);
  page.storeFollowers.add(stats.followers, component);
  page.storeHead.add(stats.head, component);
  page.queueSize.add(stats.queued, component);
}
