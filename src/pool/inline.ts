/**
 * The twin of a thread pool in this thread: for tests, and for workerd, which has no threads.
 */

import { type Env, RESOLVED, systemEnv } from "../internal/env.ts";
import type { ToThread, WorkerLike } from "./protocol.ts";
import { Server } from "./serve.ts";
import type { TaskMap } from "./tasks.ts";
import type { ThreadPoolOptions } from "./thread_options.ts";
import { ThreadPool } from "./thread_pool.ts";

/**
 * Makes a pool that runs its tasks here, one at a time, through the same messages as threads do:
 * inputs and results are cloned, errors are taken apart and put together, so that what works here
 * works in a thread. What it cannot do is run beside other code, or end a task that ignores its
 * signal: that one is left alone.
 *
 * @example Usage
 * ```ts
 * import { inline } from "@nova/events/pool";
 *
 * const pool = inline({ square: (n: number) => n * n });
 * console.log(await pool.run("square", 7)); // 49
 * await pool.close();
 * ```
 */
export function inline<Tasks extends TaskMap>(
  tasks: Tasks,
  options: Omit<ThreadPoolOptions, "workers"> = {},
): ThreadPool<Tasks> {
  return new ThreadPool<Tasks>(() => new InlineWorker(tasks, options.env ?? systemEnv), {
    ...options,
    workers: 1,
  });
}

/** A worker as far as the pool can see. */
class InlineWorker implements WorkerLike {
  readonly #server: Server;
  readonly #listeners = new Map<string, Set<(event: Event) => void>>();
  #ended = false;

  constructor(tasks: TaskMap, env: Env) {
    this.#server = new Server(tasks, env, (message, transfer) => {
      const data: unknown = structuredClone(message, { transfer });
      this.#later(() => this.#tell(data));
    });
    this.#later(() => this.#server.start());
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    const data: unknown = structuredClone(message, { transfer });
    this.#later(() => this.#server.receive(data as ToThread));
  }

  terminate(): void {
    this.#ended = true;
  }

  addEventListener(type: string, listener: (event: Event) => void): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  removeEventListener(type: string, listener: (event: Event) => void): void {
    this.#listeners.get(type)?.delete(listener);
  }

  #later(fn: () => void): void {
    RESOLVED.then(() => {
      if (!this.#ended) fn();
    });
  }

  #tell(data: unknown): void {
    const event = Object.assign(new Event("message"), { data });
    for (const listener of this.#listeners.get("message") ?? []) listener(event);
  }
}
