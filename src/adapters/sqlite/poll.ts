/**
 * Looking for what others wrote: SQLite tells nobody.
 */

import type { Env } from "../../internal/env.ts";
import type { Awaitable } from "../../store/driver.ts";

/** Between looks: at first, and at most, in milliseconds. */
const SHORTEST = 2;
const LONGEST = 50;

/** Looks until there is something, less and less often; a signal ends it. */
export async function poll(
  env: Env,
  signal: AbortSignal,
  look: () => Awaitable<boolean>,
): Promise<void> {
  for (let pause = SHORTEST; !signal.aborted; pause = Math.min(pause * 1.5, LONGEST)) {
    const found = look();
    if (found instanceof Promise ? await found : found) return;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = env.setTimer(() => end(), pause, { ref: false });
      const aborting = env.onAbort(signal, () => end());
      const end = (): void => {
        timer[Symbol.dispose]();
        aborting[Symbol.dispose]();
        resolve();
      };
    });
  }
}
