/** Waiting for time to pass. */

import type { Env } from "./env.ts";

/** Resolves after some milliseconds, or when the signal aborts. */
export function sleep(env: Env, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    let aborting: Disposable | undefined;
    const wake = (): void => {
      timer[Symbol.dispose]();
      aborting?.[Symbol.dispose]();
      resolve();
    };
    const timer = env.setTimer(wake, ms);
    // It may have been aborted already.
    aborting = signal && env.onAbort(signal, wake);
  });
}
