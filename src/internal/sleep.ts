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
    let aborting: Disposable | undefined = undefined;
    const wake = (): void => {
      timer[Symbol.dispose]();
      aborting?.[Symbol.dispose]();
      resolve();
    };
    const timer = env.setTimer(wake, ms, options);
    // It may have been aborted already.
    aborting = signal && env.onAbort(signal, wake);
  });
}
