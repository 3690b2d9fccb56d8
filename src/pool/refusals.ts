/**
 * Why a task was not run.
 */

import { toWire } from "./wire_error.ts";

/** The thread has no task of that name. */
export function unknownTask(name: string, names: string): TypeError {
  return new TypeError(`Cannot run task ${JSON.stringify(name)}: the thread has ${names}`);
}

/** The engine says what cannot be cloned; this says whose it is. */
export function notSent(name: string, error: unknown): unknown {
  const { message } = toWire(error);
  const refused = new DOMException(
    `Cannot send the input of task "${name}": ${message}`,
    "DataCloneError",
  );
  return Object.defineProperty(refused, "cause", { value: error, configurable: true });
}
