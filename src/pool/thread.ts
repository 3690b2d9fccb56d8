/**
 * One thread, from the pool's side: its worker, what was sent to it and what it has answered.
 */

import { show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import type { Duty } from "../internal/roster.ts";
import { Job, JobLine } from "./job.ts";
import { ANSWERS_FROM, type Done, hasStarted, isFromThread, type WorkerLike } from "./protocol.ts";
import { fromWire, toWire, type WireError } from "./wire_error.ts";

/** A task on its way to a thread. */
export class ThreadJob extends Job {
  readonly name: string;
  input: unknown;
  transfer: readonly Transferable[] | undefined;
  /** Threads that were lost with it. */
  losses = 0;
  /** Its number in its thread. */
  number = 0;
  thread: Thread | undefined = undefined;
  /** Its place in the roster. */
  duty: Duty | undefined = undefined;

  constructor(
    name: string,
    input: unknown,
    signal: AbortSignal | undefined,
    transfer: readonly Transferable[] | undefined,
  ) {
    super(signal);
    this.name = name;
    this.input = input;
    this.transfer = transfer;
  }
}

/** What a thread tells its pool. */
export interface ThreadOwner {
  readonly env: Env;
  readonly startMs: number;
  /** It can take tasks. */
  ready(thread: Thread): void;
  /** A task was answered. */
  answered(job: ThreadJob, value: unknown, failed: boolean): void;
  /** A message of answers is read; each task took so many milliseconds on average. */
  progressed(thread: Thread, msPerTask: number): void;
  /** It is gone, with everything in `outstanding`. */
  lost(thread: Thread, ending: string, cause: unknown): void;
}

/** One worker's life. */
export class Thread {
  /** Tasks that were sent and have no answer, oldest first. */
  readonly outstanding: JobLine<ThreadJob> = new JobLine();
  /** Whether it can take tasks. */
  isReady = false;
  /** Whether it ever could. */
  wasReady = false;
  /** When it last became idle. */
  idleSince = 0;
  readonly #owner: ThreadOwner;
  readonly #worker: WorkerLike;
  /** Where the thread says which task it runs; without it only one task is sent at a time. */
  #marker: Int32Array | undefined;
  readonly #places = new Map<string, number>();
  #names: readonly string[] = [];
  #sent = 0;
  #answered = 0;
  /** The last tasks of the messages that are not wholly answered. */
  #ends: number[] = [];
  #startLimit: Disposable | undefined;
  #gone = false;

  constructor(worker: WorkerLike, owner: ThreadOwner) {
    this.#owner = owner;
    this.#worker = worker;
    for (const type of EVENTS) worker.addEventListener(type, this.#heard);
    this.#startLimit = owner.env.setTimer(
      () =>
        this.#lose(`its thread was not ready after ${owner.startMs} ms: does it call expose()?`),
      owner.startMs,
    );
  }

  /** Whether it waits for work. */
  get isIdle(): boolean {
    return this.isReady && this.outstanding.length === 0;
  }

  /** How many messages are under way. */
  get messages(): number {
    return this.#ends.length;
  }

  /** Whether the pool may know which of several tasks a lost thread had started. */
  get tellsProgress(): boolean {
    return this.#marker !== undefined;
  }

  /** The tasks it has, for a message to somebody who asked for another. */
  get names(): string {
    return this.#names.map((name) => JSON.stringify(name)).join(", ");
  }

  /** Whether it has a task of this name. */
  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Whether it has come as far as this task. */
  hasStarted(job: ThreadJob): boolean {
    return this.#marker === undefined || hasStarted(this.#marker, job.number);
  }

  /** Whether this is the task it runs, or the last it ran. */
  isAt(job: ThreadJob): boolean {
    return this.#marker === undefined || Atomics.load(this.#marker, 0) === job.number;
  }

  /** Sends tasks in one message. Those that cannot be cloned are handed to `refused`. */
  send(jobs: readonly ThreadJob[], refused: (job: ThreadJob, error: unknown) => void): void {
    const message: unknown[] = ["run", (this.#sent + 1) | 0];
    const transfer: Transferable[] = [];
    for (const job of jobs) {
      message.push(this.#places.get(job.name), job.input);
      if (job.transfer !== undefined) transfer.push(...job.transfer);
    }
    try {
      this.#worker.postMessage(message, transfer);
    } catch (error) {
      if (jobs.length === 1) return refused(jobs[0]!, error);
      // One of them is at fault: it must not take the others with it.
      for (const job of jobs) this.send([job], refused);
      return;
    }
    for (const job of jobs) {
      this.#sent = (this.#sent + 1) | 0;
      job.number = this.#sent;
      job.thread = this;
      if (job.transfer !== undefined) job.input = undefined;
      this.outstanding.push(job);
    }
    this.#ends.push(this.#sent);
  }

  /** Tells the thread that nobody waits for a task any more. */
  cancel(job: ThreadJob, reason: unknown): void {
    this.#worker.postMessage(["cancel", job.number, toWire(reason)], []);
  }

  /** Ends the thread; the owner knows why. */
  end(): void {
    this.#gone = true;
    this.isReady = false;
    this.#startLimit?.[Symbol.dispose]();
    for (const type of EVENTS) this.#worker.removeEventListener(type, this.#heard);
    this.#worker.terminate();
  }

  readonly #heard = (event: Event): void => {
    if (this.#gone) return;
    const { type } = event;
    if (type === "message") return this.#hear((event as MessageEvent).data);
    if (type === "close") return this.#lose("its thread ended");
    // Or the runtime takes the failure of a thread for one of the whole process.
    event.preventDefault();
    if (type === "messageerror") return this.#lose("its thread sent what cannot be read");
    const { message, error } = event as ErrorEvent;
    const cause: unknown = error ?? new Error(message);
    const told = message || String((cause as Error).message);
    this.#lose(
      `its thread ${this.isReady ? "failed" : "could not start"}: ${firstLine(told)}`,
      cause,
    );
  };

  #hear(message: unknown): void {
    if (!isFromThread(message)) return this.#garbage(message);
    if (message[0] === "done") return this.#readAnswers(message);
    if (message[0] === "bye") return this.#lose("its thread closed itself");
    if (this.isReady) return this.#garbage(message);
    this.#names = message[1];
    this.#names.forEach((name, place) => this.#places.set(name, place));
    this.#startLimit?.[Symbol.dispose]();
    this.#shareMarker();
    this.isReady = this.wasReady = true;
    this.idleSince = this.#owner.env.monotonic();
    this.#owner.ready(this);
  }

  #readAnswers(message: Done): void {
    const [, before, busyMs, failures] = message;
    const count = message.length - ANSWERS_FROM;
    if (before !== this.#answered || count > this.outstanding.length) return this.#garbage(message);
    for (let i = 0; i < count; i++) {
      const job = this.outstanding.shift()!;
      const answer = message[ANSWERS_FROM + i];
      const failed = failures.length > 0 && failures.includes(i);
      job.thread = undefined;
      this.#owner.answered(job, failed ? fromWire(answer as WireError) : answer, failed);
    }
    this.#answered += count;
    // Numbers go round, and so do these.
    while (this.#ends.length > 0 && ((this.#answered - this.#ends[0]!) | 0) >= 0) {
      this.#ends.shift();
    }
    if (this.outstanding.length === 0) this.idleSince = this.#owner.env.monotonic();
    this.#owner.progressed(this, busyMs / count);
  }

  /** Shared memory is not to be had everywhere; in browsers a page has to ask for it. */
  #shareMarker(): void {
    try {
      const marker = new Int32Array(new SharedArrayBuffer(4));
      this.#worker.postMessage(["start", marker], []);
      this.#marker = marker;
    } catch {
      this.#worker.postMessage(["start", undefined], []);
    }
  }

  #garbage(message: unknown): void {
    this.#lose(
      `its thread sent ${show(message)}, which is no answer: post nothing but through expose()`,
    );
  }

  #lose(ending: string, cause?: unknown): void {
    if (this.#gone) return;
    this.end();
    this.#owner.lost(this, ending, cause);
  }
}

const EVENTS = ["message", "messageerror", "error", "close"] as const;

/** Bun tells a page of source with every error. */
function firstLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return lines.find((line) => /^(?:\w*error|uncaught)\b/i.test(line)) ?? lines[0] ??
    "no reason given";
}
