/**
 * One subscription's way through one partition.
 *
 * On the plain way, where handlers are synchronous and succeed, the acknowledgement is the cursor
 * moving, and nothing is kept per event. A job is made when a handler returns a promise or fails. A
 * failed event moves out of the ring into its job, together with the later events of its key, so that
 * one poisoned event stops neither publishers nor other subscriptions.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import { TimeoutError } from "../errors.ts";
import { withoutStack } from "../internal/quiet.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import { delayAfter, mayRetry } from "../listener/backoff.ts";
import { isCircuitOpen } from "../listener/causes.ts";
import { Aside } from "./aside.ts";
import type { Key, ParkedKey, SubscriptionStats } from "./api.ts";
import { AttemptContext } from "./context.ts";
import type { CursorOwner, Failure, Job, JobOwner } from "./job.ts";
import type { Partition } from "./partition.ts";

/** Figures of a cursor, added up by its subscription. */
export interface CursorCounts {
  succeeded: number;
  deadLettered: number;
  retries: number;
  timedOut: number;
  zombies: number;
}

/** Reads one partition for one subscription. */
export class Cursor implements JobOwner {
  /** The place of the next event to hand out. */
  place: number;
  /** Where it began, and where it ended if it did. */
  readonly from: number;
  readonly counts: CursorCounts = {
    succeeded: 0,
    deadLettered: 0,
    retries: 0,
    timedOut: 0,
    zombies: 0,
  };
  readonly partition: Partition;
  readonly #owner: CursorOwner;
  readonly #listener: Listener<NovaEvent>;
  /** What the next first attempt sees. */
  #context: AttemptContext;
  #until: number | undefined;
  /** Handlers that have not settled, without the exempt ones: those give their slot to the next. */
  #running = 0;
  #exempt = 0;
  /** What it took out of the ring and is not done with. */
  readonly #aside: Aside;
  /** Dead letters that were delivered again. */
  #redriven = 0;
  #forgotten = false;
  /** Dead letters that were redriven before it came to them; it was never offered those. */
  #gone = 0;
  /** What was held when it ended. */
  #releasedHeld = 0;

  constructor(owner: CursorOwner, partition: Partition, place: number) {
    this.#owner = owner;
    this.#listener = owner.listenerOf(partition.index);
    this.partition = partition;
    this.#aside = new Aside(this, owner, partition);
    this.#context = new AttemptContext(owner, 1);
    Object.freeze(this.#context);
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
    return this.#aside.size;
  }

  /** Events that were accepted since it began and before it ended, and redriven ones. */
  get offered(): number {
    return (this.#until ?? this.partition.tail) - this.from - this.#gone +
      this.#redriven;
  }

  /** Events in the ring that it has not taken. */
  get queued(): number {
    return this.#until === undefined ? this.partition.tail - this.place : 0;
  }

  /** Events it was not given because it ended first. */
  get released(): number {
    return this.#until === undefined ? 0 : this.#until - this.place + this.#releasedHeld;
  }

  /** Events that were handled, or went to the dead letters. */
  get finished(): number {
    return this.counts.succeeded + this.counts.deadLettered;
  }

  /** Events it took and is not done with; only where somebody keeps account. */
  inHand(): Iterable<NovaEvent> {
    return this.#aside.inHand();
  }

  /** Its topic is gone: once nothing runs here, its subscription keeps the figures and forgets it. */
  forgotten(): void {
    if (this.inFlight === 0) this.#owner.detach(this);
    else this.#forgotten = true;
  }

  /** All of its figures. */
  tally(): Omit<SubscriptionStats, "id" | "slots" | "timing"> {
    const { offered, released, queued, held, inFlight } = this;
    return { offered, ...this.counts, released, queued, held, inFlight };
  }

  /** Whether it could hand out an event right now. */
  get runnable(): boolean {
    return this.#until === undefined && this.#running < this.#owner.maxConcurrency &&
      (this.#aside.ready > 0 || (this.place < this.partition.tail && this.#aside.hasRoom));
  }

  /** Whether closing has nothing to wait for here. */
  get idle(): boolean {
    return this.#running === 0 && this.#aside.ready === 0 &&
      (this.queued === 0 || !this.#aside.hasRoom);
  }

  /** Ends it: nothing more is handed out, and what waits is released. */
  end(): void {
    if (this.#until !== undefined) return;
    this.#releasedHeld = this.held;
    this.#until = this.partition.tail;
    this.#aside.clear();
    this.partition.detach(this);
  }

  /** Hands out events, at most `budget`; answers how many. */
  run(budget: number): number {
    let left = budget;
    while (left > 0 && this.#aside.ready > 0 && this.#running < this.#owner.maxConcurrency) {
      this.#start(this.#aside.next());
      left -= 1;
    }
    return budget - this.#take(left);
  }

  /** The plain way: events from the ring, in order. Answers what is left of the budget. */
  #take(budget: number): number {
    const owner = this.#owner;
    const listener = this.#listener;
    const partition = this.partition;
    const aside = this.#aside;
    const { calls } = owner;
    let left = budget;
    while (
      left > 0 && this.place < partition.tail && this.#running < owner.maxConcurrency &&
      // A handler may have ended its own subscription.
      this.#until === undefined && aside.hasRoom
    ) {
      left -= 1;
      const { place } = this;
      const event = partition.at(place);
      // A dead letter that was redriven is no longer there.
      if (event === undefined || aside.takes(event, place)) {
        this.place = place + 1;
        if (event === undefined) this.#gone += 1;
        continue;
      }
      const closeCalls = calls.close;
      const context = this.#context;
      let pending: Promise<unknown> | undefined;
      try {
        const result: unknown = listener(event, context);
        if (result !== undefined && isThenable(result)) pending = adopt(result);
      } catch (error) {
        this.place = place + 1;
        this.#fail(aside.claim(event, place), error);
        continue;
      }
      this.place = place + 1;
      if (pending === undefined) this.counts.succeeded += 1;
      else this.#await(aside.claim(event, place), context, pending, closeCalls);
    }
    return left;
  }

  /** Another attempt of a job, or the first one of an event that was parked. */
  #start(job: Job): void {
    const owner = this.#owner;
    const closeCalls = owner.calls.close;
    this.#aside.runs(job);
    if (job.attempt > 1) this.counts.retries += 1;
    const context = job.attempt === 1 ? this.#context : new AttemptContext(owner, job.attempt);
    Object.freeze(context);
    let pending: Promise<unknown> | undefined;
    try {
      const result: unknown = this.#listener(job.event, context);
      if (isThenable(result)) pending = adopt(result);
    } catch (error) {
      return this.#fail(job, error);
    }
    if (pending === undefined) this.#succeed(job);
    else this.#await(job, context, pending, closeCalls);
  }

  #await(
    job: Job,
    context: AttemptContext,
    pending: Promise<unknown>,
    closeCalls: number,
  ): void {
    this.#aside.runs(job);
    if (context === this.#context) this.#context = new AttemptContext(this.#owner, 1);
    context.keep();
    job.context = context;
    const { topic, id, calls } = this.#owner;
    job.duty = calls.roster?.begin({ station: [topic, id] }, job.attempt);
    job.exempt = calls.close !== closeCalls;
    if (job.exempt) this.#exempt += 1;
    else {
      this.#running += 1;
      this.#owner.group?.occupy(context.subscription, this.partition.index);
    }
    this.#owner.limit?.add(job);
    pending.then(job.succeeded, job.failed);
  }

  /** A handler's promise settled. */
  settle(job: Job, error: unknown, failed: boolean): void {
    if (job.fenced) {
      this.counts.zombies -= 1;
      return;
    }
    this.#owner.limit?.delete(job);
    this.#leave(job);
    const { failure, delayed } = job;
    if (failure !== undefined) {
      // The attempt had failed before; now its handler is out of the way.
      job.failure = job.delayed = undefined;
      if (delayed !== undefined) this.#owner.delays.delete(delayed);
      this.#fail(job, failure);
    } else if (failed) this.#fail(job, error);
    else this.#succeed(job);
    this.#left();
  }

  /** A handler takes too long: its attempt has failed, but its lane stays with it. */
  overdue(job: Job): void {
    const { id, deadlineMs, abandonMs, delays } = this.#owner;
    this.counts.timedOut += 1;
    job.failure = withoutStack(() => new TimeoutError(`a handler of "${id}"`, deadlineMs));
    if (abandonMs < Infinity) job.delayed = delays.add(job, abandonMs);
    job.context!.abort(job.failure);
  }

  /** A handler is given up: it no longer stands in the way of its lane, and may do what it likes. */
  #abandon(job: Job): void {
    const next = job.successor();
    this.#aside.ran(job);
    this.counts.zombies += 1;
    this.#leave(job);
    this.#fail(next, job.failure);
    this.#left();
  }

  /** A handler gives back its slot. */
  #leave(job: Job): void {
    if (job.duty !== undefined) this.#owner.calls.roster?.end(job.duty);
    if (job.exempt) this.#exempt -= 1;
    else {
      this.#running -= 1;
      this.#owner.group?.vacate(job.context!.subscription, this.partition.index);
    }
  }

  /** What follows when something that was waited for is over. */
  #left(): void {
    if (this.#until !== undefined) this.#owner.settledLate(this);
    if (this.#forgotten && this.inFlight === 0) this.#owner.detach(this);
    this.partition.resume(this);
  }

  #succeed(job: Job): void {
    this.counts.succeeded += 1;
    this.#aside.ran(job);
    this.#aside.release(job);
  }

  #fail(job: Job, error: unknown): void {
    const { retry } = this.#owner;
    // An open circuit was no attempt: the event waits for it, and never becomes a dead letter.
    const refused = isCircuitOpen(error);
    if (!refused && (job.attempt >= retry.attempts || !mayRetry(retry, error))) {
      this.#failForGood(job, error);
    } else if (this.#until !== undefined) {
      this.#giveUp(job);
    } else {
      const delay = refused
        ? error.retryAfterMs
        : delayAfter(retry, job.attempt, error, () => this.#owner.random());
      if (!refused) job.attempt += 1;
      this.#aside.wait(job, delay);
      this.#aside.ran(job);
    }
  }

  /** It failed after its cursor had ended: nobody tries again. */
  #giveUp(job: Job): void {
    this.#releasedHeld += 1;
    this.#aside.leave(job);
  }

  #failForGood(job: Job, error: unknown): void {
    const { onFailure, id: subscription } = this.#owner;
    const { event, attempt: attempts, redrives } = job;
    const failure: Failure = { subscription, event, error, attempts, redrives };
    const buried = onFailure !== "hold" && this.#owner.bury(failure);
    if (typeof buried === "boolean") return this.#afterBurial(job, error, buried);
    // A letter on its way to a log: the event has its slot until it is there.
    this.#running += 1;
    this.#aside.runs(job);
    buried.then((isThere) => {
      this.#running -= 1;
      this.#afterBurial(job, error, isThere);
      this.#left();
    });
  }

  #afterBurial(job: Job, error: unknown, isThere: boolean): void {
    if (isThere) {
      this.counts.deadLettered += 1;
      if (this.#owner.onFailure === "park-key" && this.#until === undefined) {
        this.#aside.parkKey(this.#owner.keyOf(job.event));
      }
      this.#aside.release(job);
    } else if (this.#until === undefined) this.#aside.hold(job, error);
    else return this.#giveUp(job);
    this.#aside.ran(job);
  }

  /** The keys that are parked here. */
  get parkedKeys(): Iterable<Key> {
    return this.#aside.parkedKeys;
  }

  /** Sets later events of a key aside. */
  parkKey(key: Key): void {
    this.#aside.parkKey(key);
  }

  /** The keys that stand still here. */
  parked(): ParkedKey[] {
    return this.#aside.parked();
  }

  /** Lets a key go on; false when it does not stand still. */
  releaseKey(key: Key): boolean {
    if (!this.#aside.releaseKey(key)) return false;
    this.partition.wake();
    return true;
  }

  /** Delivers an event again; false when nothing more may be set aside. */
  redrive(event: NovaEvent, redrives: number): boolean {
    if (this.held >= this.partition.maxHeld || this.#until !== undefined) return false;
    this.#redriven += 1;
    this.#aside.redrive(event, redrives);
    this.partition.wake();
    return true;
  }

  /** Tries to bury again what had no room. */
  buryHeld(): void {
    if (this.#owner.onFailure === "hold") return;
    for (const { job, error } of this.#aside.takeHeld()) this.#failForGood(job, error);
    this.partition.wake();
  }

  /** The time of a job's next attempt has come, or that of giving its handler up. */
  due(job: Job): void {
    job.delayed = undefined;
    if (job.failure !== undefined) return this.#abandon(job);
    this.#aside.due(job);
    this.partition.resume(this);
  }
}
