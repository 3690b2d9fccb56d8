/**
 * Every family that parts are shown in. The names are those of the Go original where it has one; the
 * `component` label is the part, `<kind>/<name>`, and for a topic `bus/<bus>/<topic>`.
 */

import type { FamilyDefinition, FamilyType } from "../../metrics/family.ts";

function define(
  name: string,
  type: FamilyType,
  labels: readonly string[],
  help: string,
): FamilyDefinition {
  return { name, type, labels, help };
}

/** Short names of the families. */
export type FamilyKey =
  | "emitted"
  | "published"
  | "processed"
  | "duration"
  | "dropped"
  | "queueSize"
  | "queueCapacity"
  | "partitionQueueSize"
  | "inFlight"
  | "waiting"
  | "activeListeners"
  | "lag"
  | "held"
  | "retries"
  | "deadLetters"
  | "timeouts"
  | "zombies"
  | "circuit"
  | "health"
  | "storeEvents"
  | "storeBytes"
  | "storeStreams"
  | "storeFollowers"
  | "storeHead"
  | "tasks"
  | "workers"
  | "lost"
  | "series"
  | "folded";

/** In the order of the page. */
export const FAMILIES: Readonly<Record<FamilyKey, FamilyDefinition>> = {
  emitted: define(
    "nova_events_emitted_total",
    "counter",
    ["emitter", "type", "result"],
    "Events by what became of them; one that was enqueued counts as queued, too",
  ),
  published: define(
    "nova_events_published_total",
    "counter",
    ["component", "result"],
    "Attempts to publish, by what the topic said",
  ),
  processed: define(
    "nova_events_processed_total",
    "counter",
    ["component", "listener", "result"],
    "Events a listener is done with",
  ),
  duration: define(
    "nova_listener_duration_seconds",
    "histogram",
    ["component", "listener"],
    "How long calls of a listener take, where they are timed",
  ),
  dropped: define(
    "nova_events_dropped_total",
    "counter",
    ["component", "reason"],
    "Events that were accepted or offered, and never handled",
  ),
  queueSize: define("nova_queue_size", "gauge", ["component"], "Events or tasks that wait"),
  queueCapacity: define(
    "nova_queue_capacity",
    "gauge",
    ["component"],
    "How many may wait; for a topic in all of its partitions",
  ),
  partitionQueueSize: define(
    "nova_partition_queue_size",
    "gauge",
    ["component", "partition"],
    "Events that the slowest subscription has not taken",
  ),
  inFlight: define(
    "nova_events_in_flight",
    "gauge",
    ["component"],
    "Events or tasks in a handler",
  ),
  waiting: define(
    "nova_producers_waiting",
    "gauge",
    ["component"],
    "Producers that wait for room",
  ),
  activeListeners: define(
    "nova_active_listeners",
    "gauge",
    ["emitter"],
    "Subscriptions of an emitter",
  ),
  lag: define(
    "nova_listener_lag",
    "gauge",
    ["component", "listener"],
    "Events a listener was given and is not done with",
  ),
  held: define(
    "nova_events_held",
    "gauge",
    ["component", "listener"],
    "Events set aside: for another attempt, or behind one of their key",
  ),
  retries: define(
    "nova_retries_total",
    "counter",
    ["component", "listener"],
    "Attempts beyond the first",
  ),
  deadLetters: define(
    "nova_dead_letters_total",
    "counter",
    ["component", "listener"],
    "Events that became dead letters",
  ),
  timeouts: define(
    "nova_timeouts_total",
    "counter",
    ["component", "listener"],
    "Attempts that took too long",
  ),
  zombies: define(
    "nova_zombies",
    "gauge",
    ["component", "listener"],
    "Calls that outlived their timeout and hold a slot",
  ),
  circuit: define(
    "nova_circuit_state",
    "gauge",
    ["component", "listener", "state"],
    "1 for the state that the circuit of a listener is in",
  ),
  health: define(
    "nova_health",
    "gauge",
    ["component", "status"],
    "1 for what a part says of its health",
  ),
  storeEvents: define("nova_store_events", "gauge", ["component"], "Events a store holds"),
  storeBytes: define(
    "nova_store_bytes",
    "gauge",
    ["component"],
    "Bytes of the events a store holds, where they are measured",
  ),
  storeStreams: define("nova_store_streams", "gauge", ["component"], "Streams that have events"),
  storeFollowers: define("nova_store_followers", "gauge", ["component"], "Followers under way"),
  storeHead: define(
    "nova_store_position",
    "gauge",
    ["component"],
    "Position of the last event of a store",
  ),
  tasks: define(
    "nova_pool_tasks_total",
    "counter",
    ["component", "result"],
    "Tasks by what became of them",
  ),
  workers: define("nova_pool_workers", "gauge", ["component"], "How many tasks may run at once"),
  lost: define(
    "nova_pool_threads_lost_total",
    "counter",
    ["component"],
    "Threads that ended without being told to",
  ),
  series: define("nova_metrics_series", "gauge", [], "Series on this page before this one"),
  folded: define(
    "nova_metrics_folded_total",
    "counter",
    [],
    "Label values that were folded into other, at every scrape",
  ),
};
