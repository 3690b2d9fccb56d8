/**
 * Events that wait: for a free slot, or for their next attempt.
 */

import type { Env } from "../internal/env.ts";
import { DelayQueue } from "../queue/delay_queue.ts";
import { Watches } from "./attempt.ts";
import type { Flight } from "./flight.ts";

/** Holds the flights that wait, one timer for all times, and one abort listener per signal. */
export class WaitingRoom {
  readonly watches: Watches;
  readonly #delays: DelayQueue<Flight>;
  /** How many flights wait in all. */
  waiting = 0;
  /** Those that wait for a slot, first come first served. */
  readonly #queue = new Set<Flight>();

  constructor(env: Env) {
    this.watches = new Watches(env);
    this.#delays = new DelayQueue(env, (flight) => flight.due());
  }

  /** How many flights wait for a slot. */
  get queued(): number {
    return this.#queue.size;
  }

  /** The flight that waits longest for a slot. */
  first(): Flight | undefined {
    for (const flight of this.#queue) return flight;
    return undefined;
  }

  /** Waits for its next attempt, which it failed to need. */
  delay(flight: Flight, error: unknown, ms: number): void {
    flight.error = error;
    this.#wait(flight, "delayed", ms);
  }

  /** Waits for a slot, at most that long. */
  enqueue(flight: Flight, waitMs: number): void {
    this.leave(flight);
    this.#queue.add(flight);
    this.#wait(flight, "queued", waitMs);
  }

  /** Takes a flight out of wherever it waits. */
  leave(flight: Flight): void {
    if (!flight.waits) return;
    if (flight.waiting !== undefined) this.#delays.delete(flight.waiting);
    if (flight.watched !== undefined) this.watches.delete(flight.watched, flight);
    flight.waiting = undefined;
    flight.watched = undefined;
    flight.state = "inFlight";
    this.#queue.delete(flight);
    this.waiting -= 1;
  }

  #wait(flight: Flight, state: "queued" | "delayed", ms: number): void {
    flight.state = state;
    this.waiting += 1;
    if (ms < Infinity) flight.waiting = this.#delays.add(flight, ms);
    // Whoever offered the event may give up on it.
    const { signal } = flight.outer;
    flight.watched = signal;
    this.watches.add(signal, flight);
  }
}
