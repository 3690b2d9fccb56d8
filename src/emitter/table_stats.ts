/**
 * What the listeners of an emitter tell about themselves.
 */

import type { Handle, ListenerTable } from "./listener_table.ts";
import type { EmitterStats, ListenerStats } from "./options.ts";

/** The figures of each subscription, and of each type that somebody listens to by name. */
export function tableStats(
  table: ListenerTable,
): Pick<EmitterStats, "activeListeners" | "listeners" | "types"> {
  return {
    activeListeners: table.active,
    listeners: Array.from(table, statsOf),
    types: Array.from(table.channels)
      .filter(([, { cells }]) => cells.some(({ group }) => group === undefined))
      .map(([type, { hits, failed, inFlight }]) => ({ type, emitted: hits, failed, inFlight })),
  };
}

function statsOf({ id, name, runs, failures, inFlight, timing }: Handle): ListenerStats {
  const stats = { id, type: name, runs, runFailures: failures, inFlight };
  return timing === undefined ? stats : { ...stats, timing };
}
