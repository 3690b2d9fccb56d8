/**
 * What becomes of an event of one cursor whose attempt failed.
 */

import { delayAfter, mayRetry } from "../listener/backoff.ts";
import { isCircuitOpen } from "../listener/causes.ts";
import type { Aside } from "./aside.ts";
import type { Cursor } from "./cursor.ts";
import { type CursorOwner, type Failure, type Job, RELEASED } from "./job.ts";
import type { Runs } from "./runs.ts";

/** Decides between another attempt, a dead letter, and standing still. */
export class Failures {
  /** Events that failed after their cursor had ended: nobody tries them again. */
  givenUp = 0;
  readonly #cursor: Cursor;
  readonly #aside: Aside;
  readonly #runs: Runs;
  readonly #owner: CursorOwner;

  constructor(cursor: Cursor, aside: Aside, runs: Runs, owner: CursorOwner) {
    this.#cursor = cursor;
    this.#aside = aside;
    this.#runs = runs;
    this.#owner = owner;
  }

  /** An attempt failed; or was none, and the event is to come back after `pausedMs`. */
  add(job: Job, error: unknown, pausedMs?: number): void {
    const { retry, isAtMostOnce } = this.#owner;
    // What an open circuit refused waits for it, and never becomes a dead letter.
    const waitMs = isCircuitOpen(error) ? error.retryAfterMs : pausedMs;
    const isAttempt = waitMs === undefined && error !== RELEASED;
    if (isAttempt && isAtMostOnce) {
      this.#cursor.counts.failed += 1;
      this.#aside.release(job);
      this.#aside.ran(job);
    } else if (isAttempt && (job.attempt >= retry.attempts || !mayRetry(retry, error))) {
      this.#bury(job, error);
    } else if (this.#cursor.hasEnded) {
      this.#giveUp(job);
    } else {
      if (error === RELEASED) this.#aside.push(job);
      else this.#aside.wait(job, waitMs ?? this.#delayAfter(job, error));
      if (isAttempt) job.attempt += 1;
      this.#aside.ran(job);
    }
  }

  /** Tries to bury again what had no room. */
  buryHeld(): void {
    if (this.#owner.onFailure === "hold") return;
    for (const { job, error } of this.#aside.takeHeld()) this.#bury(job, error);
  }

  #delayAfter(job: Job, error: unknown): number {
    const { retryInMs } = job;
    job.retryInMs = undefined;
    const { retry } = this.#owner;
    return retryInMs ?? delayAfter(retry, job.attempt, error, () => this.#owner.random());
  }

  #giveUp(job: Job): void {
    this.givenUp += 1;
    this.#aside.leave(job);
  }

  #bury(job: Job, error: unknown): void {
    const { onFailure, id: subscription } = this.#owner;
    const { event, attempt: attempts, redrives } = job;
    const failure: Failure = { subscription, event, error, attempts, redrives };
    const buried = onFailure !== "hold" && this.#owner.bury(failure, this.#cursor.partition);
    if (typeof buried === "boolean") return this.#afterBurial(job, error, buried);
    // A letter on its way to a log: the event has its slot until it is there.
    this.#runs.running += 1;
    this.#aside.runs(job);
    buried.then((isThere) => {
      this.#runs.running -= 1;
      this.#afterBurial(job, error, isThere);
      this.#cursor.left();
    });
  }

  #afterBurial(job: Job, error: unknown, isThere: boolean): void {
    const { hasEnded, counts } = this.#cursor;
    if (isThere) {
      counts.deadLettered += 1;
      if (this.#owner.onFailure === "park-key" && !hasEnded) {
        this.#aside.parkKey(this.#owner.keyOf(job.event));
      }
      this.#aside.release(job);
    } else if (!hasEnded) this.#aside.hold(job, error);
    else return this.#giveUp(job);
    this.#aside.ran(job);
  }
}
