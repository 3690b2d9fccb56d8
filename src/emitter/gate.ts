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
  let waiting: (() => void)[] = [];
  let first = 0;

  function leave(): void {
    if (first === waiting.length) {
      running -= 1;
      return;
    }
    // A slot passes from hand to hand, so that nobody overtakes those who wait.
    const next = waiting[first]!;
    first += 1;
    // Forgetting those who had their turn in batches keeps a long line cheap.
    if (first >= 64 && first * 2 >= waiting.length) {
      waiting = waiting.slice(first);
      first = 0;
    }
    next();
  }

  function run(event: Emitted, context: ListenerContext): void | Promise<void> {
    try {
      const result = listener(event, context);
      if (isThenable(result)) return adopt(result).finally(leave) as Promise<void>;
    } catch (error) {
      leave();
      throw error;
    }
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
