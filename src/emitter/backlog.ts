/**
 * Events that were accepted to be delivered later: bounded, in order, and never in the way of the
 * event loop.
 */

import { BufferFullError, type ClosedError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import type { Env } from "../internal/env.ts";
import type { Overflow } from "../queue/overflow.ts";
import { Pacer } from "../queue/pacer.ts";
import { Ring } from "../queue/ring.ts";
import { WaitingLine } from "../queue/waiting_line.ts";

/** Deliveries before other work of the process gets its turn … */
const BURST = 1024;

/** … or fewer when they take long: the clock is read every so many deliveries … */
const CLOCK_EVERY = 128;

/** … and a burst ends after so many milliseconds. */
const SLICE_MS = 1;

const ACCEPTED: Promise<boolean> = Promise.resolve(true);
const DROPPED: Promise<boolean> = Promise.resolve(false);

/** What a backlog asks of its emitter. */
export interface BacklogOwner {
  /** Delivers one event; answers a promise when that takes longer than this turn, or failed. */
  start(event: Emitted): Promise<void> | undefined;
  /** Told when nothing is left to deliver. */
  drained(): void;
  /** Told of each event that was accepted, or offered, and then dropped. */
  dropped(event: Emitted): void;
}

/** What a backlog is made of. */
export interface BacklogOptions {
  readonly what: string;
  readonly bufferSize: number;
  readonly maxConcurrency: number;
  readonly overflow: Overflow;
  readonly waitMs: number;
  readonly env: Env;
  readonly owner: BacklogOwner;
}

/** The waiting events of one emitter, and those of them that are in flight. */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #ring: Ring<Emitted>;
  readonly #line: WaitingLine<Emitted, true>;
  readonly #pacer: Pacer;
  #running = 0;
  #dropped = 0;

  constructor(options: BacklogOptions) {
    const { what, bufferSize, waitMs, env } = options;
    this.#options = options;
    this.#ring = new Ring(bufferSize);
    this.#pacer = new Pacer(env, BURST, () => this.#drain());
    this.#line = new WaitingLine(env, waitMs, () => new BufferFullError(what, bufferSize, waitMs));
  }

  /** Accepted events that no listener has seen yet. */
  get queued(): number {
    return this.#ring.length;
  }

  /** Accepted events that were then dropped, or new ones a policy dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Producers that wait for room. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Accepts an event now, or says no; it never waits. */
  tryAdd(event: Emitted): boolean {
    if (this.#push(event)) return true;
    const { overflow } = this.#options;
    if (overflow === "drop-oldest") return this.#replaceOldest(event);
    if (overflow === "drop-newest") this.#drop(event);
    return false;
  }

  /** Accepts an event as the overflow policy says: true when it is in, false when it was dropped. */
  add(event: Emitted, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#push(event)) return ACCEPTED;
    const { overflow, what, bufferSize } = this.#options;
    if (overflow === "wait") return this.#line.join(event, signal);
    if (overflow === "reject") return Promise.reject(new BufferFullError(what, bufferSize));
    if (overflow === "drop-oldest") {
      this.#replaceOldest(event);
      return ACCEPTED;
    }
    this.#drop(event);
    return DROPPED;
  }

  /** Sends the waiting producers away. */
  refuseWaiting(reason: ClosedError): void {
    this.#line.refuseAll(reason);
  }

  /** Gives up what is queued; it counts as dropped. */
  clear(): number {
    const { length } = this.#ring;
    for (let event = this.#ring.shift(); event !== undefined; event = this.#ring.shift()) {
      this.#drop(event);
    }
    return length;
  }

  #push(event: Emitted): boolean {
    // Nobody overtakes a producer that waits.
    if (this.#line.length > 0 || !this.#ring.push(event)) return false;
    this.#schedule();
    return true;
  }

  #replaceOldest(event: Emitted): true {
    this.#drop(this.#ring.shift()!);
    this.#ring.push(event);
    this.#schedule();
    return true;
  }

  #schedule(): void {
    if (this.#running < this.#options.maxConcurrency) this.#pacer.schedule();
  }

  #drain(): void {
    const { owner, maxConcurrency, env } = this.#options;
    const ring = this.#ring;
    const pacer = this.#pacer;
    // Small batches are done before a clock would tell anything.
    const began = ring.length >= CLOCK_EVERY ? env.monotonic() : 0;
    while (pacer.left > 0 && ring.length > 0 && this.#running < maxConcurrency) {
      if (began !== 0 && env.monotonic() - began > SLICE_MS) pacer.exhaust();
      pacer.spend(this.#deliver(Math.min(CLOCK_EVERY, pacer.left)));
    }
    if (this.#line.length > 0) this.#line.admit(this.#admit);
    if (ring.length > 0) this.#schedule();
    else owner.drained();
  }

  /** Delivers up to `most` events; answers how many. */
  #deliver(most: number): number {
    const { owner, maxConcurrency } = this.#options;
    const ring = this.#ring;
    let delivered = 0;
    while (delivered < most && this.#running < maxConcurrency) {
      const event = ring.shift();
      if (event === undefined) break;
      delivered += 1;
      const pending = owner.start(event);
      if (pending !== undefined) this.#await(pending);
    }
    return delivered;
  }

  readonly #admit = (event: Emitted): true | undefined => this.#ring.push(event) ? true : undefined;

  #await(delivery: Promise<void>): void {
    this.#running += 1;
    delivery.then(this.#settled, (error) => {
      this.#options.env.report(error);
      this.#settled();
    });
  }

  readonly #settled = (): void => {
    this.#running -= 1;
    if (this.#ring.length === 0 || this.#pacer.scheduled) return;
    // The turn of a settled promise goes straight on, unless the loop is owed a break.
    if (this.#pacer.left > 0) this.#drain();
    else this.#schedule();
  };

  #drop(event: Emitted): void {
    this.#dropped += 1;
    this.#options.owner.dropped(event);
  }
}
