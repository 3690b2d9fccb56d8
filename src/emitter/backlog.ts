/**
 * Events that were accepted to be delivered later: bounded, in order, and never in the way of the
 * event loop.
 */

import { BufferFullError, type ClosedError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import type { Env } from "../internal/env.ts";
import type { Overflow } from "../queue/overflow.ts";
import { Pacer } from "../queue/pacer.ts";
import type { Pool } from "../queue/pool.ts";
import { Ring } from "../queue/ring.ts";
import { WaitingLine } from "../queue/waiting_line.ts";
import { PoolDrain } from "./pool_drain.ts";

/** What may be spent before other work of the process gets its turn: a delivery costs 1 … */
const BURST = 4096;

/** … or, in a batch of fewer than this, … */
const SMALL = 8;

/** … so much, as only one small batch in eight has its time taken. */
const SMALL_COST = 4;

/** So many milliseconds spend all there is: half of the shortest timer. */
const SLICE_MS = 0.5;

/** The clock is read at delivery 8, 16, 32, … and in the end every so many. */
const CLOCK_EVERY = 128;

/** What `enqueue` answers when an event is in: one promise for all. */
export const ACCEPTED: Promise<boolean> = Promise.resolve(true);
const DROPPED: Promise<boolean> = Promise.resolve(false);

/** What a backlog asks of its emitter. */
export interface BacklogOwner {
  /** Delivers one event; answers a promise when that takes longer than this turn, or failed. */
  start(event: Emitted): Promise<void> | undefined;
  /** Told when nothing is left to deliver. */
  drained(): void;
  /** Told of each event that was accepted and then dropped. */
  dropped(event: Emitted): void;
}

/** What a backlog is made of. */
export interface BacklogOptions {
  readonly what: string;
  readonly bufferSize: number;
  readonly maxConcurrency: number;
  readonly overflow: Overflow;
  readonly waitMs: number;
  /** Where events are delivered, if not here. */
  readonly pool: Pool | undefined;
  readonly env: Env;
  readonly owner: BacklogOwner;
}

/** The waiting events of one emitter, and those of them that are in flight. */
export class Backlog {
  readonly #options: BacklogOptions;
  // Read for every event, so not through the options.
  readonly #owner: BacklogOwner;
  readonly #env: Env;
  readonly #maxConcurrency: number;
  readonly #ring: Ring<Emitted>;
  readonly #line: WaitingLine<Emitted, true>;
  readonly #pacer: Pacer;
  /** Whether new events may go straight into the ring: it is not closed, and nobody waits. */
  #open = true;
  #closed = false;
  /** Whether a drain is on its way. */
  #awake = false;
  #running = 0;
  #dropped = 0;
  #refused = 0;
  #timedOut = 0;
  /** Events that left the ring for their listeners, and those that left it for nobody. */
  #delivered = 0;
  #evicted = 0;
  #smallBatches = 0;
  #onPool: PoolDrain | undefined;

  constructor(options: BacklogOptions) {
    const { what, bufferSize, waitMs, env } = options;
    this.#options = options;
    this.#owner = options.owner;
    this.#env = env;
    this.#maxConcurrency = options.maxConcurrency;
    this.#ring = new Ring(bufferSize);
    this.#pacer = new Pacer(env, BURST, () => this.#drain());
    this.#line = new WaitingLine(env, waitMs, () => {
      this.#timedOut += 1;
      return new BufferFullError(what, bufferSize, waitMs);
    });
    if (options.pool !== undefined) this.#onPool = this.#drainOn(options.pool);
  }

  /** Accepted events that no listener has seen yet. */
  get queued(): number {
    return this.#ring.length;
  }

  /** How many may be queued. */
  get bufferSize(): number {
    return this.#options.bufferSize;
  }

  /** How many of them may be in flight at once. */
  get maxConcurrency(): number {
    return this.#maxConcurrency;
  }

  /** Accepted events that were then dropped, or new ones a policy dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Events that were accepted so far. */
  get enqueued(): number {
    return this.#delivered + this.#evicted + this.#ring.length;
  }

  /** Events that found no room, or whose producer stopped waiting. */
  get refused(): number {
    return this.#refused + this.#line.refused;
  }

  /** Of those, the ones whose producer waited in vain. */
  get timedOut(): number {
    return this.#timedOut;
  }

  /** Producers that wait for room. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Accepts an event if that needs no thought; if not, {@linkcode add} and its like decide. */
  offer(event: Emitted): boolean {
    if (!this.#open || !this.#ring.push(event)) return false;
    if (!this.#awake) this.#schedule();
    return true;
  }

  /** Accepts an event now, or says no; it never waits. */
  tryAdd(event: Emitted): boolean {
    if (this.#push(event)) return true;
    const { overflow } = this.#options;
    if (overflow === "drop-oldest") return this.#replaceOldest(event);
    if (overflow === "drop-newest") this.#dropped += 1;
    else this.#refused += 1;
    return false;
  }

  /** Accepts an event as the overflow policy says: true when it is in, false when it was dropped. */
  add(event: Emitted, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#push(event)) return ACCEPTED;
    const { overflow, what, bufferSize } = this.#options;
    if (overflow === "wait") {
      this.#open = false;
      return this.#line.join(event, signal);
    }
    if (overflow === "reject") {
      this.#refused += 1;
      return Promise.reject(new BufferFullError(what, bufferSize));
    }
    if (overflow === "drop-oldest") {
      this.#replaceOldest(event);
      return ACCEPTED;
    }
    this.#dropped += 1;
    return DROPPED;
  }

  /** Sends the waiting producers away, and offers with them; what is queued stays. */
  close(reason: ClosedError): void {
    this.#closed = true;
    this.#open = false;
    this.#line.refuseAll(reason);
  }

  /** Gives up what is queued; it counts as dropped. */
  clear(): number {
    this.#onPool?.[Symbol.dispose]();
    const { length } = this.#ring;
    for (let event = this.#ring.shift(); event !== undefined; event = this.#ring.shift()) {
      this.#drop(event);
    }
    return length;
  }

  #push(event: Emitted): boolean {
    // Nobody overtakes a producer that waits.
    if (this.#line.length > 0) return false;
    this.#open = !this.#closed;
    if (!this.#ring.push(event)) return false;
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
    if (this.#running >= this.#maxConcurrency) return;
    this.#awake = true;
    this.#pacer.schedule();
  }

  /** Delivers until nothing is left, too much is in flight, or the loop is owed a break. */
  #drain(): void {
    this.#awake = false;
    if (this.#onPool !== undefined) {
      this.#onPool.ask();
      return;
    }
    // A listener that enqueues wakes it before its own promise has taken the last slot.
    if (this.#running >= this.#maxConcurrency) return;
    const { left } = this.#pacer;
    const ring = this.#ring;
    const owner = this.#owner;
    const small = ring.length < SMALL;
    const timed = !small || ++this.#smallBatches % SMALL === 0;
    const began = timed ? this.#env.monotonic() : 0;
    let delivered = 0;
    let elapsed = 0;
    let lookAt = SMALL;
    while (delivered < left && elapsed < SLICE_MS) {
      const event = ring.shift();
      if (event === undefined) break;
      delivered += 1;
      const pending = owner.start(event);
      if (pending !== undefined && this.#await(pending) >= this.#maxConcurrency) break;
      if (delivered === lookAt && timed) {
        elapsed = this.#env.monotonic() - began;
        lookAt += Math.min(lookAt, CLOCK_EVERY);
      }
    }
    this.#delivered += delivered;
    if (small && timed) elapsed = this.#env.monotonic() - began;
    const cost = small ? delivered * SMALL_COST : delivered;
    this.#pacer.spend(Math.max(cost, elapsed / SLICE_MS * BURST));
    this.#letIn();
    if (ring.length > 0) this.#schedule();
    else owner.drained();
  }

  #drainOn(pool: Pool): PoolDrain {
    const ring = this.#ring;
    const owner = this.#owner;
    return new PoolDrain({
      pool,
      limit: this.#maxConcurrency,
      env: this.#env,
      queued: () => ring.length,
      deliver: () => {
        const event = ring.shift();
        if (event === undefined) return undefined;
        this.#delivered += 1;
        this.#pacer.spend(SMALL_COST);
        const pending = owner.start(event);
        this.#letIn();
        if (ring.length === 0) owner.drained();
        return pending;
      },
      done: () => {
        if (ring.length > 0) this.#schedule();
      },
      // What was accepted is delivered, if need be without the pool.
      gone: () => {
        this.#onPool = undefined;
        if (ring.length > 0) this.#schedule();
      },
    });
  }

  #letIn(): void {
    if (this.#line.length > 0) this.#line.admit(this.#admit);
  }

  readonly #admit = (event: Emitted): true | undefined => this.#ring.push(event) ? true : undefined;

  /** Answers how many are in flight with this one. */
  #await(delivery: Promise<void>): number {
    delivery.then(this.#settled, (error) => {
      this.#env.report(error);
      this.#settled();
    });
    return this.#running += 1;
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
    this.#evicted += 1;
    this.#owner.dropped(event);
  }
}
