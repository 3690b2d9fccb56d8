/**
 * Calling the listeners of a channel.
 *
 * An engine learns what a call site calls. In one loop for all channels a site sees every listener of
 * the program and learns nothing; a channel that turns out to be hot therefore gets a copy of the
 * dispatcher to itself, where each listener has a site of its own and can be inlined. The copies are
 * in `dispatchers.ts`, generated from this text; nothing is ever evaluated at run time.
 */

import type { Emitted } from "../event/event.ts";
import { type Delivery, type DeliveryOwner, dispatchRest } from "./delivery.ts";
import { takeDispatcher } from "./dispatchers.ts";
import type { Channel } from "./listener_table.ts";

/**
 * Calls every listener of the channel in the order they subscribed, also after one failed. Answers
 * undefined when all were synchronous and succeeded.
 */
export type Dispatch = (
  owner: DeliveryOwner,
  channel: Channel,
  event: Emitted,
) => Delivery | undefined;

/** Events after which a channel is hot. */
const HOT = 256;

/** The dispatcher that all channels share until they are hot. */
export function dispatchAny(
  owner: DeliveryOwner,
  channel: Channel,
  event: Emitted,
): Delivery | undefined {
  const { cells } = channel;
  channel.hits += 1;
  if (channel.hits === HOT) channel.useDispatcher(takeDispatcher() ?? dispatchAny);
  // Listeners that subscribe meanwhile are appended behind this end.
  return dispatchRest(owner, event, cells, 0, cells.length, undefined);
}

/** The dispatcher of a channel without listeners. */
export function dispatchNobody(owner: DeliveryOwner): undefined {
  owner.unheard();
}
