/**
 * Tasks in threads of their own, for work that computes.
 */

import { type ClosedError, WorkerLostError } from "../errors.ts";
import {
  durationOption,
  integerOption,
  requireFunction,
  requireOptions,
  requireSignal,
  show,
  stringOption,
} from "../internal/check.ts";
import type { CloseOptions, CloseResult } from "../internal/closing.ts";
import { workersFor } from "../internal/cores.ts";
import { RESOLVED } from "../internal/env.ts";
import { lendRoster, Roster } from "../internal/roster.ts";
import type { DrainOptions } from "./api.ts";
import { BatchSize } from "./batch_size.ts";
import { IdleWatch } from "./idle.ts";
import { Intake } from "./intake.ts";
import type { WorkerLike } from "./protocol.ts";
import { notSent, unknownTask } from "./refusals.ts";
import type { TaskInput, TaskMap, TaskName, TaskOutput } from "./tasks.ts";
import { Thread, ThreadJob, type ThreadOwner } from "./thread.ts";
import type { LeftTask, RunOptions, ThreadPoolOptions, ThreadPoolStats } from "./thread_options.ts";
import { toWire } from "./wire_error.ts";

/** After a thread could not start while others run, no other is tried for so long. */
const START_PAUSE_MS = 1_000;

/**
 * Runs named tasks in Web Workers: at most `workers` threads, started when there is work for them.
 *
 * - **Batched:** all tasks that came in since a thread's last answer go to it in one message.
 * - **Exact:** when a thread crashes, the tasks it had started fail with {@linkcode WorkerLostError}
 *   or run again, as `retry` says; the others run elsewhere. The thread is replaced.
 * - **Cancellable:** a thread whose task ignores its signal is ended after `graceMs`.
 * - **Whole errors:** what a task throws arrives with its class and its `code`.
 *
 * Threads keep a program alive until they are idle for `idleMs`, or until the pool closes.
 *
 * @typeParam Tasks The tasks that the worker exposes: `typeof tasks` of its file.
 *
 * @example Usage
 * ```ts no-run needs a file of its own for the worker
 * import { ThreadPool } from "@nova/events/pool";
 *
 * type Tasks = { resize(image: ArrayBuffer): ArrayBuffer }; // import type { Tasks } from "./tasks.ts"
 *
 * const pool = new ThreadPool<Tasks>(
 *   () => new Worker(new URL("./tasks.ts", import.meta.url), { type: "module" }),
 *   { name: "images", workers: 4 },
 * );
 * const image = new ArrayBuffer(1024);
 * const small = await pool.run("resize", image, { transfer: [image] });
 * console.log(small.byteLength);
 * await pool.close();
 * ```
 */
export class ThreadPool<Tasks extends TaskMap> implements AsyncDisposable {
  /** Names it in errors and figures. */
  readonly name: string;
  readonly #makeWorker: () => WorkerLike;
  readonly #workers: number;
  readonly #attempts: number;
  readonly #graceMs: number;
  readonly #idle: IdleWatch;
  readonly #owner: ThreadOwner;
  readonly #intake: Intake<ThreadJob, readonly LeftTask[]>;
  readonly #size = new BatchSize();
  readonly #threads = new Set<Thread>();
  readonly #graces = new Map<ThreadJob, Disposable>();
  #starting = 0;
  #noStartBefore = -Infinity;
  #scheduled = false;
  #running = 0;
  #roster: Roster | undefined;
  #completed = 0;
  #failed = 0;
  #lost = 0;
  #ended = 0;
  #retried = 0;

  /**
   * Makes a pool. `makeWorker` is called for each thread, when there is work for it; it is yours, so
   * that the URL stands in your code, where runtimes and bundlers look for it.
   *
   * @throws {RangeError} If an option makes no sense.
   */
  constructor(makeWorker: () => WorkerLike, options: ThreadPoolOptions = {}) {
    requireFunction("makeWorker", makeWorker);
    requireOptions("a thread pool", options);
    requireOptions("retry", options.retry);
    this.name = stringOption("name", options.name, "pool");
    this.#makeWorker = makeWorker;
    this.#workers = integerOption("workers", options.workers, workersFor("cpu"));
    this.#attempts = integerOption("retry.attempts", options.retry?.attempts, 1);
    this.#graceMs = durationOption("graceMs", options.graceMs, 1_000);
    const idleMs = durationOption("idleMs", options.idleMs, 30_000);
    const startMs = durationOption("startMs", options.startMs, 10_000);
    this.#intake = new Intake<ThreadJob, readonly LeftTask[]>(`pool "${this.name}"`, options, {
      entered: () => this.#schedule(),
      aborted: (job, reason) => this.#abort(job, reason),
      isQuiet: () => this.#running === 0,
      finished: () => this.#completed + this.#failed,
      end: (jobs, reason) => this.#end(jobs, reason),
    });
    lendRoster(this, () => this.#roster ??= new Roster(this.#intake.env));
    this.#idle = new IdleWatch(this.#intake.env, idleMs, this.#threads);
    this.#owner = {
      env: this.#intake.env,
      startMs,
      ready: () => {
        this.#starting -= 1;
        this.#noStartBefore = -Infinity;
        this.#schedule();
      },
      answered: (job, value, failed) => this.#answered(job, value, failed),
      progressed: (_thread, msPerTask) => this.#progressed(msPerTask),
      lost: (thread, ending, cause) => this.#lose(thread, ending, cause),
    };
  }

  /**
   * Runs a task in a thread and answers with its result. It rejects with what the task throws, with
   * the reason of `signal`, with a `DataCloneError` when the input cannot be sent, with
   * {@linkcode WorkerLostError} when the thread ended, with `BufferFullError` and `ClosedError`.
   */
  run<Name extends TaskName<Tasks>>(
    name: Name,
    input: TaskInput<Tasks, Name>,
    options?: RunOptions,
  ): Promise<TaskOutput<Tasks, Name>> {
    try {
      if (typeof name !== "string") {
        throw new TypeError("Cannot run a task whose name is no string");
      }
      requireOptions("a run", options);
      requireSignal(options?.signal);
      requireList(options?.transfer);
      if (this.#intake.closing !== undefined) throw this.#intake.closedError();
      options?.signal?.throwIfAborted();
    } catch (error) {
      return Promise.reject(error);
    }
    const job = new ThreadJob(name, input, options?.signal, options?.transfer);
    return this.#intake.enter(job) as Promise<TaskOutput<Tasks, Name>>;
  }

  /** Resolves when no task waits and none runs. The pool goes on taking tasks. */
  drain(options?: DrainOptions): Promise<void> {
    return this.#intake.drain(options);
  }

  /** Figures of this moment. Reading them changes nothing. */
  stats(): ThreadPoolStats {
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
      threads: this.#threads.size - this.#starting,
      starting: this.#starting,
      lost: this.#lost,
      ended: this.#ended,
      retried: this.#retried,
    };
  }

  /**
   * Takes nothing more, lets every task finish, and ends the threads. When the signal (without one:
   * 30 s) ends that, threads are ended with what they run: these tasks and those that waited are
   * rejected with `ClosedError`, and are what is `left`.
   */
  close(options?: CloseOptions): Promise<CloseResult<readonly LeftTask[]>> {
    return this.#intake.close(options);
  }

  /** Closes it with the default limit. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Hands over at the end of this turn, so that all tasks of a turn go together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    RESOLVED.then(this.#handOver);
  }

  readonly #handOver = (): void => {
    this.#scheduled = false;
    // Idle threads first, then those that would be idle soon.
    for (let messages = 0; messages < this.#size.messages; messages++) {
      for (const thread of this.#threads) {
        if (this.#intake.length === 0) break;
        if (thread.isReady && thread.messages === messages) this.#send(thread);
      }
    }
    if (this.#intake.length > 0) this.#startMore();
    else this.#idle.look();
  };

  #send(thread: Thread): void {
    if (thread.messages > 0 && !thread.tellsProgress) return;
    const intake = this.#intake;
    // What waits is shared by all threads, also by those that start.
    const share = Math.ceil(intake.length / this.#threads.size);
    const most = thread.tellsProgress ? Math.min(share, this.#size.tasks) : 1;
    const jobs: ThreadJob[] = [];
    const inputs = new Set<unknown>();
    while (jobs.length < most) {
      // In one message an object is cloned once: two tasks would change each other's input.
      if (inputs.has(intake.first?.input)) break;
      const job = intake.next();
      if (job === undefined) break;
      if (typeof job.input === "object" && job.input !== null) inputs.add(job.input);
      if (thread.has(job.name)) jobs.push(job);
      else this.#refuse(job, unknownTask(job.name, thread.names));
    }
    if (jobs.length === 0) return;
    this.#running += jobs.length;
    for (const job of jobs) {
      job.duty = this.#roster?.begin({ station: [job.name] }, job.losses + 1);
    }
    thread.send(jobs, (job, error) => {
      this.#leave(job);
      this.#refuse(job, notSent(job.name, error));
    });
  }

  /** A job is no longer in a thread, as far as its caller is concerned. */
  #leave(job: ThreadJob): void {
    this.#running -= 1;
    this.#roster?.end(job.duty);
  }

  #startMore(): void {
    const now = this.#intake.env.monotonic();
    while (
      this.#threads.size < this.#workers && this.#intake.length > this.#starting &&
      (this.#threads.size === 0 || now >= this.#noStartBefore)
    ) {
      try {
        this.#threads.add(new Thread(this.#makeWorker(), this.#owner));
        this.#starting += 1;
      } catch (error) {
        this.#lost += 1;
        return this.#couldNotStart(`no worker could be made: ${toWire(error).message}`, error);
      }
    }
  }

  #answered(job: ThreadJob, value: unknown, failed: boolean): void {
    if (job.settled) return this.#forgive(job);
    this.#leave(job);
    this.#intake.settle(job);
    if (failed) {
      this.#failed += 1;
      job.reject(value);
    } else {
      this.#completed += 1;
      job.resolve(value);
    }
  }

  #progressed(msPerTask: number): void {
    this.#size.learn(msPerTask);
    if (this.#intake.length > 0) this.#schedule();
    else this.#idle.look();
    this.#intake.check();
  }

  /** The caller of a task that is in a thread has gone. */
  #abort(job: ThreadJob, reason: unknown): void {
    job.settled = true;
    this.#leave(job);
    this.#intake.cancelled += 1;
    job.reject(reason);
    job.thread?.cancel(job, reason);
    this.#watchGrace(job);
    this.#intake.check();
  }

  /** Ends the thread of a cancelled task that goes on. While others run before it, it has time. */
  #watchGrace(job: ThreadJob): void {
    if (this.#graceMs === Infinity) return;
    const timer = this.#intake.env.setTimer(() => {
      this.#graces.delete(job);
      const { thread } = job;
      if (thread === undefined) return;
      if (!thread.isAt(job)) return this.#watchGrace(job);
      this.#ended += 1;
      thread.end();
      this.#dropThread(thread, "its thread had to be ended: another task ignored its signal");
    }, this.#graceMs);
    this.#graces.set(job, timer);
  }

  #forgive(job: ThreadJob): void {
    this.#graces.get(job)?.[Symbol.dispose]();
    this.#graces.delete(job);
  }

  #lose(thread: Thread, ending: string, cause: unknown): void {
    this.#lost += 1;
    const started = thread.wasReady;
    this.#dropThread(thread, ending, cause);
    if (!started) this.#couldNotStart(ending, cause);
  }

  /** A thread is gone: what it had started has failed, or runs again; the rest never ran. */
  #dropThread(thread: Thread, ending: string, cause?: unknown): void {
    this.#threads.delete(thread);
    if (!thread.wasReady) this.#starting -= 1;
    const jobs = thread.outstanding.clear();
    // From the last to the first, so that they stand in front in their old order.
    for (const job of jobs.reverse()) {
      job.thread = undefined;
      if (job.settled) {
        this.#forgive(job);
        continue;
      }
      this.#leave(job);
      const started = thread.hasStarted(job);
      if (started) job.losses += 1;
      if (job.transfer === undefined && job.losses < this.#attempts) {
        this.#retried += 1;
        this.#intake.putBack(job);
      } else {
        const options = cause === undefined ? undefined : { cause };
        this.#refuse(job, new WorkerLostError(job.name, started, ending, options));
      }
    }
    if (this.#intake.length > 0) this.#schedule();
    this.#intake.check();
  }

  /** Another try would most likely end the same way. */
  #couldNotStart(ending: string, cause: unknown): void {
    this.#noStartBefore = this.#intake.env.monotonic() + START_PAUSE_MS;
    if (this.#threads.size > 0) return;
    for (let job = this.#intake.next(); job !== undefined; job = this.#intake.next()) {
      const options = cause === undefined ? undefined : { cause };
      this.#refuse(job, new WorkerLostError(job.name, false, ending, options));
    }
  }

  #refuse(job: ThreadJob, error: unknown): void {
    this.#failed += 1;
    this.#intake.settle(job);
    job.reject(error);
    this.#intake.check();
  }

  #end(jobs: readonly ThreadJob[], reason: ClosedError): readonly LeftTask[] {
    const left = jobs.map(({ name, input }) => ({ name, input, started: false }));
    for (const thread of this.#threads) {
      thread.end();
      for (const job of thread.outstanding.clear()) {
        if (job.settled) continue;
        this.#leave(job);
        const { name, input } = job;
        left.push({ name, input, started: thread.hasStarted(job) });
        this.#intake.released += 1;
        this.#intake.settle(job);
        job.reject(reason);
      }
    }
    this.#threads.clear();
    this.#starting = 0;
    for (const timer of this.#graces.values()) timer[Symbol.dispose]();
    this.#graces.clear();
    this.#idle.end();
    return left;
  }
}

function requireList(transfer: unknown): void {
  if (transfer !== undefined && !Array.isArray(transfer)) {
    throw new TypeError(`Cannot use ${show(transfer)} as "transfer": it must be an array`);
  }
}
