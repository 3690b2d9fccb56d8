/** Waiting that ends with its caller. */

import type { Env } from "../internal/env.ts";

/** Resolves after a time; rejects with the reason of the signal when that comes first. */
export function pause(env: Env, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = env.setTimer(() => {
      listening?.[Symbol.dispose]();
      resolve();
    }, ms);
    const listening = signal === undefined ? undefined : env.onAbort(signal, () => {
      timer[Symbol.dispose]();
      reject(signal.reason);
    });
  });
}
