/**
 * "After pending I/O and timers had their turn", by the cheapest means the runtime has.
 */

type Job = { fn: (() => void) | undefined } & Disposable;

/**
 * Uses `setImmediate` where there is one, else a `MessageChannel` that is open only while something
 * waits (an open one keeps a process alive), else a timer.
 */
export class MacrotaskQueue {
  #waiting: Job[] = [];
  #channel: MessageChannel | undefined;

  /** Calls `fn` in a later macrotask; disposing the result cancels it. */
  add(fn: () => void): Disposable {
    const job: Job = {
      fn,
      [Symbol.dispose]: () => {
        job.fn = undefined;
      },
    };
    if (typeof setImmediate === "function") setImmediate(run, job);
    else if (typeof MessageChannel === "function") this.#post(job);
    else setTimeout(run, 0, job);
    return job;
  }

  #post(job: Job): void {
    this.#waiting.push(job);
    if (this.#channel !== undefined) return;
    const channel = new MessageChannel();
    this.#channel = channel;
    channel.port1.onmessage = () => {
      const jobs = this.#waiting;
      this.#waiting = [];
      this.#channel = undefined;
      channel.port1.close();
      for (const job of jobs) run(job);
    };
    channel.port2.postMessage(0);
  }
}

function run(job: Job): void {
  const { fn } = job;
  job.fn = undefined;
  fn?.();
}

// `setImmediate` is not in every standard library's types; it is looked for, never assumed.
declare const setImmediate: ((fn: (job: Job) => void, job: Job) => unknown) | undefined;
