/**
 * Calling the listeners of a channel.
 *
 * An engine learns what a call site calls. In one loop for all channels a site sees every listener of
 * the program and learns nothing; a channel that turns out to be hot therefore gets a copy of the
 * dispatcher to itself, where each listener has a site of its own and can be inlined. The copies are
 * in `dispatchers.ts`, generated from this text; nothing is ever evaluated at run time.
 */

import type { Emitted } from "../event/event.ts";
import { answered, type Delivery, type DeliveryOwner, dispatchRest, failed } from "./delivery.ts";
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

/** The dispatcher that channels share until they are hot, and afterwards when no copy is left. */
export function dispatchMany(
  owner: DeliveryOwner,
  channel: Channel,
  event: Emitted,
): Delivery | undefined {
  const { cells } = channel;
  channel.hits += 1;
  if (channel.hits >= HOT && !channel.hot) channel.becomeHot(takeDispatcher() ?? dispatchMany);
  // Listeners that subscribe meanwhile are appended behind this end.
  return dispatchRest(owner, event, cells, 0, cells.length, undefined);
}

/** The dispatcher of channels with one listener: a copy would gain them little. */
export function dispatchOne(
  owner: DeliveryOwner,
  channel: Channel,
  event: Emitted,
): Delivery | undefined {
  const cell = channel.cells[0]!;
  const { fn } = cell;
  let delivery: Delivery | undefined;
  channel.hits += 1;
  try {
    const result: unknown = fn(event, cell);
    if (result === undefined) return undefined;
    delivery = answered(owner, delivery, event, cell, result);
  } catch (cause) {
    delivery = failed(owner, delivery, event, cell, cause);
  }
  delivery?.started();
  return delivery;
}

/** The dispatcher of channels without listeners. */
export function dispatchNobody(owner: DeliveryOwner): undefined {
  owner.unheard();
}
