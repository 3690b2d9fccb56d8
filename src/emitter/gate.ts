/**
 * A limit on how often one listener runs at once.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener, ListenerContext } from "../event/listener.ts";
import { adopt, isThenable } from "../internal/thenable.ts";

/**
 * At most `limit` runs of the listener at once; further events wait for a slot, in order. Each of them
 * is in flight for its emitter meanwhile, so the emitter's own limits bound the wait.
 */
export function gate(listener: Listener, limit: number): Listener {
  let running = 0;
  const waiting: (() => void)[] = [];

  function leave(): void {
    // A slot passes from hand to hand, so that nobody overtakes those who wait.
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  function run(event: Emitted, context: ListenerContext): void | Promise<void> {
    let result: void | Promise<void>;
    try {
      result = listener(event, context);
    } catch (error) {
      leave();
      throw error;
    }
    if (isThenable(result)) return adopt(result).finally(leave) as Promise<void>;
    leave();
  }

  return (event, context) => {
    if (running < limit) {
      running += 1;
      return run(event, context);
    }
    return new Promise<void>((resolve) => waiting.push(resolve)).then(() => {
      if (context.subscription.active) return run(event, context);
      leave();
    });
  };
}
