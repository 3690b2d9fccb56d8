/**
 * One subscription's way through one partition.
 *
 * On the plain way, where handlers are synchronous and succeed, the acknowledgement is the cursor
 * moving, and nothing is kept per event. A job is made when a handler returns a promise or fails. A
 * failed event moves out of the ring into its job, together with the later events of its key, so that
 * one poisoned event stops neither publishers nor other subscriptions.
 */

import { TerminalError } from "../errors.ts";
import type { NovaEvent } from "../event/event.ts";
import type { Listener, ListenerContext, Subscription } from "../event/listener.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import { type Retry, retryDelay } from "../listener/backoff.ts";
import type { Delayed, DelayQueue } from "../queue/delay_queue.ts";
import { Lanes } from "../queue/lanes.ts";
import { powerOfTwo, Ring } from "../queue/ring.ts";
import type { Partition } from "./partition.ts";

/** Lanes per event that may run at once: few enough keys then share a lane. */
const LANES_PER_SLOT = 16;
const FEWEST_LANES = 256;
/** More would cost memory that no number of running handlers pays back. */
const MOST_LANES = 65_536;

/** What a cursor sets aside is bounded as a whole, by `maxHeld`. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** The lane of events of a topic without keys. */
const NO_LANE = -1;

/** What a cursor asks of its subscription. */
export interface CursorOwner extends Subscription {
  readonly listener: Listener<NovaEvent>;
  readonly maxConcurrency: number;
  readonly maxHeld: number;
  readonly keyed: boolean;
  readonly retry: Retry;
  readonly delays: DelayQueue<Job>;
  /** How often the bus was told to close. */
  readonly closeCalls: number;
  random(): number;
  stopSignal(): AbortSignal;
  /** Takes an event that failed for good; false when there is no room, so that it stays held. */
  bury(event: NovaEvent, error: unknown, attempts: number): boolean;
  /** A handler settled after the subscription had ended. */
  settledLate(): void;
}

/** One event on its way through attempts, outside the ring. */
export class Job {
  readonly cursor: Cursor;
  readonly event: NovaEvent;
  readonly lane: number;
  attempt: number;
  /** Whether its handler called `close`, which then does not wait for it. */
  exempt = false;
  delayed: Delayed<Job> | undefined;

  constructor(cursor: Cursor, event: NovaEvent, lane: number, attempt: number) {
    this.cursor = cursor;
    this.event = event;
    this.lane = lane;
    this.attempt = attempt;
  }

  readonly succeeded = (): void => this.cursor.settle(this, undefined, false);
  readonly failed = (error: unknown): void => this.cursor.settle(this, error, true);
}

/** The context of an attempt; the one of first attempts is shared. */
class AttemptContext implements ListenerContext {
  readonly attempt: number;
  readonly subscription: Subscription;
  readonly #owner: CursorOwner;

  constructor(owner: CursorOwner, attempt: number) {
    this.attempt = attempt;
    this.subscription = owner;
    this.#owner = owner;
  }

  get signal(): AbortSignal {
    return this.#owner.stopSignal();
  }
}

/** Figures of a cursor, added up by its subscription. */
export interface CursorCounts {
  succeeded: number;
  deadLettered: number;
  retries: number;
}

/** Reads one partition for one subscription. */
export class Cursor {
  /** The place of the next event to hand out. */
  place: number;
  /** Where it began, and where it ended if it did. */
  readonly from: number;
  readonly counts: CursorCounts = { succeeded: 0, deadLettered: 0, retries: 0 };
  readonly #partition: Partition;
  readonly #owner: CursorOwner;
  readonly #context: ListenerContext;
  #until: number | undefined;
  /** Handlers that have not settled, without the exempt ones: those give their slot to the next. */
  #running = 0;
  #exempt = 0;
  /** Jobs that wait for their next attempt, or that no dead-letter topic had room for. */
  readonly #waiting = new Set<Job>();
  /** Jobs that may start as soon as there is a slot: due retries, and successors in a lane. */
  #ready: Ring<Job> = new Ring(UNBOUNDED);
  /** Made at the first event that needs it. */
  #lanes: Lanes<NovaEvent> | undefined;
  /** What was held when it ended. */
  #releasedHeld = 0;

  constructor(owner: CursorOwner, partition: Partition, place: number) {
    this.#owner = owner;
    this.#partition = partition;
    this.#context = Object.freeze(new AttemptContext(owner, 1));
    this.place = place;
    this.from = place;
  }

  /** Handlers that have not settled. */
  get inFlight(): number {
    return this.#running + this.#exempt;
  }

  /** Of those, the ones that closing does not wait for. */
  get exempt(): number {
    return this.#exempt;
  }

  /** Events set aside. */
  get held(): number {
    return this.#waiting.size + this.#ready.length + (this.#lanes?.parked ?? 0);
  }

  /** Events that were accepted since it began and before it ended. */
  get offered(): number {
    return (this.#until ?? this.#partition.tail) - this.from;
  }

  /** Events in the ring that it has not taken. */
  get queued(): number {
    return this.#until === undefined ? this.#partition.tail - this.place : 0;
  }

  /** Events it was not given because it ended first. */
  get released(): number {
    return this.#until === undefined ? 0 : this.#until - this.place + this.#releasedHeld;
  }

  /** Whether it could hand out an event right now. */
  get runnable(): boolean {
    return this.#until === undefined && this.#running < this.#owner.maxConcurrency &&
      (this.#ready.length > 0 || (this.place < this.#partition.tail && this.#mayTake()));
  }

  /** Whether closing has nothing to wait for here. */
  get idle(): boolean {
    return this.#running === 0 && this.#ready.length === 0 &&
      (this.queued === 0 || !this.#mayTake());
  }

  /** Ends it: nothing more is handed out, and what waits is released. */
  end(): void {
    if (this.#until !== undefined) return;
    this.#releasedHeld = this.held;
    this.#until = this.#partition.tail;
    for (const { delayed } of this.#waiting) {
      if (delayed !== undefined) this.#owner.delays.delete(delayed);
    }
    this.#waiting.clear();
    this.#ready = new Ring(UNBOUNDED);
    this.#lanes = undefined;
    this.#partition.detach(this);
  }

  /** Hands out events, at most `budget`; answers how many. */
  run(budget: number): number {
    let left = budget;
    while (left > 0 && this.#ready.length > 0 && this.#running < this.#owner.maxConcurrency) {
      this.#start(this.#ready.shift()!);
      left -= 1;
    }
    return budget - this.#take(left);
  }

  /** The plain way: events from the ring, in order. Answers what is left of the budget. */
  #take(budget: number): number {
    const owner = this.#owner;
    const { listener, keyed } = owner;
    const partition = this.#partition;
    const context = this.#context;
    let left = budget;
    while (
      left > 0 && this.place < partition.tail && this.#running < owner.maxConcurrency &&
      // A handler may have ended its own subscription.
      this.#until === undefined && this.#mayTake()
    ) {
      left -= 1;
      const { place } = this;
      const event = partition.at(place);
      const lane = keyed && this.#lanes !== undefined
        ? this.#lanes.of(partition.hashAt(place))
        : NO_LANE;
      if (lane !== NO_LANE && this.#lanes!.isBusy(lane)) {
        this.#lanes!.park(lane, event);
        this.place = place + 1;
        continue;
      }
      const { closeCalls } = owner;
      let pending: Promise<unknown> | undefined;
      try {
        const result: unknown = listener(event, context);
        if (result !== undefined && isThenable(result)) pending = adopt(result);
      } catch (error) {
        this.place = place + 1;
        this.#fail(this.#claim(event, place), error);
        continue;
      }
      this.place = place + 1;
      if (pending === undefined) this.counts.succeeded += 1;
      else this.#await(this.#claim(event, place), pending, closeCalls);
    }
    return left;
  }

  /** Room for what may have to be set aside: without it, the next event stays in the ring. */
  #mayTake(): boolean {
    return this.#waiting.size === 0 && this.#lanes === undefined ||
      this.held < this.#owner.maxHeld;
  }

  /** A job for an event that cannot be done with at once; its lane is claimed. */
  #claim(event: NovaEvent, place: number): Job {
    const { keyed, maxConcurrency, maxHeld } = this.#owner;
    if (!keyed) return new Job(this, event, NO_LANE, 1);
    this.#lanes ??= new Lanes(
      Math.max(FEWEST_LANES, powerOfTwo(Math.min(MOST_LANES, LANES_PER_SLOT * maxConcurrency))),
      maxHeld,
    );
    const lane = this.#lanes.of(this.#partition.hashAt(place));
    this.#lanes.claim(lane);
    return new Job(this, event, lane, 1);
  }

  /** Another attempt of a job, or the first one of an event that was parked. */
  #start(job: Job): void {
    const owner = this.#owner;
    const { closeCalls } = owner;
    if (job.attempt > 1) this.counts.retries += 1;
    const context = job.attempt === 1
      ? this.#context
      : Object.freeze(new AttemptContext(owner, job.attempt));
    let pending: Promise<unknown> | undefined;
    try {
      const result: unknown = owner.listener(job.event, context);
      if (isThenable(result)) pending = adopt(result);
    } catch (error) {
      return this.#fail(job, error);
    }
    if (pending === undefined) this.#succeed(job);
    else this.#await(job, pending, closeCalls);
  }

  #await(job: Job, pending: Promise<unknown>, closeCalls: number): void {
    job.exempt = this.#owner.closeCalls !== closeCalls;
    if (job.exempt) this.#exempt += 1;
    else this.#running += 1;
    pending.then(job.succeeded, job.failed);
  }

  /** A handler's promise settled. */
  settle(job: Job, error: unknown, failed: boolean): void {
    if (job.exempt) this.#exempt -= 1;
    else this.#running -= 1;
    if (failed) this.#fail(job, error);
    else this.#succeed(job);
    if (this.#until !== undefined) this.#owner.settledLate();
    this.#partition.resume(this);
  }

  #succeed(job: Job): void {
    this.counts.succeeded += 1;
    this.#release(job);
  }

  #fail(job: Job, error: unknown): void {
    const { retry, delays } = this.#owner;
    if (job.attempt >= retry.attempts || isTerminal(error)) {
      if (this.#owner.bury(job.event, error, job.attempt)) {
        this.counts.deadLettered += 1;
        this.#release(job);
      } else if (this.#until === undefined) this.#waiting.add(job);
      else this.#releasedHeld += 1;
    } else if (this.#until !== undefined) {
      this.#releasedHeld += 1;
    } else {
      const delay = retryDelay(retry, job.attempt, () => this.#owner.random());
      job.attempt += 1;
      this.#waiting.add(job);
      job.delayed = delays.add(job, delay);
    }
  }

  /** The time of a job's next attempt has come. */
  due(job: Job): void {
    job.delayed = undefined;
    this.#waiting.delete(job);
    this.#ready.push(job);
    this.#partition.resume(this);
  }

  /** A job is done: the next event of its lane may start. */
  #release(job: Job): void {
    if (job.lane === NO_LANE || this.#lanes === undefined) return;
    const next = this.#lanes.release(job.lane);
    if (next !== undefined) this.#ready.push(new Job(this, next, job.lane, 1));
  }
}

/** Whether a handler said that another attempt is useless. It may have thrown anything, also a proxy. */
function isTerminal(error: unknown): boolean {
  try {
    return error instanceof TerminalError;
  } catch {
    return false;
  }
}
