/**
 * One subscription's way through one partition.
 *
 * On the plain way, where handlers are synchronous and succeed, the acknowledgement is the cursor
 * moving, and nothing is kept per event. A job is made when a handler returns a promise or fails. A
 * failed event moves out of the ring into its job, together with the later events of its key, so that
 * one poisoned event stops neither publishers nor other subscriptions.
 */

import type { NovaEvent } from "../event/event.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import { Aside } from "./aside.ts";
import type { Key, ParkedKey } from "./api.ts";
import type { TopicListener } from "./context_api.ts";
import type { CursorOwner, Job, JobOwner } from "./job.ts";
import type { Giver } from "./context.ts";
import { Failures } from "./failures.ts";
import { Lag } from "./lag.ts";
import type { Tally } from "./tally.ts";
import type { Partition } from "./partition.ts";
import { Runs } from "./runs.ts";

/** Figures of a cursor, added up by its subscription. */
export interface CursorCounts {
  succeeded: number;
  failed: number;
  deadLettered: number;
  expired: number;
  dropped: number;
  retries: number;
  timedOut: number;
  zombies: number;
}

/** Reads one partition for one subscription. */
export class Cursor implements JobOwner, Giver {
  /** The place of the next event to hand out. */
  place: number;
  /** Where it began, and where it ended if it did. */
  readonly from: number;
  readonly counts: CursorCounts = {
    succeeded: 0,
    failed: 0,
    deadLettered: 0,
    expired: 0,
    dropped: 0,
    retries: 0,
    timedOut: 0,
    zombies: 0,
  };
  readonly partition: Partition;
  readonly #owner: CursorOwner;
  readonly #listener: TopicListener;
  /** Whether handlers are being called with events from the ring, or with which other one. */
  #taking = false;
  #starting: NovaEvent | undefined;
  #until: number | undefined;
  /** Its handlers that have not settled. */
  readonly #runs: Runs;
  readonly #failures: Failures;
  /** What it took out of the ring and is not done with. */
  readonly #aside: Aside;
  readonly #lag: Lag;
  /**
   * What it was offered beside the events of the ring: redriven ones and news of gaps, less the dead
   * letters that were redriven before it came to them.
   */
  extra = 0;
  #forgotten = false;
  /** What was held when it ended. */
  #releasedHeld = 0;

  constructor(owner: CursorOwner, partition: Partition, place: number) {
    this.#owner = owner;
    this.#listener = owner.listenerOf(partition.index);
    this.partition = partition;
    this.#aside = new Aside(this, owner, partition);
    this.#runs = new Runs(this, this.#aside, owner);
    this.#failures = new Failures(this, this.#aside, this.#runs, owner);
    this.place = place;
    this.from = place;
    this.#lag = new Lag(this, this.#aside, owner);
  }

  /** Whether it holds publishers back rather than being overtaken by them. */
  get gates(): boolean {
    return this.#lag.gates;
  }

  /** Whether it reads events that were there before it. */
  get isCatchingUp(): boolean {
    return this.#lag.isCatchingUp;
  }

  /** Whether it hands out nothing more. */
  get hasEnded(): boolean {
    return this.#until !== undefined;
  }

  get current(): NovaEvent | undefined {
    if (this.#starting !== undefined) return this.#starting;
    if (!this.#taking) return undefined;
    return this.partition.at(this.#owner.isAtMostOnce ? this.place - 1 : this.place);
  }

  get station(): readonly string[] {
    return [this.#owner.topic, this.#owner.id];
  }

  /** Handlers that have not settled. */
  get inFlight(): number {
    return this.#runs.running + this.#runs.exempt;
  }

  /** Of those, the ones that closing does not wait for. */
  get exempt(): number {
    return this.#runs.exempt;
  }

  /** Events set aside. */
  get held(): number {
    return this.#aside.size;
  }

  /** Events in the ring that it has not taken. */
  get queued(): number {
    return this.#until === undefined ? this.partition.tail - this.place : 0;
  }

  /** Events that were handled, or went to the dead letters. */
  get finished(): number {
    const { succeeded, failed, deadLettered, expired } = this.counts;
    return succeeded + failed + deadLettered + expired;
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
  tally(): Tally {
    const { from, place, queued, held, inFlight } = this;
    const { stops } = this.#aside;
    const { givenUp } = this.#failures;
    const until = this.#until;
    return {
      ...this.counts,
      offered: (until ?? this.partition.tail) - from + this.extra,
      released: until === undefined ? 0 : until - place + this.#releasedHeld + givenUp,
      queued,
      held,
      inFlight,
      lag: queued + held + inFlight,
      stops,
    };
  }

  /** Events that failed for good and are held. */
  get stuck(): number {
    return this.#aside.stuck;
  }

  /** The time that the oldest event has which waits here; Infinity if none does. */
  get oldestTime(): number {
    const next = this.queued > 0 ? this.partition.at(this.place) : undefined;
    return Math.min(this.#aside.oldestTime, next?.timestamp ?? Infinity);
  }

  /** Whether it could hand out an event right now. */
  get runnable(): boolean {
    return this.#until === undefined && this.#runs.running < this.#owner.maxConcurrency &&
      (this.#aside.ready > 0 || (this.place < this.partition.tail && this.#aside.hasRoom));
  }

  /** Whether closing has nothing to wait for here. */
  get idle(): boolean {
    return this.#runs.running === 0 && this.#aside.ready === 0 &&
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
    this.#lag.checkAge();
    let left = budget;
    while (left > 0 && this.#aside.ready > 0 && this.#runs.running < this.#owner.maxConcurrency) {
      this.#start(this.#aside.next());
      left -= 1;
    }
    left = this.#take(left);
    this.#lag.catchUp();
    return budget - left;
  }

  /** The plain way: events from the ring, in order. Answers what is left of the budget. */
  #take(budget: number): number {
    const owner = this.#owner;
    const listener = this.#listener;
    const partition = this.partition;
    const aside = this.#aside;
    const { calls, isAtMostOnce } = owner;
    const { expiries } = partition;
    const runs = this.#runs;
    const { contexts } = runs;
    let left = budget;
    this.#taking = true;
    while (
      left > 0 && this.place < partition.tail && runs.running < owner.maxConcurrency &&
      // A handler may have ended its own subscription.
      this.#until === undefined && aside.hasRoom
    ) {
      left -= 1;
      const { place } = this;
      if (partition.tail - place > partition.window) {
        this.#lag.overtaken(partition.tail - partition.window);
        if (aside.ready > 0) break;
        continue;
      }
      const event = partition.at(place);
      // A dead letter that was redriven is no longer there.
      if (event === undefined || aside.takes(event, place)) {
        this.place = place + 1;
        if (event === undefined) this.extra -= 1;
        continue;
      }
      if (expiries.inUse && expiries.isOver(event)) {
        this.place = place + 1;
        this.counts.expired += 1;
        continue;
      }
      const closeCalls = calls.close;
      const context = contexts.first;
      if (isAtMostOnce) this.place = place + 1;
      let pending: Promise<unknown> | undefined;
      try {
        const result: unknown = listener(event, context);
        if (result !== undefined && isThenable(result)) pending = adopt(result);
        else if (context.hasStaged) pending = contexts.commit(context, event);
      } catch (error) {
        this.place = place + 1;
        contexts.discard(context);
        this.fail(aside.claim(event, place), error, context.takePause(error));
        continue;
      }
      this.place = place + 1;
      if (pending === undefined) this.counts.succeeded += 1;
      else runs.add(aside.claim(event, place), context, pending, closeCalls);
    }
    this.#taking = false;
    return left;
  }

  /** Another attempt of a job, or the first one of an event that was parked. */
  #start(job: Job): void {
    const owner = this.#owner;
    const closeCalls = owner.calls.close;
    // What is redriven was asked for, however old it is.
    if (job.redrives === 0 && this.partition.expiries.isOver(job.event)) {
      this.counts.expired += 1;
      return this.#aside.release(job);
    }
    this.#aside.runs(job);
    if (job.attempt > 1) this.counts.retries += 1;
    const { contexts } = this.#runs;
    const context = contexts.of(job.attempt);
    let pending: Promise<unknown> | undefined;
    this.#starting = job.event;
    try {
      const result: unknown = this.#listener(job.event, context);
      if (isThenable(result)) pending = adopt(result);
      else if (context.hasStaged) pending = contexts.commit(context, job.event);
    } catch (error) {
      this.#starting = undefined;
      contexts.discard(context);
      return this.fail(job, error, context.takePause(error));
    }
    this.#starting = undefined;
    if (pending === undefined) this.succeed(job);
    else this.#runs.add(job, context, pending, closeCalls);
  }

  /** A handler's promise settled. */
  settle(job: Job, error: unknown, failed: boolean): void {
    this.#runs.settle(job, error, failed);
  }

  /** A handler takes too long. */
  overdue(job: Job): void {
    this.#runs.overdue(job);
  }

  /** What follows when something that was waited for is over. */
  left(): void {
    if (this.#until !== undefined) this.#owner.settledLate(this);
    if (this.#forgotten && this.inFlight === 0) this.#owner.detach(this);
    this.partition.resume(this);
  }

  /** An event is done with. */
  succeed(job: Job): void {
    this.counts.succeeded += 1;
    this.#aside.done(job);
  }

  /** An attempt failed; or was none, and the event is to come back after `pausedMs`. */
  fail(job: Job, error: unknown, pausedMs?: number): void {
    this.#failures.add(job, error, pausedMs);
  }

  /** The keys that are parked here. */
  get parkedKeys(): Iterable<Key> {
    return this.#aside.parkedKeys;
  }

  /** Sets later events of a key aside. */
  parkKey(key: Key): void {
    this.#aside.parkKey(key);
  }

  /** Tells of events that are gone: undefined if nobody knows how many. */
  showGap(missed: number | undefined): void {
    this.#lag.showGap(missed);
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
    if (this.#until !== undefined) return false;
    // What waits for this very event must not keep it out.
    if (this.held >= this.partition.maxHeld && !this.#aside.isParked(event)) return false;
    this.extra += 1;
    this.#aside.redrive(event, redrives);
    this.partition.wake();
    return true;
  }

  /** Lets what is parked go on, behind an event that is delivered again. */
  goOnBehind(event: NovaEvent): void {
    this.#aside.goOnBehind(event);
  }

  /** Tries to bury again what had no room. */
  buryHeld(): void {
    this.#failures.buryHeld();
    this.partition.wake();
  }

  /** The time of a job's next attempt has come, or that of giving its handler up. */
  due(job: Job): void {
    job.delayed = undefined;
    if (job.failure !== undefined) return this.#runs.abandon(job);
    this.#aside.due(job);
    this.partition.resume(this);
  }
}
