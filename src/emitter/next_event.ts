/**
 * Waiting for one event.
 */

import type { Emitted } from "../event/event.ts";
import { keep } from "../event/pool.ts";
import { requireFunction, requireOptions, requireSignal } from "../internal/check.ts";
import type { Engine } from "./engine.ts";
import type { OnceOptions } from "./options.ts";

/** The next event of a type that `where` accepts. */
export function nextEvent(engine: Engine, type: string, options: OnceOptions): Promise<Emitted> {
  return new Promise((resolve, reject) => {
    requireOptions("once", options);
    const { where, signal } = options;
    if (where !== undefined) requireFunction("where", where);
    requireSignal(signal);
    if (signal?.aborted === true) return reject(signal.reason);
    let settled = false;
    const handle = engine.subscribe(type, (event) => {
      try {
        if (where !== undefined && !where(event)) return;
        resolve(keep(event));
      } catch (error) {
        reject(error);
      }
      settled = true;
      handle.unsubscribe();
    }, { id: `${type}.once`, ...(signal === undefined ? {} : { signal }) });
    // It also ends when the signal aborts, and when the emitter closes.
    handle.endsWith({
      [Symbol.dispose]() {
        if (!settled) reject(signal?.aborted === true ? signal.reason : engine.closedError());
      },
    });
  });
}
