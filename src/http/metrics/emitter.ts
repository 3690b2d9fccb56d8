/**
 * The families of an emitter.
 */

import type { EmitterStats } from "../../emitter/options.ts";
import { OTHER } from "../../metrics/family.ts";
import type { Page } from "./collector.ts";

/** Adds an emitter to the page. */
export function collectEmitter(page: Page, name: string, stats: EmitterStats): void {
  const component = `emitter/${name}`;
  const { emitted } = page;
  let { succeeded, failed } = stats;
  succeeded -= stats.unheard;
  for (const type of stats.types) {
    emitted.add(type.succeeded, name, type.type, "success");
    emitted.add(type.failed, name, type.type, "failed");
    succeeded -= type.succeeded;
    failed -= type.failed;
  }
  // What no type is remembered for; a type that was changed failed without having been heard.
  const rest: Readonly<Record<string, number>> = {
    success: Math.max(0, succeeded),
    failed,
    no_subscribers: stats.unheard,
    validation_failed: stats.invalid,
    buffer_full: stats.refused,
    timeout: stats.timedOut,
    queued: stats.enqueued,
  };
  for (const result in rest) emitted.add(rest[result]!, name, OTHER, result);

  for (const { id, runs, runFailures, inFlight, timing } of stats.listeners) {
    page.processed.add(runs - runFailures - inFlight, component, id, "success");
    page.processed.add(runFailures, component, id, "failed");
    if (timing !== undefined) page.duration.addTiming(timing, component, id);
  }
  page.dropped.add(stats.dropped, component, "policy");
  page.queueSize.add(stats.queued, component);
  page.queueCapacity.add(stats.bufferSize, component);
  page.inFlight.add(stats.inFlight, component);
  page.waiting.add(stats.waiting, component);
  page.activeListeners.add(stats.activeListeners, name);
}
