/**
 * The engine of supervision: who may call the listener, and the way of each event.
 *
 * On the plain way, where the listener is synchronous and succeeds, nothing is allocated. A flight is
 * made when an event has to wait or its listener returns a promise.
 */

import { BufferFullError, TimeoutError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import type { Listener, ListenerContext } from "../event/listener.ts";
import { withoutStack } from "../internal/quiet.ts";
import type { Roster } from "../internal/roster.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import { Attempt, type AttemptOwner, type Watches } from "./attempt.ts";
import type { CircuitBreaker } from "./breaker.ts";
import { Deadlines } from "./deadlines.ts";
import { Figures } from "./figures.ts";
import { Flight, type FlightOwner } from "./flight.ts";
import { FAILED, FINAL, Judge } from "./judge.ts";
import type { Supervision } from "./options.ts";
import { WaitingRoom } from "./waiting_room.ts";

/** Who starts and stops a supervisor. */
export interface SupervisorOwner {
  /** Changes when stopping begins. */
  readonly stopping: unknown;
  /** An event was done with, or a slot became free. */
  settled(): void;
}

/** Supervises one listener. */
export class Supervisor implements AttemptOwner, FlightOwner {
  readonly settings: Supervision;
  readonly figures: Figures;
  readonly watches: Watches;
  readonly ends: boolean;
  /** Who is at work, if somebody wants to know. */
  roster: Roster | undefined;
  readonly #listener: Listener;
  readonly #owner: SupervisorOwner | undefined;
  readonly #breaker: CircuitBreaker | undefined;
  readonly #concurrency: number;
  readonly #bufferSize: number;
  readonly #room: WaitingRoom;
  readonly #deadlines: Deadlines;
  readonly #judge: Judge;
  readonly #open = new Set<Flight>();
  /** Serves the next call as long as nobody has claimed it. */
  #spare: Attempt | undefined;
  #accepting: boolean;
  /** Calls whose promise has not settled; each holds a slot. */
  #running = 0;
  #exempt = 0;

  /** With an owner it accepts events only between `start` and `stop`. */
  constructor(listener: Listener<never>, settings: Supervision, owner?: SupervisorOwner) {
    this.settings = settings;
    this.#listener = listener as Listener;
    this.#owner = owner;
    this.#accepting = owner === undefined;
    this.#breaker = settings.breaker;
    this.#concurrency = settings.concurrency;
    this.#bufferSize = settings.bufferSize;
    this.#room = new WaitingRoom(settings.env);
    this.#deadlines = new Deadlines(settings.env, settings.timeoutMs);
    this.watches = this.#room.watches;
    this.ends = owner !== undefined || settings.timeoutMs < Infinity;
    this.figures = new Figures(settings, this.#room);
    this.#judge = new Judge(settings, this.figures, this.#accepting);
  }

  /** Handles an event. It throws, or answers a promise, only where the plain way ends. */
  handle(event: Emitted, context: ListenerContext): void | Promise<void> {
    this.figures.offered += 1;
    if (
      this.#running >= this.#concurrency || this.#room.waiting >= this.#bufferSize ||
      !this.#accepting
    ) {
      return this.#enter(event, context);
    }
    const breaker = this.#breaker;
    const permit = breaker === undefined ? 0 : breaker.tryEnter();
    if (permit === 0 && breaker !== undefined) {
      this.figures.rejected += 1;
      throw breaker.error();
    }
    const attempt = this.#attempt(context, 1);
    const stopping = this.#owner?.stopping;
    let result: unknown;
    let pending: boolean;
    try {
      result = this.#listener(event, attempt.context);
      pending = result !== undefined && isThenable(result);
    } catch (error) {
      this.#recycle(attempt);
      const answer = this.#threw(event, context, permit, error);
      if (answer !== FAILED) return answer;
      throw this.#judge.takeFailure();
    }
    if (!pending) {
      this.#recycle(attempt);
      this.figures.succeed(permit);
      return;
    }
    const flight = this.#track(event, context, 1);
    this.#await(flight, attempt, permit, result as PromiseLike<unknown>, stopping);
    return flight.promise;
  }

  /** Whether every event is done with, but for those whose listener called `stop`. */
  get idle(): boolean {
    return this.#open.size === this.#exempt;
  }

  /** Takes events. */
  start(): void {
    this.#accepting = this.#judge.accepting = true;
  }

  /**
   * Takes no more events and waits for no more retries. Answers the events it gave back. Those that
   * wait for a slot stay unless `queued` says otherwise.
   */
  stop(queued: boolean): Emitted[] {
    this.#accepting = this.#judge.accepting = false;
    const back: Emitted[] = [];
    for (const flight of this.#open) {
      if (flight.state !== "delayed" && !(queued && flight.state === "queued")) continue;
      back.push(flight.event);
      this.#giveBack(flight);
    }
    return back;
  }

  /** Gives up on all that is left and answers it. Calls that go on hold their slots. */
  abandon(): Emitted[] {
    const left: Emitted[] = [];
    for (const flight of this.#open) {
      if (flight.exempt) continue;
      const { attempt } = flight;
      left.push(flight.event);
      this.#giveBack(flight);
      if (attempt === undefined) continue;
      this.#outlived(attempt, this.#judge.closed());
      this.#breaker?.release(attempt.permit);
    }
    this.#deadlines.free();
    return left;
  }

  /** The promise of a call settled. */
  settled(attempt: Attempt, error: unknown, failed: boolean): void {
    this.#running -= 1;
    this.roster?.end(attempt.duty);
    if (attempt.expired) this.figures.zombies -= 1;
    else {
      const flight = attempt.flight!;
      flight.attempt = undefined;
      this.#deadlines.delete(attempt);
      attempt.end();
      if (failed) this.#failed(flight, error, attempt.permit);
      else this.#succeeded(flight, attempt.permit);
    }
    this.#next();
    this.#owner?.settled();
  }

  /** A call takes too long: the attempt has failed, but the slot stays taken until the call settles. */
  expired(attempt: Attempt): void {
    const { name, timeoutMs } = this.settings;
    const error = withoutStack(() => new TimeoutError(`listener "${name}"`, timeoutMs));
    this.figures.timeouts += 1;
    this.#outlived(attempt, error);
    this.#failed(attempt.flight!, error, attempt.permit);
    this.#owner?.settled();
  }

  /** A flight's time has come: for its next attempt, or for giving up on a slot. */
  waited(flight: Flight): void {
    if (flight.state === "queued") this.#gaveUp(flight);
    else if (this.#running < this.#concurrency) this.#start(flight);
    else this.#room.enqueue(flight, this.settings.waitMs);
    this.#owner?.settled();
  }

  /** Nobody waits for a flight any more. */
  abandoned(flight: Flight): void {
    const { reason } = flight.outer.signal;
    this.#room.leave(flight);
    this.figures.released += 1;
    this.#finish(flight);
    flight.reject(reason);
    this.#owner?.settled();
  }

  /** Where the plain way ends before it began: no slot, no room, or not started. */
  #enter(event: Emitted, context: ListenerContext): Promise<void> {
    if (!this.#accepting || this.#room.waiting >= this.#bufferSize) {
      this.figures.rejected += 1;
      throw this.#accepting ? this.#full() : this.#judge.closed();
    }
    const flight = this.#track(event, context, 0);
    this.#room.enqueue(flight, this.settings.waitMs);
    return flight.promise;
  }

  /** The first attempt failed at once: there is no flight yet, and perhaps there need not be one. */
  #threw(
    event: Emitted,
    context: ListenerContext,
    permit: number,
    error: unknown,
  ): void | Promise<void> | typeof FAILED {
    const next = this.#judge.judge(event, context, 1, error, permit);
    if (next >= 0) {
      const flight = this.#track(event, context, 1);
      this.#room.delay(flight, error, next);
      return flight.promise;
    }
    const burying = this.#judge.conclude(event, error, 1, next);
    if (burying === undefined || burying === FAILED) return burying;
    const flight = this.#track(event, context, 1);
    this.#bury(flight, error, burying);
    return flight.promise;
  }

  #failed(flight: Flight, error: unknown, permit: number): void {
    const { event, outer, attempts } = flight;
    const next = this.#judge.judge(event, outer, attempts, error, permit);
    if (next >= 0) this.#room.delay(flight, error, next);
    else this.#end(flight, error, next);
  }

  #succeeded(flight: Flight, permit: number): void {
    const now = this.settings.env.now();
    this.figures.succeed(permit, now);
    this.#finish(flight, now);
    flight.resolve();
  }

  #end(flight: Flight, error: unknown, verdict: number): void {
    const burying = this.#judge.conclude(flight.event, error, flight.attempts, verdict);
    if (burying === FAILED) {
      const failure = this.#judge.takeFailure();
      this.#finish(flight);
      flight.reject(failure);
    } else if (burying !== undefined) this.#bury(flight, error, burying);
    else {
      this.#finish(flight);
      flight.resolve();
    }
  }

  /** Waits for a `deadLetter` that returned a promise. */
  #bury(flight: Flight, error: unknown, burying: PromiseLike<unknown>): void {
    flight.state = "burying";
    this.figures.burying += 1;
    const done = (settle: () => void): void => {
      // Stopping may have given up on it.
      if (!this.#open.has(flight)) return;
      this.#finish(flight);
      settle();
      this.#owner?.settled();
    };
    adopt(burying).then(
      () =>
        done(() => {
          this.figures.buried();
          flight.resolve();
        }),
      (thrown) =>
        done(() => {
          this.figures.failed += 1;
          flight.reject(this.#judge.unburied(error, thrown));
        }),
    );
  }

  /** Starts what waits for a slot, as far as there are slots. */
  #next(): void {
    while (this.#room.queued > 0 && this.#running < this.#concurrency) {
      this.#start(this.#room.first()!);
    }
  }

  /** An attempt of a flight. */
  #start(flight: Flight): void {
    this.#room.leave(flight);
    const breaker = this.#breaker;
    const permit = breaker === undefined ? 0 : breaker.tryEnter();
    if (permit === 0 && breaker !== undefined) return this.#refuse(flight, breaker);
    flight.attempts += 1;
    if (flight.attempts > 1) this.figures.retries += 1;
    const attempt = this.#attempt(flight.outer, flight.attempts);
    const stopping = this.#owner?.stopping;
    let result: unknown;
    let pending: boolean;
    try {
      result = this.#listener(flight.event, attempt.context);
      pending = isThenable(result);
    } catch (error) {
      this.#recycle(attempt);
      return this.#failed(flight, error, permit);
    }
    if (pending) {
      return this.#await(flight, attempt, permit, result as PromiseLike<unknown>, stopping);
    }
    this.#recycle(attempt);
    this.#succeeded(flight, permit);
  }

  #await(
    flight: Flight,
    attempt: Attempt,
    permit: number,
    result: PromiseLike<unknown>,
    stopping: unknown,
  ): void {
    this.#running += 1;
    attempt.permit = permit;
    attempt.duty = this.roster?.begin({ station: [this.settings.name] }, attempt.number);
    attempt.flight = flight;
    flight.attempt = attempt;
    if (this.#owner?.stopping !== stopping) {
      flight.exempt = true;
      this.#exempt += 1;
    }
    this.#deadlines.add(attempt);
    // Adopting a foreign thenable guards against one that settles twice or throws.
    adopt(result).then(attempt.succeeded, attempt.failed);
  }

  /** The circuit has opened while the event waited. */
  #refuse(flight: Flight, breaker: CircuitBreaker): void {
    if (flight.attempts === 0) this.figures.rejected += 1;
    else this.figures.failed += 1;
    this.#finish(flight);
    flight.reject(breaker.error(flight.error));
  }

  /** Waited in vain for a slot. An event that has failed before fails with what it failed with. */
  #gaveUp(flight: Flight): void {
    this.#room.leave(flight);
    if (flight.attempts > 0) return this.#end(flight, flight.error, FINAL);
    this.figures.rejected += 1;
    this.#finish(flight);
    flight.reject(this.#full(this.settings.waitMs));
  }

  #giveBack(flight: Flight): void {
    this.#room.leave(flight);
    this.figures.released += 1;
    this.#finish(flight);
    flight.reject(this.#judge.closed(flight.error));
  }

  /** From here on a call only holds its slot. */
  #outlived(attempt: Attempt, reason: unknown): void {
    this.#deadlines.delete(attempt);
    attempt.expired = true;
    attempt.flight!.attempt = undefined;
    this.figures.zombies += 1;
    attempt.abort(reason);
  }

  #track(event: Emitted, context: ListenerContext, attempts: number): Flight {
    const flight = new Flight(this, event, context, attempts);
    this.#open.add(flight);
    this.figures.opened();
    return flight;
  }

  #finish(flight: Flight, now?: number): void {
    this.#open.delete(flight);
    this.figures.closed(now);
    if (flight.state === "burying") this.figures.burying -= 1;
    if (flight.exempt) this.#exempt -= 1;
    flight.exempt = false;
  }

  #attempt(context: ListenerContext, number: number): Attempt {
    const attempt = this.#spare ?? new Attempt(this);
    // A call within this call must not find it.
    this.#spare = undefined;
    attempt.outer = context;
    attempt.number = number;
    return attempt;
  }

  #recycle(attempt: Attempt): void {
    if (attempt.claimed) attempt.end();
    else this.#spare = attempt;
  }

  #full(waitedMs?: number): BufferFullError {
    const what = `listener "${this.settings.name}"`;
    return withoutStack(() => new BufferFullError(what, this.#bufferSize, waitedMs));
  }
}
