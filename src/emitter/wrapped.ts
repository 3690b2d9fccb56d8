/**
 * What a subscription calls: its listener inside what its options ask for.
 */

import { type Isolation, withClones } from "../event/isolation.ts";
import type { Listener } from "../event/listener.ts";
import { integerOption } from "../internal/check.ts";
import { gate } from "./gate.ts";
import type { OnOptions } from "./options.ts";

/** The listener with clones, a limit and an end, as asked for; itself if nothing is. */
export function wrapped(
  listener: Listener,
  isolation: Isolation,
  { once, concurrency }: OnOptions,
): Listener {
  let fn = listener;
  if (isolation === "clone") fn = withClones(fn);
  if (concurrency !== undefined) fn = gate(fn, integerOption("concurrency", concurrency, 1));
  return once === true ? onlyOnce(fn) : fn;
}

/** A listener whose subscription ends before it is called, so that it cannot be called again. */
function onlyOnce(fn: Listener): Listener {
  return (event, context) => {
    context.subscription.unsubscribe();
    return fn(event, context);
  };
}
