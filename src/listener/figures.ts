/**
 * What a supervisor counts, and what it says about itself.
 */

import type { Env } from "../internal/env.ts";
import { diagnose, type ListenerHealth } from "./health.ts";
import type { SupervisedStats, Supervision } from "./options.ts";
import type { WaitingRoom } from "./waiting_room.ts";
import { SlidingWindow } from "./window.ts";

/** The counters of one supervised listener: plain fields, read when someone asks. */
export class Figures {
  offered = 0;
  succeeded = 0;
  failed = 0;
  deadLettered = 0;
  rejected = 0;
  released = 0;
  /** Flights that are not done with. */
  open = 0;
  /** Of those, the ones a dead letter is written for. */
  burying = 0;
  attemptFailures = 0;
  retries = 0;
  timeouts = 0;
  zombies = 0;
  overBudget = 0;
  readonly #settings: Supervision;
  readonly #env: Env;
  readonly #room: WaitingRoom;
  readonly #outcomes: SlidingWindow;
  readonly #letters: SlidingWindow;
  /** When the lag last went down, or began. */
  #progressAt = 0;

  constructor(settings: Supervision, room: WaitingRoom) {
    this.#settings = settings;
    this.#env = settings.env;
    this.#room = room;
    this.#outcomes = new SlidingWindow(settings.health.windowMs);
    this.#letters = new SlidingWindow(settings.health.windowMs);
  }

  /** An event was handled, by an attempt with that permit. */
  succeed(permit: number, now: number = this.#env.coarse()): void {
    const { breaker, budget } = this.#settings;
    this.succeeded += 1;
    breaker?.succeed(permit);
    this.#outcomes.succeed(now);
    budget?.earn();
  }

  /** An attempt failed. */
  attemptFailed(): void {
    this.attemptFailures += 1;
    this.#outcomes.fail(this.#env.coarse());
  }

  /** A dead letter was taken. */
  buried(): void {
    this.deadLettered += 1;
    this.#letters.fail(this.#env.coarse());
  }

  /** An event is there that cannot be done with in this turn. */
  opened(): void {
    // Such events come one in a turn: sharing the reading would cost more than it saves.
    if (this.open === 0) this.#progressAt = this.#env.now();
    this.open += 1;
  }

  /** It is done with. */
  closed(now: number = this.#env.now()): void {
    this.open -= 1;
    this.#progressAt = now;
  }

  /** Events that somebody dealt with, for better or worse. */
  get finished(): number {
    return this.succeeded + this.failed + this.deadLettered;
  }

  /** The figures of now. */
  stats(): SupervisedStats {
    const { waiting, queued } = this.#room;
    return {
      succeeded: this.succeeded,
      failed: this.failed,
      deadLettered: this.deadLettered,
      rejected: this.rejected,
      released: this.released,
      queued,
      bufferSize: this.#settings.bufferSize,
      delayed: waiting - queued,
      inFlight: this.open - waiting - this.burying,
      concurrency: this.#settings.concurrency,
      burying: this.burying,
      offered: this.offered,
      attemptFailures: this.attemptFailures,
      retries: this.retries,
      timeouts: this.timeouts,
      zombies: this.zombies,
      overBudget: this.overBudget,
      circuit: this.#settings.breaker?.state,
    };
  }

  /** How the listener is doing, and why. */
  health(): ListenerHealth {
    const { health, concurrency, breaker } = this.#settings;
    const now = this.#env.coarse();
    return diagnose(health, {
      stats: this.stats(),
      concurrency,
      attempts: this.#outcomes.read(now),
      deadLetters: this.#letters.read(now).failures,
      stalledMs: this.open === 0 ? 0 : Math.max(0, now - this.#progressAt),
      retryAfterMs: breaker?.retryAfterMs ?? 0,
    });
  }
}
