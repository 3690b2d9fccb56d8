/**
 * What stands still in a cursor until somebody acts: events that failed for good and are held, and the
 * later events of keys that are parked. Keys are exact here; lanes are not.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Key, ParkedKey } from "./api.ts";
import type { Job } from "./job.ts";

/** A job that is held, and why. */
interface Held {
  readonly job: Job;
  readonly error: unknown;
}

/** The standing part of one cursor. */
export class Standstill {
  readonly #keyOf: (event: NovaEvent) => Key;
  readonly #held = new Set<Held>();
  readonly #parked = new Map<Key, NovaEvent[]>();
  #waiting = 0;

  constructor(keyOf: (event: NovaEvent) => Key) {
    this.#keyOf = keyOf;
  }

  /** How many events are set aside. */
  get size(): number {
    return this.#held.size + this.#waiting;
  }

  /** Whether any key is parked, so that events have to be looked at. */
  get hasParked(): boolean {
    return this.#parked.size > 0;
  }

  /** Holds an event that failed for good. Its lane stays busy. */
  hold(job: Job, error: unknown): void {
    this.#held.add({ job, error });
  }

  /** Parks the key of an event that failed for good. An event without a key parks nothing. */
  parkKey(key: Key): void {
    if (key !== undefined && !this.#parked.has(key)) this.#parked.set(key, []);
  }

  /** Whether the key of an event is parked. */
  isParked(event: NovaEvent): boolean {
    return this.#parked.size > 0 && this.#parked.has(this.#keyOf(event));
  }

  /** Sets an event aside if its key is parked. */
  park(event: NovaEvent): boolean {
    if (this.#parked.size === 0) return false;
    const behind = this.#parked.get(this.#keyOf(event));
    if (behind === undefined) return false;
    behind.push(event);
    this.#waiting += 1;
    return true;
  }

  /** Everything of a key, or only what is parked; it no longer stands still. */
  release(key: Key, what: "all" | "parked" = "all"): {
    readonly jobs: readonly Job[];
    readonly events: readonly NovaEvent[];
  } {
    const events = this.#parked.get(key) ?? [];
    this.#parked.delete(key);
    this.#waiting -= events.length;
    const jobs: Job[] = [];
    if (what === "all") {
      for (const held of this.#held) {
        if (this.#keyOf(held.job.event) !== key) continue;
        this.#held.delete(held);
        jobs.push(held.job);
      }
    }
    return { jobs, events };
  }

  /** All held jobs; they are no longer held. */
  takeHeld(): Held[] {
    const held = [...this.#held];
    this.#held.clear();
    return held;
  }

  /** All that is set aside. */
  *events(): Generator<NovaEvent> {
    for (const { job } of this.#held) yield job.event;
    for (const events of this.#parked.values()) yield* events;
  }

  /** How many events are held. */
  get stuck(): number {
    return this.#held.size;
  }

  /** How many keys are parked, and events held. */
  get stops(): number {
    return this.#parked.size + this.#held.size;
  }

  /** The keys that are parked. */
  get parkedKeys(): Iterable<Key> {
    return this.#parked.keys();
  }

  /** The keys that stand still. */
  keys(partition: number): ParkedKey[] {
    const waiting = new Map<Key, number>();
    for (const [key, events] of this.#parked) waiting.set(key, events.length);
    for (const { job } of this.#held) {
      const key = this.#keyOf(job.event);
      waiting.set(key, (waiting.get(key) ?? 0) + 1);
    }
    return Array.from(waiting, ([key, count]) => ({ key, partition, waiting: count }));
  }

  clear(): void {
    this.#held.clear();
    this.#parked.clear();
    this.#waiting = 0;
  }
}
