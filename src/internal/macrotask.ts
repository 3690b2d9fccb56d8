/**
 * "After pending I/O and timers had their turn", by the cheapest means the runtime has.
 */

type Job = { fn: (() => void) | undefined } & Disposable;

/** More microtasks than any runtime puts between a message and its delivery. */
const TURN = 16;

/**
 * Uses `setImmediate` where there is one, else a `MessageChannel` that is open only while something
 * waits (an open one keeps a process alive), else a timer. On workerd a message is a microtask; the
 * first one shows that, and timers are used from then on.
 */
export class MacrotaskQueue {
  #waiting: Job[] = [];
  #channel: MessageChannel | undefined;
  /** Whether messages come behind every microtask; unknown until the first one came. */
  #messagesWait: boolean | undefined;

  /** Calls `fn` in a later macrotask; disposing the result cancels it. */
  add(fn: () => void): Disposable {
    const job: Job = {
      fn,
      [Symbol.dispose]: () => {
        job.fn = undefined;
      },
    };
    if (typeof setImmediate === "function") setImmediate(run, job);
    else if (typeof MessageChannel === "function" && this.#messagesWait !== false) this.#post(job);
    else setTimeout(run, 0, job);
    return job;
  }

  #post(job: Job): void {
    this.#waiting.push(job);
    if (this.#channel !== undefined) return;
    let turnIsOver = false;
    if (this.#messagesWait === undefined) afterTurn(() => (turnIsOver = true));
    const channel = new MessageChannel();
    this.#channel = channel;
    channel.port1.onmessage = () => {
      const jobs = this.#waiting;
      this.#waiting = [];
      this.#channel = undefined;
      channel.port1.close();
      this.#messagesWait ??= turnIsOver;
      for (const job of jobs) {
        if (this.#messagesWait) runOneOfMany(job);
        else setTimeout(run, 0, job);
      }
    };
    channel.port2.postMessage(0);
  }
}

/** Calls `fn` behind a chain of microtasks, but before any macrotask. */
async function afterTurn(fn: () => void): Promise<void> {
  for (let i = 0; i < TURN; i++) await undefined;
  fn();
}

/** Several jobs share one message: when one throws, the error surfaces from a timer of its own. */
function runOneOfMany(job: Job): void {
  try {
    run(job);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

function run(job: Job): void {
  const { fn } = job;
  job.fn = undefined;
  fn?.();
}

// `setImmediate` is not in every standard library's types; it is looked for, never assumed.
declare const setImmediate: ((fn: (job: Job) => void, job: Job) => unknown) | undefined;
