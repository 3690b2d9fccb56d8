/**
 * The families of listeners under supervision.
 */

import type { ManagerStats } from "../../listener/manager.ts";
import type { SupervisedStats } from "../../listener/options.ts";
import type { Page } from "./collector.ts";

const CIRCUITS = ["closed", "open", "half-open", "isolated"] as const;

/** Adds a manager, or a single listener, to the page. */
export function collectListeners(
  page: Page,
  name: string,
  stats: ManagerStats | SupervisedStats,
): void {
  const component = `listeners/${name}`;
  if (!("listeners" in stats)) return collectListener(page, component, name, stats);
  for (const [listener, each] of Object.entries(stats.listeners)) {
    collectListener(page, component, listener, each);
  }
}

function collectListener(
  page: Page,
  component: string,
  listener: string,
  stats: SupervisedStats,
): void {
  const { queued, delayed, inFlight, burying } = stats;
  page.processed.add(stats.succeeded, component, listener, "success");
  page.processed.add(stats.failed + stats.deadLettered, component, listener, "failed");
  page.processed.add(stats.rejected, component, listener, "rejected");
  page.dropped.add(stats.released, component, "released");
  page.queueSize.add(queued, component);
  page.queueCapacity.add(stats.bufferSize, component);
  page.inFlight.add(inFlight, component);
  page.lag.add(queued + delayed + inFlight + burying, component, listener);
  page.held.add(delayed, component, listener);
  page.retries.add(stats.retries, component, listener);
  page.deadLetters.add(stats.deadLettered, component, listener);
  page.timeouts.add(stats.timeouts, component, listener);
  page.zombies.add(stats.zombies, component, listener);
  if (stats.circuit === undefined) return;
  for (const state of CIRCUITS) {
    page.circuit.add(Number(state === stats.circuit), component, listener, state);
  }
}
