/**
 * Ends threads that have nothing to do for long.
 */

import type { Env } from "../internal/env.ts";
import type { Thread } from "./thread.ts";

/** Watches the threads of a pool with one timer, for the one that has been idle longest. */
export class IdleWatch {
  readonly #env: Env;
  readonly #idleMs: number;
  readonly #threads: Set<Thread>;
  #timer: Disposable | undefined;

  constructor(env: Env, idleMs: number, threads: Set<Thread>) {
    this.#env = env;
    this.#idleMs = idleMs;
    this.#threads = threads;
  }

  /** A thread may have become idle. */
  look(): void {
    if (this.#timer !== undefined || this.#idleMs === Infinity) return;
    let since = Infinity;
    for (const thread of this.#threads) {
      if (thread.isIdle) since = Math.min(since, thread.idleSince);
    }
    if (since === Infinity) return;
    const left = Math.max(0, since + this.#idleMs - this.#env.monotonic());
    this.#timer = this.#env.setTimer(() => this.#sweep(), left, { ref: false });
  }

  /** Stops watching. */
  end(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    // A runtime may fire up to a millisecond early.
    const before = this.#env.monotonic() - this.#idleMs + 1;
    for (const thread of [...this.#threads]) {
      if (!thread.isIdle || thread.idleSince > before) continue;
      thread.end();
      this.#threads.delete(thread);
    }
    this.look();
  }
}
