// How long an event takes from publish until every subscription has handled it, sampled.

import { Histogram } from "@nova/events/metrics";

/** When a followed event was published, and how many handlers have yet to handle it. */
interface Followed {
  readonly event: object;
  readonly publishedAt: number;
  open: number;
}

/** Follows every n-th event; no clock is read for the others. */
export class LatencyProbe {
  /** Milliseconds. */
  readonly histogram: Histogram = new Histogram();
  readonly #handlers: number;
  readonly #every: number;
  readonly #now: () => number;
  /** A handful: to compare with each is cheaper than to look up in a map. */
  readonly #followed: Followed[] = [];
  #countdown = 0;

  /** `handlers` is how often {@link handled} is called for one event. */
  constructor(handlers: number, every: number, now: () => number = () => performance.now()) {
    this.#handlers = handlers;
    this.#every = every;
    this.#now = now;
  }

  /** Call before each publish. */
  publishing(event: object): void {
    if (--this.#countdown > 0) return;
    this.#countdown = this.#every;
    this.#followed.push({ event, publishedAt: this.#now(), open: this.#handlers });
  }

  /** Call at the end of each handler. The bus hands over made events by identity. */
  handled(event: object): void {
    const followed = this.#followed;
    for (let i = 0; i < followed.length; i++) {
      const one = followed[i]!;
      if (one.event !== event) continue;
      one.open--;
      if (one.open > 0) return;
      followed.splice(i, 1);
      this.histogram.record(this.#now() - one.publishedAt);
      return;
    }
  }
}
