/**
 * Bounded concurrency for promises.
 */

import {
  integerOption,
  nameOf,
  requireFunction,
  requireOptions,
  requireSignal,
  stringOption,
} from "../internal/check.ts";
import type { CloseOptions, CloseResult } from "../internal/closing.ts";
import { workersFor } from "../internal/cores.ts";
import { type Duty, lendRoster, Roster } from "../internal/roster.ts";
import { isThenable } from "../internal/thenable.ts";
import { Pacer } from "../queue/pacer.ts";
import type { Pool, PoolTask, SubmitOptions } from "../queue/pool.ts";
import type { DrainOptions, PoolOptions, PoolStats } from "./api.ts";
import { Intake } from "./intake.ts";
import { Job } from "./job.ts";

/** Tasks before other work of the process gets its turn. */
const BURST = 1024;

/** Options of a {@linkcode WorkerPool}. */
export interface WorkerPoolOptions extends PoolOptions {
  /** Sees what a task of `trySubmit` throws. Answering `"handled"` keeps it from `reportError`. */
  readonly onError?: (error: unknown) => "handled" | void;
}

/**
 * Runs at most `workers` asynchronous tasks at once; the others wait in a bounded line.
 *
 * - **Answers:** `submit` resolves with what the task returns, and rejects with what it throws.
 * - **In order:** tasks start in the order they were submitted; nobody overtakes.
 * - **At once:** a task that finds a free worker starts in this turn.
 * - **Bounded:** `queueSize` tasks wait; then `submit` waits for room, or rejects.
 * - **Counted:** a task that throws is `failed`, never `completed`; see {@linkcode PoolStats}.
 *
 * A task that submits to its own pool and waits for the answer may wait for itself: give the inner
 * work a pool of its own.
 *
 * @example Usage
 * ```ts
 * import { WorkerPool } from "@nova/events/pool";
 *
 * const pool = new WorkerPool({ name: "mail", workers: 4, queueSize: 100 });
 * const sent = await Promise.all(
 *   ["Ada", "Alan"].map((name) => pool.submit(() => Promise.resolve(`sent to ${name}`))),
 * );
 * console.log(sent.join(", ")); // sent to Ada, sent to Alan
 * await pool.close();
 * ```
 */
export class WorkerPool implements Pool, AsyncDisposable {
  /** Names it in errors and figures. */
  readonly name: string;
  readonly #workers: number;
  readonly #onError: WorkerPoolOptions["onError"];
  readonly #intake: Intake<TaskJob, readonly PoolTask[]>;
  readonly #pacer: Pacer;
  /** Workers that wait for work; they are made when they are needed first. */
  readonly #free: Worker[] = [];
  #made = 0;
  #roster: Roster | undefined;
  #completed = 0;
  #failed = 0;
  #running = 0;
  /** Runs, but its task called `close`: closing does not wait for it. */
  #exempt: Worker | undefined;
  #stop: AbortController | undefined;

  /**
   * Makes a pool; it holds no timer and reads no clock.
   *
   * @throws {RangeError} If an option makes no sense.
   */
  constructor(options: WorkerPoolOptions = {}) {
    requireOptions("a worker pool", options);
    this.name = stringOption("name", options.name, "pool");
    this.#workers = integerOption("workers", options.workers, workersFor("mixed"));
    if (options.onError !== undefined) requireFunction("onError", options.onError);
    this.#onError = options.onError;
    this.#intake = new Intake<TaskJob, readonly PoolTask[]>(`pool "${this.name}"`, options, {
      entered: () => this.#drain(),
      // A task that runs cannot be stopped: its caller goes, and its worker stays with it.
      aborted: (job, reason) => {
        job.settled = true;
        job.reject(reason);
      },
      isQuiet: () => this.#running === (this.#exempt === undefined ? 0 : 1),
      finished: () => this.#completed + this.#failed,
      end: (jobs, reason) => {
        this.#stop?.abort(reason);
        return jobs.map(({ task }) => task);
      },
    });
    this.#pacer = new Pacer(this.#intake.env, BURST, () => this.#drain());
    lendRoster(this, () => this.#roster ??= new Roster(this.#intake.env));
  }

  /**
   * Runs a task and answers with its result. It rejects with what the task throws, with the reason
   * of `signal`, with `BufferFullError` when there was no room, and with `ClosedError`.
   */
  submit<Result>(task: PoolTask<Result>, options?: SubmitOptions): Promise<Result> {
    const intake = this.#intake;
    if (
      options === undefined && typeof task === "function" && intake.isEmpty &&
      intake.closing === undefined && this.#running < this.#workers && this.#pacer.left > 0
    ) {
      intake.startedAtOnce();
      return this.#runAtOnce(task);
    }
    try {
      this.#check(task);
      requireOptions("a submit", options);
      requireSignal(options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
    const signal = options?.signal;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    return this.#intake.enter(new TaskJob(task, signal)) as Promise<Result>;
  }

  /**
   * Takes a task if there is room now, and answers false if not. What the task throws goes to
   * `onError`, else to `reportError`.
   *
   * @throws {ClosedError} If the pool is closed.
   */
  trySubmit(task: PoolTask): boolean {
    this.#check(task);
    const job = new TaskJob(task, undefined);
    job.resolve = () => {};
    job.reject = this.#unheard;
    return this.#intake.tryEnter(job);
  }

  /** Resolves when no task waits and none runs. The pool goes on taking tasks. */
  drain(options?: DrainOptions): Promise<void> {
    return this.#intake.drain(options);
  }

  /** Figures of this moment. Reading them changes nothing. */
  stats(): PoolStats {
    const intake = this.#intake;
    return {
      workers: this.#workers,
      submitted: intake.submitted,
      completed: this.#completed,
      failed: this.#failed,
      cancelled: intake.cancelled,
      released: intake.released,
      queued: intake.length,
      queueSize: intake.queueSize,
      running: this.#running,
      waiting: intake.waiting,
      refused: intake.refused,
    };
  }

  /**
   * Takes nothing more and lets every task finish. When the signal (without one: 30 s) ends that,
   * tasks that never ran are rejected with `ClosedError` and are what is `left`; those that still
   * run see their signal abort, and their promises settle when they do.
   *
   * A task that calls it before its first `await` is not waited for.
   */
  close(options?: CloseOptions): Promise<CloseResult<readonly PoolTask[]>> {
    return this.#intake.close(options);
  }

  /** Closes it with the default limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #check(task: unknown): void {
    requireFunction("a task", task);
    if (this.#intake.closing !== undefined) throw this.#intake.closedError();
  }

  /** Starts as many tasks as there are workers. */
  #drain(): void {
    const intake = this.#intake;
    while (this.#running < this.#workers && intake.length > 0) {
      if (this.#pacer.left === 0) return this.#pacer.schedule();
      this.#run(intake.next()!);
    }
  }

  /** The short way: nobody can cancel it, so what the task returns is all there is to wait for. */
  #runAtOnce<Result>(task: PoolTask<Result>): Promise<Result> {
    const worker = this.#take();
    let result: Result | PromiseLike<Result>;
    try {
      result = this.#call(worker, task);
    } catch (error) {
      this.#settled(worker, false);
      return Promise.reject(error);
    }
    if (!isThenable(result)) {
      this.#settled(worker, true);
      return Promise.resolve(result as Result);
    }
    return worker.follow(result) as Promise<Result>;
  }

  #run(job: TaskJob): void {
    const worker = this.#take();
    let result: unknown;
    try {
      result = this.#call(worker, job.task, job.signal);
    } catch (error) {
      if (!job.settled) job.reject(error);
      this.#intake.settle(job);
      return this.#settled(worker, false);
    }
    if (isThenable(result)) {
      worker.job = job;
      worker.follow(result);
      return;
    }
    if (!job.settled) job.resolve(result);
    this.#intake.settle(job);
    this.#settled(worker, true);
  }

  #call<Result>(
    worker: Worker,
    task: PoolTask<Result>,
    signal?: AbortSignal,
  ): Result | PromiseLike<Result> {
    const { closing } = this.#intake;
    worker.duty = this.#roster?.begin({ station: [nameOf(task) || "task"] }, 1);
    try {
      return task(signal ?? this.#stopSignal());
    } finally {
      if (this.#intake.closing !== closing) this.#exempt = worker;
    }
  }

  #take(): Worker {
    this.#running += 1;
    this.#pacer.spend(1);
    const free = this.#free.pop();
    if (free !== undefined) return free;
    this.#made += 1;
    return new Worker((worker, value, failed) => this.#answered(worker, value, failed));
  }

  /** The promise of a task has settled. */
  #answered(worker: Worker, value: unknown, failed: boolean): void {
    const { job } = worker;
    if (job !== undefined) {
      worker.job = undefined;
      if (!job.settled) {
        if (failed) job.reject(value);
        else job.resolve(value);
      }
      this.#intake.settle(job);
    }
    this.#settled(worker, !failed);
    if (this.#intake.length > 0 && !this.#pacer.scheduled) this.#drain();
  }

  #settled(worker: Worker, succeeded: boolean): void {
    if (succeeded) this.#completed += 1;
    else this.#failed += 1;
    this.#roster?.end(worker.duty);
    this.#running -= 1;
    if (this.#exempt === worker) this.#exempt = undefined;
    this.#free.push(worker);
    this.#intake.check();
  }

  readonly #unheard = (error: unknown): void => {
    try {
      if (this.#onError?.(error) === "handled") return;
    } catch (thrown) {
      this.#intake.env.report(thrown);
    }
    this.#intake.env.report(error);
  };

  #stopSignal(): AbortSignal {
    this.#stop ??= new AbortController();
    return this.#stop.signal;
  }
}

class TaskJob extends Job {
  readonly task: PoolTask;

  constructor(task: PoolTask, signal: AbortSignal | undefined) {
    super(signal);
    this.task = task;
  }
}

/** A place for one running task. Its two functions are made once, not once per task. */
class Worker {
  job: TaskJob | undefined = undefined;
  /** Its place in the roster. */
  duty: Duty | undefined = undefined;
  readonly #returned: (value: unknown) => unknown;
  readonly #threw: (error: unknown) => unknown;

  constructor(answered: (worker: Worker, value: unknown, failed: boolean) => void) {
    this.#returned = (value) => {
      answered(this, value, false);
      return value;
    };
    this.#threw = (error) => {
      const awaited = this.job === undefined;
      answered(this, error, true);
      // Without a job the caller holds the promise that this makes.
      if (awaited) throw error;
    };
  }

  /** What the caller of a task without a job gets. */
  follow(promise: PromiseLike<unknown>): Promise<unknown> {
    // Adopting a foreign thenable guards against one that settles twice or throws.
    return Promise.resolve(promise).then(this.#returned, this.#threw);
  }
}
