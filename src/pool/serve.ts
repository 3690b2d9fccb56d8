/**
 * The thread's side: runs tasks one at a time and answers in batches.
 */

import { requireFunction, show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { isThenable } from "../internal/thenable.ts";
import { ANSWERS_FROM, type Done, type FromThread, type ToThread } from "./protocol.ts";
import type { TaskContext, TaskMap } from "./tasks.ts";
import { transferListOf } from "./transfer.ts";
import { fromWire, toWire, type WireError } from "./wire_error.ts";

/** Answers are sent, and messages read, at least this often while tasks run. */
const BREATH_MS = 4;
/** A task that takes longer does not keep the answers before it waiting. */
const SLOW_MS = 1;
/** Answers in one message. */
const MOST_ANSWERS = 128;

interface Task {
  readonly name: string;
  readonly fn: (input: unknown, context: TaskContext) => unknown;
  /** What it took of late. Unknown is slow. */
  ms: number;
}

/** Serves tasks to one pool. */
export class Server {
  readonly #tasks: Task[] = [];
  readonly #env: Env;
  readonly #post: (message: FromThread, transfer: Transferable[]) => void;
  /** Numbers, tasks and inputs, three places each. */
  #queue: unknown[] = [];
  #next = 0;
  #marker: Int32Array | undefined;
  #running = false;
  #current: Context | undefined;
  #currentNumber = 0;
  readonly #cancelled = new Set<number>();
  #answered = 0;
  #answers: unknown[] = [];
  #names: string[] = [];
  readonly #objects = new Set<unknown>();
  #failures: number[] = [];
  #transfer: Transferable[] = [];
  #busyMs = 0;
  #lastBreath = 0;

  constructor(
    tasks: TaskMap,
    env: Env,
    post: (message: FromThread, transfer: Transferable[]) => void,
  ) {
    this.#env = env;
    this.#post = post;
    for (const [name, fn] of Object.entries(tasks)) {
      requireFunction(`the task ${show(name)}`, fn);
      this.#tasks.push({ name, fn: fn as Task["fn"], ms: Infinity });
    }
    if (this.#tasks.length === 0) throw new TypeError("Cannot expose no tasks: name at least one");
  }

  /** Says what there is. */
  start(): void {
    this.#post(["ready", this.#tasks.map(({ name }) => name)], []);
  }

  /** A message of the pool. */
  receive(message: ToThread): void {
    if (message[0] === "start") {
      this.#marker = message[1];
    } else if (message[0] === "run") {
      for (let i = 2; i < message.length; i += 2) {
        const number = (message[1] + ((i - 2) >> 1)) | 0;
        this.#queue.push(number, this.#tasks[message[i] as number], message[i + 1]);
      }
      if (!this.#running) void this.#run();
    } else if (message[0] === "cancel") {
      this.#cancel(message[1], message[2]);
    }
  }

  #cancel(number: number, reason: WireError): void {
    if (this.#current !== undefined && this.#currentNumber === number) {
      this.#current.abort(fromWire(reason));
    } else if (this.#running && ((number - this.#currentNumber) | 0) > 0) {
      this.#cancelled.add(number);
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#lastBreath = this.#env.monotonic();
    for (let pause = this.#work(); pause !== undefined; pause = this.#work()) await pause;
    this.#queue = [];
    this.#next = 0;
    this.#cancelled.clear();
    this.#running = false;
    this.#flush();
  }

  /**
   * Runs tasks until one is asynchronous or it is time for a breath, and answers what to wait for.
   */
  #work(): Promise<void> | undefined {
    while (this.#next < this.#queue.length) {
      const now = this.#env.monotonic();
      if (now - this.#lastBreath >= BREATH_MS) return this.#breathe();
      const number = this.#queue[this.#next] as number;
      const task = this.#queue[this.#next + 1] as Task;
      const input = this.#queue[this.#next + 2];
      this.#queue[this.#next + 2] = undefined;
      this.#next += 3;
      this.#currentNumber = number;
      if (this.#cancelled.delete(number)) {
        this.#answer(task, undefined, false);
        continue;
      }
      if (task.ms > SLOW_MS) this.#flush();
      if (this.#marker !== undefined) Atomics.store(this.#marker, 0, number);
      const context = this.#current = new Context();
      try {
        const result = task.fn(input, context);
        if (isThenable(result)) return this.#follow(task, result, now);
        this.#finish(task, result, false, now);
      } catch (error) {
        this.#finish(task, toWire(error), true, now);
      }
    }
    return undefined;
  }

  #follow(task: Task, promise: PromiseLike<unknown>, began: number): Promise<void> {
    return Promise.resolve(promise).then(
      (value) => this.#finish(task, value, false, began),
      (error) => this.#finish(task, toWire(error), true, began),
    );
  }

  #finish(task: Task, value: unknown, failed: boolean, began: number): void {
    this.#current = undefined;
    this.#answer(task, value, failed);
    task.ms = this.#env.monotonic() - began;
    this.#busyMs += task.ms;
    if (this.#answers.length >= MOST_ANSWERS) this.#flush();
  }

  /** Sends what is done, and lets messages in: one of them may cancel what comes next. */
  async #breathe(): Promise<void> {
    this.#flush();
    await new Promise<void>((resolve) => void this.#env.defer(resolve));
    this.#lastBreath = this.#env.monotonic();
  }

  #answer({ name }: Task, value: unknown, failed: boolean): void {
    // In one message an object is cloned once: two callers would share it.
    if (typeof value === "object" && value !== null) {
      if (this.#objects.has(value)) this.#flush();
      this.#objects.add(value);
    }
    if (failed) this.#failures.push(this.#answers.length);
    const list = failed ? undefined : transferListOf(value);
    if (list !== undefined) this.#transfer.push(...list);
    this.#answers.push(value);
    this.#names.push(name);
  }

  #flush(): void {
    if (this.#answers.length === 0) return;
    const answers = this.#answers;
    const names = this.#names;
    const failures = this.#failures;
    const transfer = this.#transfer;
    const busyMs = this.#busyMs;
    this.#answers = [];
    this.#names = [];
    this.#failures = [];
    this.#transfer = [];
    this.#busyMs = 0;
    this.#objects.clear();
    try {
      this.#send(["done", this.#answered, busyMs, failures, ...answers], transfer);
    } catch {
      this.#sendOneByOne(answers, names, failures, busyMs);
    }
  }

  /** One of the answers cannot be cloned: the others must not suffer. */
  #sendOneByOne(
    answers: readonly unknown[],
    names: readonly string[],
    failures: readonly number[],
    busyMs: number,
  ): void {
    answers.forEach((answer, index) => {
      const each = busyMs / answers.length;
      try {
        const failed = failures.includes(index) ? [0] : [];
        this.#send(["done", this.#answered, each, failed, answer], [
          ...transferListOf(answer) ?? [],
        ]);
      } catch (error) {
        const refused = toWire(error);
        const message = `Cannot send what task "${names[index]}" returned: ${refused.message}`;
        this.#send(["done", this.#answered, each, [0], { ...refused, message }], []);
      }
    });
  }

  #send(message: Done, transfer: Transferable[]): void {
    this.#post(message, transfer);
    this.#answered += message.length - ANSWERS_FROM;
  }
}

/** Most tasks never look at their signal, so there is none until they do. */
class Context implements TaskContext {
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }
}
