/**
 * Offering tasks from a worker's file.
 */

import { systemEnv } from "../internal/env.ts";
import type { ToThread } from "./protocol.ts";
import { Server } from "./serve.ts";
import type { TaskMap } from "./tasks.ts";

/** The global scope of a worker, as far as it is used. */
interface WorkerScope {
  postMessage?(message: unknown, transfer: Transferable[]): void;
  addEventListener?(type: string, listener: (event: MessageEvent) => void): void;
  close?(): void;
}

let exposed = false;

/**
 * Offers tasks to the pool that made this worker. Call it once, in the worker's own file.
 *
 * A task gets its input and a context with a `signal`; it may be asynchronous. A thread runs one task
 * at a time.
 *
 * @throws {TypeError} If it is called outside of a worker, or twice, or a task is no function.
 */
export function expose<Tasks extends TaskMap>(tasks: Tasks): void {
  const scope = globalThis as unknown as WorkerScope;
  if (typeof scope.postMessage !== "function" || typeof scope.addEventListener !== "function") {
    throw new TypeError("Cannot expose tasks here: this is no worker thread. See inline()");
  }
  if (exposed) throw new TypeError("Cannot expose tasks twice in one thread: name all in one call");
  const post = (message: unknown, transfer: Transferable[]): void =>
    scope.postMessage?.(message, transfer);
  const server = new Server(tasks, systemEnv, post);
  exposed = true;
  scope.addEventListener("message", ({ data }) => server.receive(data as ToThread));
  sayGoodbye(scope, post);
  server.start();
}

/** A worker that closes itself ends without an event at the other side: it has to say so first. */
function sayGoodbye(
  scope: WorkerScope,
  post: (message: unknown, transfer: Transferable[]) => void,
): void {
  const { close } = scope;
  if (typeof close === "function") {
    scope.close = () => {
      post(["bye"], []);
      close.call(scope);
    };
  }
  // Deno's own way to exit fires this one.
  scope.addEventListener?.("unload", () => post(["bye"], []));
}
