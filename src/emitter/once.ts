/**
 * Listeners of one event.
 */

import type { Listener } from "../event/listener.ts";

/** A listener whose subscription ends before it is called, so that it cannot be called again. */
export function onlyOnce(fn: Listener): Listener {
  return (event, context) => {
    context.subscription.unsubscribe();
    return fn(event, context);
  };
}
