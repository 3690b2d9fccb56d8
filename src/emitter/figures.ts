/**
 * The figures of an emitter, put together from the counters of its pieces when someone asks.
 */

import type { Admission } from "./admission.ts";
import type { Backlog } from "./backlog.ts";
import type { ListenerTable } from "./listener_table.ts";
import type { OnionCounts } from "./onion.ts";
import type { EmitterStats } from "./options.ts";

/** What an emitter without middleware counts of it. */
export const NO_ONION: OnionCounts = {
  entering: 0,
  exempt: 0,
  passing: 0,
  refused: 0,
  filtered: 0,
  errors: 0,
};

/** What the engine counts by itself. */
export interface EngineCounts {
  readonly unheard: number;
  readonly failed: number;
  readonly inFlight: number;
}

/** All figures of now. */
export function figures(
  table: ListenerTable,
  backlog: Backlog,
  admission: Admission,
  onion: OnionCounts,
  engine: EngineCounts,
): EmitterStats {
  const { queued, waiting, bufferSize, maxConcurrency, enqueued, refused, timedOut } = backlog;
  const { entering, filtered, errors } = onion;
  const { unheard } = engine;
  const dropped = backlog.dropped + filtered;
  const started = table.hits + unheard + entering + onion.refused;
  const inFlight = engine.inFlight + entering;
  const failed = engine.failed + onion.refused;
  return {
    emitted: started + queued + dropped,
    succeeded: started - failed - inFlight,
    failed,
    enqueued,
    queued,
    bufferSize,
    inFlight,
    maxConcurrency,
    dropped,
    unheard,
    invalid: admission.invalid,
    refused,
    timedOut,
    waiting,
    middlewareErrors: errors,
    activeListeners: table.active,
    listeners: Array.from(table, ({ id, name, runs, failures, inFlight, timing }) => ({
      id,
      type: name,
      runs,
      runFailures: failures,
      inFlight,
      ...(timing === undefined ? {} : { timing }),
    })),
    types: [...table.channels].flatMap(([type, { hits, failed, inFlight }]) =>
      hits === 0 ? [] : [{ type, succeeded: hits - failed - inFlight, failed, inFlight }]
    ),
  };
}
