/** Waiting for time to pass. */

import type { Env } from "./env.ts";

/** Resolves after some milliseconds, or when the signal aborts. `ref` as that of a timer. */
export function sleep(
  env: Env,
  ms: number,
  signal: AbortSignal | undefined,
  options?: { readonly ref?: boolean },
): Promise<void> {
  return new Promise((resolve) => {
    const ends: Disposable[] = [];
    const wake = (): void => {
      for (const end of ends) end[Symbol.dispose]();
      resolve();
    };
    ends.push(env.setTimer(wake, ms, options));
    // It may have been aborted already.
    if (signal !== undefined) ends.push(env.onAbort(signal, wake));
  });
}
