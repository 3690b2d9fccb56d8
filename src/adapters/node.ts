/**
 * Node: a web-standard worker over `node:worker_threads`, which has its own ways.
 *
 * ```ts no-run needs a file of its own for the worker
 * import { nodeWorker } from "@nova/events/node";
 * import { ThreadPool } from "@nova/events/pool";
 *
 * const pool = new ThreadPool<{ square(n: number): number }>(
 *   () => nodeWorker(new URL("./tasks.ts", import.meta.url)),
 * );
 * console.log(await pool.run("square", 7));
 * await pool.close();
 * ```
 *
 * The same file of tasks serves Deno, Bun and Node: inside of it there are `postMessage`,
 * `addEventListener`, `onmessage`, `close` and `self`, as in a worker of the web.
 *
 * **Failure.** A thread that throws, or runs out of the memory that `resourceLimits` gives it, fires
 * `error`; one that ends, also by `process.exit()`, fires `close`.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import type { WorkerLike } from "../pool/protocol.ts";

export type { WorkerLike } from "../pool/protocol.ts";

/** Options of {@linkcode nodeWorker}. */
export interface NodeWorkerOptions {
  /** Names the thread in tools. */
  readonly name?: string;
  /**
   * How much memory the thread may use. What needs more ends the thread, not the process.
   *
   * @default {as much as the process}
   */
  readonly resourceLimits?: {
    /** The old generation, in MB. */
    readonly maxOldGenerationSizeMb?: number;
    /** The young generation, in MB. */
    readonly maxYoungGenerationSizeMb?: number;
    /** The stack, in MB. */
    readonly stackSizeMb?: number;
  };
}

/** Runs in the thread before the module: makes it look like a worker of the web. */
const BOOT = `
import { parentPort, workerData } from "node:worker_threads";
const scope = new EventTarget();
const define = (name, value) =>
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
define("self", globalThis);
define("addEventListener", scope.addEventListener.bind(scope));
define("removeEventListener", scope.removeEventListener.bind(scope));
define("dispatchEvent", scope.dispatchEvent.bind(scope));
define("postMessage", (message, options) => parentPort.postMessage(
  message, Array.isArray(options) ? options : options?.transfer));
define("close", () => process.exit());
await import(workerData.module);
parentPort.on("message", (data) => {
  const event = new MessageEvent("message", { data });
  globalThis.onmessage?.(event);
  scope.dispatchEvent(event);
});
`;

/**
 * Starts a module in a thread and answers it as a web-standard worker, for a `ThreadPool`.
 *
 * @param module The module, as `new URL("./tasks.ts", import.meta.url)`.
 * @param options What Node may be told about the thread.
 * @returns The worker.
 */
export function nodeWorker(module: URL | string, options: NodeWorkerOptions = {}): NodeWorker {
  return new NodeWorker(module, options);
}

/** A worker of Node with the methods and events of the web. */
export class NodeWorker extends EventTarget implements WorkerLike {
  readonly #worker: Worker;

  /** Starts the thread; see {@linkcode nodeWorker}. */
  constructor(module: URL | string, options: NodeWorkerOptions = {}) {
    super();
    const { name, resourceLimits } = options;
    this.#worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(BOOT)}`), {
      workerData: { module: String(module) },
      ...(name === undefined ? {} : { name }),
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#worker.on("message", (data) => this.dispatchEvent(new MessageEvent("message", { data })));
    this.#worker.on("messageerror", () => this.dispatchEvent(new Event("messageerror")));
    this.#worker.on("error", (error: unknown) => this.#failed(error));
    this.#worker.on("exit", (code) => {
      this.dispatchEvent(Object.assign(new Event("close"), { code }));
    });
  }

  /** Sends a structured clone; what is in `transfer` moves. */
  postMessage(message: unknown, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer as Parameters<Worker["postMessage"]>[1]);
  }

  /** Ends the thread at once. */
  terminate(): void {
    // It cannot reject, and whoever ends a thread does not wait for it.
    void this.#worker.terminate();
  }

  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.dispatchEvent(
      Object.assign(new Event("error", { cancelable: true }), { error, message }),
    );
  }
}
