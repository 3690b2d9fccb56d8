/**
 * The figures of parts as families. Nothing is counted here: what a part counts anyway is read when
 * somebody scrapes. Label values are names that the program configured; never a key, an id or data.
 */

import type { NamedPart } from "../internal/parts.ts";
import type { FamilyBook } from "./family_book.ts";
import type { Distribution } from "./family.ts";
import type { Histogram } from "./histogram.ts";
import type { Timing } from "./timing.ts";

/** Upper bounds of the buckets of durations, in seconds. */
const BOUNDS: readonly number[] = [
  ...[0.000_01, 0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 30],
];
const BOUNDS_MS: readonly number[] = BOUNDS.map((bound) => bound * 1000);

/** Figures by name; which there are differs from part to part. */
type Counts = Readonly<Record<string, number | undefined>>;

/** The figures of something with an id, apart from its id. */
interface Identified {
  readonly id: string;
  readonly counts: Counts;
  readonly timing: Timing | undefined;
}

interface TypeView {
  readonly type: string;
  readonly emitted: number;
  readonly failed: number;
  readonly inFlight: number;
}

/** Adds the families of a part. */
export function collectPart({ kind, name, part }: NamedPart, book: FamilyBook): void {
  const stats: unknown = part.stats();
  if (kind === "emitter") collectEmitter(name, stats, book);
  else if (kind === "bus") collectBus(name, stats, book);
  else if (kind === "listeners") collectListeners(name, stats, book);
  else if (kind === "store") collectStore(name, stats, book);
  else collectPool(name, stats, book);
  const { health } = part as { health?: () => { readonly status: string } };
  if (typeof health !== "function") return;
  const labels = { component: `${kind}/${name}`, status: health.call(part).status };
  book.gauge("nova_health", "1 for what a part says of its health.", labels, 1);
}

const EMITTED = "Events by what became of them; an enqueued one counts as queued, too.";
const PROCESSED = "Events by what became of them in a listener.";
const DROPPED = "Events that were lost, and why.";
const QUEUE = "Events or tasks that wait.";
const CAPACITY = "How many may wait.";
const WAITING = "Producers that wait for room.";
const IN_FLIGHT = "Events in a handler that has not settled.";
const DURATION = "How long listeners take.";

function collectEmitter(emitter: string, figures: unknown, book: FamilyBook): void {
  const stats = figures as Counts;
  const { listeners, types } = figures as { listeners: unknown[]; types: TypeView[] };
  const component = `emitter/${emitter}`;
  const emitted = (type: string, result: string, value: number): void =>
    book.counter("nova_events_emitted_total", EMITTED, { emitter, type, result }, value);
  let [failed, succeeded] = [stats.failed ?? 0, stats.succeeded ?? 0];
  for (const type of types) {
    const good = type.emitted - type.failed - type.inFlight;
    emitted(type.type, "success", good);
    emitted(type.type, "failed", type.failed);
    failed -= type.failed;
    succeeded -= good;
  }
  const unheard = stats.unheard ?? 0;
  // What nobody listens to by name; there may be any number of such types.
  emitted("other", "success", Math.max(0, succeeded - unheard));
  emitted("other", "failed", Math.max(0, failed));
  emitted("other", "no_subscribers", unheard);
  emitted("other", "validation_failed", stats.invalid ?? 0);
  emitted("other", "buffer_full", (stats.refused ?? 0) - (stats.timedOut ?? 0));
  emitted("other", "timeout", stats.timedOut ?? 0);
  emitted("other", "queued", stats.enqueued ?? 0);
  for (const { id, counts, timing } of listeners.map(identified)) {
    const { runs = 0, runFailures = 0, inFlight = 0 } = counts;
    const success = runs - runFailures - inFlight;
    processed(book, component, id, { success, failed: runFailures });
    duration(book, component, id, timing);
  }
  book.gauge("nova_active_listeners", "Subscriptions.", { emitter }, stats.activeListeners ?? 0);
  dropped(book, component, "policy", stats.dropped);
  queue(book, component, stats.queued, stats.bufferSize, stats.waiting);
  book.gauge("nova_events_in_flight", IN_FLIGHT, { component }, stats.inFlight ?? 0);
}

interface TopicView {
  readonly name: string;
  readonly partitions?: readonly Counts[];
  readonly subscriptions: readonly unknown[];
}

function collectBus(bus: string, figures: unknown, book: FamilyBook): void {
  for (const topic of (figures as { topics: readonly TopicView[] }).topics) {
    const { name, partitions = [], subscriptions } = topic;
    const stats = topic as unknown as Counts;
    const component = `bus/${bus}/${name}`;
    for (const result of ["accepted", "rejected", "dropped", "duplicates"]) {
      const value = stats[result];
      if (value === undefined) continue;
      const help = "Events that somebody tried to publish, by what became of them.";
      book.counter("nova_topic_events_total", help, { bus, topic: name, result }, value);
    }
    dropped(book, component, "policy", stats.dropped);
    queue(
      book,
      component,
      stats.queued,
      (stats.bufferSize ?? 0) * partitions.length,
      stats.waiting,
    );
    const delayed = "Accepted events whose time has not come.";
    book.gauge("nova_topic_delayed", delayed, { bus, topic: name }, stats.delayed ?? 0);
    for (const [index, { queued = 0, lag = 0 }] of partitions.entries()) {
      const labels = { bus, topic: name, partition: `${index}` };
      const help = "Events of a partition that its slowest subscription has not taken.";
      book.gauge("nova_partition_queue_size", help, labels, queued);
      const behind = "The most that a subscription of a partition is not done with.";
      book.gauge("nova_partition_lag", behind, labels, lag);
    }
    for (const each of subscriptions) collectSubscription(component, identified(each), book);
  }
}

function collectSubscription(
  component: string,
  { id: listener, counts, timing }: Identified,
  book: FamilyBook,
): void {
  const labels = { component, listener };
  processed(book, component, listener, {
    success: counts.succeeded,
    failed: counts.failed,
    dead_lettered: counts.deadLettered,
    expired: counts.expired,
    released: counts.released,
  });
  dropped(book, component, "lag", counts.dropped);
  retries(book, component, listener, counts.retries);
  timeouts(book, component, listener, counts.timedOut);
  const { lag, oldestAgeMs, held = 0, inFlight = 0, stops } = counts;
  const behind = "Events that a subscription is not done with.";
  book.gauge("nova_subscription_lag", behind, labels, lag ?? 0);
  const age = "How old the oldest event is that waits for a subscription.";
  book.gauge("nova_subscription_age_seconds", age, labels, (oldestAgeMs ?? 0) / 1000);
  const standing = "Keys that are parked, and events that are held, until somebody acts.";
  book.gauge("nova_subscription_stops", standing, labels, stops ?? 0);
  book.gauge("nova_events_held", "Events set aside.", labels, held);
  book.gauge("nova_events_in_flight", IN_FLIGHT, labels, inFlight);
  zombies(book, component, listener, counts.zombies);
  duration(book, component, listener, timing);
}

function collectListeners(name: string, figures: unknown, book: FamilyBook): void {
  const { listeners } = figures as { listeners?: Record<string, Counts> };
  // A manager has several; a supervised listener is one.
  for (const [listener, stats] of Object.entries(listeners ?? { [name]: figures as Counts })) {
    const component = `listeners/${name}`;
    processed(book, component, listener, {
      success: stats.succeeded,
      failed: stats.failed,
      dead_lettered: stats.deadLettered,
      circuit_open: stats.rejected,
      released: stats.released,
    });
    retries(book, component, listener, stats.retries);
    const labels = { component, listener };
    timeouts(book, component, listener, stats.timeouts);
    zombies(book, component, listener, stats.zombies);
    queue(book, `${component}/${listener}`, stats.queued, stats.bufferSize, undefined);
    book.gauge("nova_events_in_flight", IN_FLIGHT, labels, stats.inFlight ?? 0);
    const { circuit } = stats as { circuit?: unknown };
    if (typeof circuit !== "string") continue;
    for (const state of ["closed", "half-open", "open", "isolated"]) {
      const help = "1 for the state that a circuit is in.";
      const value = state === circuit ? 1 : 0;
      book.gauge("nova_circuit_state", help, { ...labels, state }, value);
    }
  }
}

function collectStore(store: string, figures: unknown, book: FamilyBook): void {
  const { events, streams, bytes, head, followers, queued } = figures as Counts;
  const gauge = (name: string, help: string, value = 0): void =>
    book.gauge(name, help, { store }, value);
  gauge("nova_store_events", "Events that a store holds.", events);
  gauge("nova_store_streams", "Streams that have events.", streams);
  gauge("nova_store_bytes", "Bytes of the events, where they are measured.", bytes);
  gauge("nova_store_position", "The position of the last event.", head);
  gauge("nova_store_followers", "Iterations that follow the log.", followers);
  queue(book, `store/${store}`, queued, undefined, undefined);
}

function collectPool(pool: string, figures: unknown, book: FamilyBook): void {
  const stats = figures as Counts;
  const component = `pool/${pool}`;
  for (const result of ["completed", "failed", "cancelled", "released", "refused"]) {
    const help = "Tasks by what became of them.";
    book.counter("nova_pool_tasks_total", help, { pool, result }, stats[result] ?? 0);
  }
  queue(book, component, stats.queued, stats.queueSize, stats.waiting);
  book.gauge("nova_pool_running", "Tasks that run.", { pool }, stats.running ?? 0);
  if (stats.lost !== undefined) {
    const help = "Threads that ended without being told to.";
    book.counter("nova_pool_threads_lost_total", help, { pool }, stats.lost);
  }
  book.gauge("nova_pool_workers", "How many may run at once.", { pool }, stats.workers ?? 0);
}

function identified(stats: unknown): Identified {
  const { id, timing } = stats as { id: string; timing?: Timing };
  return { id, timing, counts: stats as Counts };
}

function processed(
  book: FamilyBook,
  component: string,
  listener: string,
  results: Readonly<Record<string, number | undefined>>,
): void {
  for (const [result, value] of Object.entries(results)) {
    if (value === undefined) continue;
    const labels = { component, listener, result };
    book.counter("nova_events_processed_total", PROCESSED, labels, value);
  }
}

function queue(
  book: FamilyBook,
  component: string,
  queued: number | undefined,
  capacity: number | undefined,
  waiting: number | undefined,
): void {
  book.gauge("nova_queue_size", QUEUE, { component }, queued ?? 0);
  if (capacity !== undefined) book.gauge("nova_queue_capacity", CAPACITY, { component }, capacity);
  if (waiting !== undefined) book.gauge("nova_producers_waiting", WAITING, { component }, waiting);
}

function dropped(
  book: FamilyBook,
  component: string,
  reason: string,
  value: number | undefined,
): void {
  if (value === undefined) return;
  book.counter("nova_events_dropped_total", DROPPED, { component, reason }, value);
}

function retries(book: FamilyBook, component: string, listener: string, value = 0): void {
  const help = "Attempts beyond the first.";
  book.counter("nova_listener_retries_total", help, { component, listener }, value);
}

function timeouts(book: FamilyBook, component: string, listener: string, value = 0): void {
  const help = "Attempts that took too long.";
  book.counter("nova_listener_timeouts_total", help, { component, listener }, value);
}

function zombies(
  book: FamilyBook,
  component: string,
  listener: string,
  value: number | undefined,
): void {
  if (value === undefined) return;
  const help = "Calls that outlived their time and have not settled.";
  book.gauge("nova_listener_zombies", help, { component, listener }, value);
}

function duration(
  book: FamilyBook,
  component: string,
  listener: string,
  timing: Timing | undefined,
): void {
  if (timing === undefined) return;
  const { histogram, exemplar } = timing;
  const labels = { component, listener };
  book.histogram("nova_listener_duration_seconds", DURATION, labels, {
    ...inSeconds(histogram),
    exemplar: exemplar && { ...exemplar, value: exemplar.value / 1000 },
  });
}

function inSeconds(histogram: Histogram): Omit<Distribution, "exemplar"> {
  return {
    bounds: BOUNDS,
    counts: histogram.countsUpTo(BOUNDS_MS),
    count: histogram.count,
    sum: histogram.sum / 1000,
  };
}
