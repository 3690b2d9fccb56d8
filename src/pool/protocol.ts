/**
 * What a pool and its threads say to each other. Flat arrays, and many tasks in one message: the
 * copying of a message costs more than all the rest.
 *
 * A thread runs its tasks one at a time and in order, so an answer needs no id: it belongs to the
 * oldest task that has none.
 */

import type { WireError } from "./wire_error.ts";

/** From the pool: where to write which task runs (see {@linkcode hasStarted}), if memory can be shared. */
export type Start = readonly ["start", Int32Array | undefined];
/** From the pool: number of the first task; then for each a place in the list of names, and the input. */
export type Run = readonly ["run", number, ...unknown[]];
/** From the pool: the number of a task nobody waits for, and why. */
export type Cancel = readonly ["cancel", number, WireError];

/** From a thread, first of all: the names of its tasks. */
export type Ready = readonly ["ready", readonly string[]];
/**
 * From a thread: how many tasks it had answered before, the milliseconds these took, which of these
 * answers are errors, and the answers.
 */
export type Done = readonly ["done", number, number, readonly number[], ...unknown[]];
/** From a thread: it is about to end. */
export type Bye = readonly ["bye"];

/** Everything a pool may say. */
export type ToThread = Start | Run | Cancel;
/** Everything a thread may say. */
export type FromThread = Ready | Done | Bye;

/** Items of a {@linkcode Done} before its answers. */
export const ANSWERS_FROM = 4;

/** Whether a message is one of a thread that speaks this protocol. A worker may send anything. */
export function isFromThread(message: unknown): message is FromThread {
  if (!Array.isArray(message)) return false;
  const items: readonly unknown[] = message;
  switch (items[0]) {
    case "ready":
      return Array.isArray(items[1]) && items[1].every((name) => typeof name === "string");
    case "done":
      return typeof items[1] === "number" && typeof items[2] === "number" &&
        Array.isArray(items[3]) && items.length > ANSWERS_FROM;
    case "bye":
      return true;
    default:
      return false;
  }
}

/** Whether the thread has come as far as a task; numbers go round after 2³² tasks. */
export function hasStarted(marker: Int32Array, task: number): boolean {
  return ((Atomics.load(marker, 0) - task) | 0) >= 0;
}

/** What a pool needs of a worker. `Worker` of every runtime has it, and `nodeWorker` of `./node`. */
export interface WorkerLike {
  /** Sends a structured clone; what is in `transfer` moves. */
  postMessage(message: unknown, transfer: Transferable[]): void;
  /** Ends the thread at once. */
  terminate(): unknown;
  /** Listens to `message`, `messageerror`, `error` and, where there is one, `close`. */
  addEventListener(type: string, listener: (event: Event) => void): void;
  /** Stops listening. */
  removeEventListener(type: string, listener: (event: Event) => void): void;
}
