/**
 * A task of a thread pool as a listener.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener } from "../event/listener.ts";
import { requireFunction, requireOptions } from "../internal/check.ts";
import type { TaskInput, TaskMap, TaskName } from "./tasks.ts";
import type { ThreadPool } from "./thread_pool.ts";

/** Options of {@linkcode threadListener}. */
export interface ThreadListenerOptions<Event extends Emitted, Input> {
  /**
   * What the task gets of an event.
   *
   * @default {(event) => event.data}
   */
  readonly input?: (event: Event) => Input;
  /** What moves to the thread instead of being copied. Other listeners then see it empty. */
  readonly transfer?: (event: Event) => readonly Transferable[];
}

/**
 * Makes a listener that handles each event in a thread: it succeeds and fails as the task does, and
 * is cancelled with its subscription's signal.
 *
 * @example Usage
 * ```ts
 * import { Emitter } from "@nova/events/emitter";
 * import { inline, threadListener } from "@nova/events/pool";
 *
 * const pool = inline({ resize: ({ width }: { width: number }) => console.log("resized", width) });
 * const emitter = new Emitter<{ uploaded: { width: number } }>();
 * emitter.on("uploaded", threadListener(pool, "resize"));
 * await emitter.emit("uploaded", { width: 640 }); // → resized 640
 * await emitter.close();
 * await pool.close();
 * ```
 */
export function threadListener<
  Tasks extends TaskMap,
  Name extends TaskName<Tasks>,
  Event extends Emitted = Emitted<string, TaskInput<Tasks, Name>>,
>(
  pool: ThreadPool<Tasks>,
  name: Name,
  options: ThreadListenerOptions<Event, TaskInput<Tasks, Name>> = {},
): Listener<Event> {
  requireOptions("a thread listener", options);
  const { input, transfer } = options;
  if (input !== undefined) requireFunction("input", input);
  if (transfer !== undefined) requireFunction("transfer", transfer);
  return async (event, { signal }) => {
    const given = input === undefined ? event.data as TaskInput<Tasks, Name> : input(event);
    await pool.run(
      name,
      given,
      transfer === undefined ? { signal } : { signal, transfer: transfer(event) },
    );
  };
}
