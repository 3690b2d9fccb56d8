/**
 * How work comes into a pool: bounded, in order, cancellable, until it closes. Both pools stand
 * behind one.
 */

import { BufferFullError, ClosedError } from "../errors.ts";
import {
  durationOption,
  integerOption,
  requireOptions,
  requireSignal,
  wordOption,
} from "../internal/check.ts";
import { type CloseOptions, type CloseResult, Closing } from "../internal/closing.ts";
import { type Env, systemEnv } from "../internal/env.ts";
import { DEFAULT_WAIT_MS } from "../queue/overflow.ts";
import { WaitingLine } from "../queue/waiting_line.ts";
import type { DrainOptions, PoolOptions } from "./api.ts";
import { type Job, JobLine } from "./job.ts";
import { Signals } from "./signals.ts";

/** What an intake asks of its pool. */
export interface IntakeOwner<Each extends Job, Left> {
  /** A job came in. */
  entered(): void;
  /** The signal of a job that has left the line has aborted. */
  aborted(job: Each, reason: unknown): void;
  /** Whether nothing runs that closing should wait for. */
  isQuiet(): boolean;
  /** How many jobs have settled. */
  finished(): number;
  /** Closing is over: ends what runs; `jobs` never ran and have been refused. */
  end(jobs: readonly Each[], reason: ClosedError): Left;
}

/** The line of one pool, and those who wait to stand in it. */
export class Intake<Each extends Job, Left> {
  /** Names the pool in errors. */
  readonly what: string;
  readonly env: Env;
  /** Jobs that were taken. */
  submitted = 0;
  /** Jobs that were cancelled. */
  cancelled = 0;
  /** Jobs that closing gave up. */
  released = 0;
  readonly #owner: IntakeOwner<Each, Left>;
  /** How many tasks may wait. */
  readonly queueSize: number;
  readonly #rejects: boolean;
  readonly #jobs = new JobLine<Each>();
  readonly #line: WaitingLine<Each, true>;
  readonly #signals: Signals<Each>;
  readonly #drains = new Set<(reason?: ClosedError) => void>();
  #refused = 0;
  #closing: Closing<Left> | undefined;
  #finishedBefore = 0;

  constructor(what: string, options: PoolOptions, owner: IntakeOwner<Each, Left>) {
    const waitMs = durationOption("waitMs", options.waitMs, DEFAULT_WAIT_MS);
    this.what = what;
    this.env = options.env ?? systemEnv;
    this.#owner = owner;
    this.queueSize = integerOption("queueSize", options.queueSize, 1000);
    this.#rejects = wordOption("overflow", options.overflow, ["wait", "reject"], "wait") ===
      "reject";
    this.#line = new WaitingLine(
      this.env,
      waitMs,
      () => new BufferFullError(what, this.queueSize, waitMs, "a task"),
    );
    this.#signals = new Signals(this.env, (job, reason) => this.#aborted(job, reason));
  }

  /** How many jobs stand in line. */
  get length(): number {
    return this.#jobs.length;
  }

  /** How many callers wait for room. */
  get waiting(): number {
    return this.#line.length;
  }

  /** How many jobs were not taken. */
  get refused(): number {
    return this.#refused + this.#line.refused;
  }

  /** The closing under way. */
  get closing(): Closing<Left> | undefined {
    return this.#closing;
  }

  /** Whether a new job may start before any other. */
  get isEmpty(): boolean {
    return this.#jobs.length === 0 && this.#line.length === 0;
  }

  /** Takes the job when there is room, as the options say. The promise is that of the job. */
  enter(job: Each): Promise<unknown> {
    const promise = job.promise();
    if (this.#admit(job) === true) {
      this.#owner.entered();
      return promise;
    }
    if (this.#rejects) {
      this.#refused += 1;
      return Promise.reject(new BufferFullError(this.what, this.queueSize, undefined, "a task"));
    }
    // It may fail in the turn that lets it in, before its caller has come this far.
    promise.catch(() => {});
    return this.#line.join(job, job.signal).then(() => promise);
  }

  /** Takes the job if there is room now. */
  tryEnter(job: Each): boolean {
    if (this.#admit(job) !== true) {
      this.#refused += 1;
      return false;
    }
    this.#owner.entered();
    return true;
  }

  /** The next job to run, still in line. */
  get first(): Each | undefined {
    return this.#jobs.first;
  }

  /** The next job to run, out of the line. Its place is given to whoever waits. */
  next(): Each | undefined {
    const job = this.#jobs.shift();
    if (job !== undefined && this.#line.length > 0) this.#letIn();
    return job;
  }

  /** Puts a job back in front of all; it is in already, so there is always room. */
  putBack(job: Each): void {
    this.#jobs.unshift(job);
  }

  /** A job began without standing in line. */
  startedAtOnce(job?: Each): void {
    this.submitted += 1;
    if (job?.signal !== undefined) this.#signals.add(job.signal, job);
  }

  /** A job has its answer and needs its signal no more. */
  settle(job: Each): void {
    job.settled = true;
    if (job.signal !== undefined) this.#signals.delete(job.signal, job);
  }

  /** Something was finished: tells those who wait for quiet. */
  check(): void {
    if (this.#closing === undefined && this.#drains.size === 0) return;
    if (!this.isEmpty || !this.#owner.isQuiet()) return;
    for (const done of [...this.#drains]) done();
    this.#closing?.check();
  }

  /** Resolves when nothing waits and nothing runs. */
  drain(options: DrainOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      requireOptions("a drain", options);
      requireSignal(options.signal);
      const { signal } = options;
      if (signal?.aborted === true) return reject(signal.reason);
      if (this.isEmpty && this.#owner.isQuiet()) return resolve();
      const done = (reason?: ClosedError): void => {
        this.#drains.delete(done);
        listening?.[Symbol.dispose]();
        if (reason === undefined) resolve();
        else reject(reason);
      };
      this.#drains.add(done);
      const listening = signal === undefined ? undefined : this.env.onAbort(signal, () => {
        this.#drains.delete(done);
        reject(signal.reason);
      });
    });
  }

  /** Takes nothing more, and waits for what was taken. */
  close(options: CloseOptions = {}): Promise<CloseResult<Left>> {
    try {
      requireOptions("a close", options);
      requireSignal(options.signal);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#closing === undefined) {
      this.#finishedBefore = this.#owner.finished();
      this.#closing = new Closing(
        { isIdle: () => this.isEmpty && this.#owner.isQuiet(), end: () => this.#end() },
        this.env,
        options.signal,
      );
      this.#line.refuseAll(this.closedError());
    }
    return this.#closing.result;
  }

  /** What a caller gets once it is closed. */
  closedError(): ClosedError {
    return new ClosedError(this.what);
  }

  #admit(job: Each): true | undefined {
    // Nobody overtakes a caller that waits.
    if (this.#line.length > 0) return undefined;
    return this.#take(job);
  }

  readonly #take = (job: Each): true | undefined => {
    if (this.#jobs.length >= this.queueSize) return undefined;
    this.submitted += 1;
    this.#jobs.push(job);
    if (job.signal !== undefined) this.#signals.add(job.signal, job);
    return true;
  };

  #letIn(): void {
    this.#line.admit(this.#take);
  }

  #aborted(job: Each, reason: unknown): void {
    if (job.settled) return;
    if (!this.#jobs.delete(job)) return this.#owner.aborted(job, reason);
    job.settled = true;
    this.cancelled += 1;
    job.reject(reason);
    if (this.#line.length > 0) {
      this.#letIn();
      this.#owner.entered();
    }
    this.check();
  }

  #end(): CloseResult<Left> {
    const completed = this.#owner.finished() - this.#finishedBefore;
    const reason = this.closedError();
    const jobs = this.#jobs.clear();
    this.released += jobs.length;
    for (const job of jobs) {
      this.settle(job);
      job.reject(reason);
    }
    const left = this.#owner.end(jobs, reason);
    for (const done of [...this.#drains]) done(reason);
    return { completed, left };
  }
}
