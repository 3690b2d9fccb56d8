/**
 * The handlers of one cursor that have not settled: their slots, their deadlines, and giving them up.
 */

import { TimeoutError } from "../errors.ts";
import { withoutStack } from "../internal/quiet.ts";
import type { Aside } from "./aside.ts";
import type { AttemptContext } from "./context.ts";
import { Contexts } from "./contexts.ts";
import type { Cursor } from "./cursor.ts";
import type { CursorOwner, Job } from "./job.ts";

/** What runs for one cursor. */
export class Runs {
  /** Handlers that have a slot. */
  running = 0;
  /** Handlers that have given theirs to the next: closing does not wait for them. */
  exempt = 0;
  /** What handlers see. */
  readonly contexts: Contexts;
  readonly #cursor: Cursor;
  readonly #aside: Aside;
  readonly #owner: CursorOwner;

  constructor(cursor: Cursor, aside: Aside, owner: CursorOwner) {
    this.#cursor = cursor;
    this.#aside = aside;
    this.#owner = owner;
    this.contexts = new Contexts(owner, cursor);
  }

  /** A handler returned a promise. */
  add(job: Job, context: AttemptContext, pending: Promise<unknown>, closeCalls: number): void {
    this.#aside.runs(job);
    this.contexts.part(context);
    context.keep(job.event);
    job.context = context;
    // In a store, acknowledging is a commit.
    if (this.#owner.leases && this.#owner.commits !== undefined) context.stage();
    const { calls } = this.#owner;
    job.duty = calls.roster?.begin(this.#cursor, job.attempt);
    job.exempt = calls.close !== closeCalls;
    if (job.exempt) this.exempt += 1;
    else {
      this.running += 1;
      this.#owner.group?.occupy(context.subscription, this.#cursor.partition.index, job);
    }
    // What is being written has no deadline: it happens or not, but not later.
    if (!context.isOver) this.#owner.limit?.add(job);
    pending.then(job.succeeded, job.failed);
  }

  /** A handler's promise settled. */
  settle(job: Job, error: unknown, failed: boolean): void {
    if (job.fenced) {
      this.#cursor.counts.zombies -= 1;
      return;
    }
    this.#owner.limit?.delete(job);
    const { failure, delayed } = job;
    const context = job.context!;
    if (!failed && failure === undefined && context.hasStaged) return this.#commit(job, context);
    this.#leave(job);
    if (failure !== undefined) {
      // The attempt had failed before; now its handler is out of the way.
      job.failure = job.delayed = undefined;
      if (delayed !== undefined) this.#owner.delays.delete(delayed);
      this.#cursor.fail(job, failure);
    } else if (failed) this.#cursor.fail(job, error, context.takePause(error));
    else this.#cursor.succeed(job);
    context.finish();
    job.acknowledged?.(error, failed);
    job.acknowledged = undefined;
    this.#cursor.left();
  }

  /** The handler succeeded: it has settled once what it staged has happened. */
  #commit(job: Job, context: AttemptContext): void {
    try {
      const writing = this.contexts.commit(context, job.event);
      if (writing === undefined) this.settle(job, undefined, false);
      else writing.then(job.succeeded, job.failed);
    } catch (error) {
      this.settle(job, error, true);
    }
  }

  /** A handler takes too long: its attempt has failed, but its lane stays with it. */
  overdue(job: Job): void {
    const { id, deadlineMs, abandonMs, delays, leases } = this.#owner;
    const what = leases ? "a delivery" : "a handler";
    this.#cursor.counts.timedOut += 1;
    job.failure = withoutStack(() => new TimeoutError(`${what} of "${id}"`, deadlineMs));
    // What it would still stage could not happen.
    job.context!.finish();
    if (leases) this.abandon(job);
    else if (abandonMs < Infinity) job.delayed = delays.add(job, abandonMs);
    job.context!.abort(job.failure);
  }

  /** A handler is given up: it no longer stands in the way of its lane, and may do what it likes. */
  abandon(job: Job): void {
    const next = job.successor();
    this.#aside.ran(job);
    // Who had a lease has nothing left to settle.
    if (!this.#owner.leases) this.#cursor.counts.zombies += 1;
    this.#leave(job);
    this.#cursor.fail(next, job.failure);
    this.#cursor.left();
  }

  /** A handler gives back its slot. */
  #leave(job: Job): void {
    if (job.duty !== undefined) this.#owner.calls.roster?.end(job.duty);
    if (job.exempt) this.exempt -= 1;
    else {
      this.running -= 1;
      this.#owner.group?.vacate(job.context!.subscription, this.#cursor.partition.index);
    }
  }
}
