/**
 * One event that supervision could not be done with at once.
 */

import type { Emitted } from "../event/event.ts";
import type { ListenerContext } from "../event/listener.ts";
import type { Delayed } from "../queue/delay_queue.ts";
import type { Attempt, Watcher } from "./attempt.ts";

/** Where an event is between being offered and being done with. */
export type FlightState = "queued" | "delayed" | "inFlight" | "burying";

/** What a flight tells its supervisor. */
export interface FlightOwner {
  /** What it waited for has come: its next attempt, or the end of its patience. */
  waited(flight: Flight): void;
  /** Nobody waits for it any more. */
  abandoned(flight: Flight): void;
}

/** An event, its promise, and where it is. */
export class Flight implements Watcher {
  readonly event: Emitted;
  readonly outer: ListenerContext;
  readonly promise: Promise<void>;
  resolve!: () => void;
  reject!: (error: unknown) => void;
  state: FlightState = "inFlight";
  /** Attempts that were started. */
  attempts: number;
  /** What the last attempt failed with. */
  error: unknown;
  attempt: Attempt | undefined;
  waiting: Delayed<Flight> | undefined;
  watched: AbortSignal | undefined;
  /** Whether its listener called `stop`, which then does not wait for it. */
  exempt = false;
  readonly #owner: FlightOwner;

  constructor(owner: FlightOwner, event: Emitted, outer: ListenerContext, attempts: number) {
    this.#owner = owner;
    this.event = event;
    this.outer = outer;
    this.attempts = attempts;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Whether it waits, for a slot or for its next attempt. */
  get waits(): boolean {
    return this.state === "queued" || this.state === "delayed";
  }

  due(): void {
    this.waiting = undefined;
    this.#owner.waited(this);
  }

  aborted(): void {
    this.watched = undefined;
    this.#owner.abandoned(this);
  }
}
