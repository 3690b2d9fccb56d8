// How long an event takes from publish until every subscription has handled it, sampled.

import { Histogram } from "@nova/events/metrics";

/**
 * Follows one event at a time, so that a handler pays one comparison per delivery and no clock is
 * read for the events in between.
 */
export class LatencyProbe {
  /** Milliseconds. */
  readonly histogram: Histogram = new Histogram();
  readonly #handlers: number;
  readonly #every: number;
  readonly #now: () => number;
  #countdown = 0;
  #followed: object | undefined;
  #publishedAt = 0;
  #open = 0;

  /** Takes every `every`-th event, once all `handlers` are done with the one before. */
  constructor(handlers: number, every: number, now: () => number = () => performance.now()) {
    this.#handlers = handlers;
    this.#every = every;
    this.#now = now;
  }

  /** Call before each publish. */
  publishing(event: object): void {
    if (--this.#countdown > 0 || this.#followed !== undefined) return;
    this.#countdown = this.#every;
    this.#followed = event;
    this.#open = this.#handlers;
    this.#publishedAt = this.#now();
  }

  /** Call at the end of each handler. The bus hands over made events by identity. */
  handled(event: object): void {
    if (event !== this.#followed || --this.#open > 0) return;
    this.#followed = undefined;
    this.histogram.record(this.#now() - this.#publishedAt);
  }
}
