/**
 * Where a subscription begins.
 */

import { CursorExpiredError } from "../errors/store.ts";
import type { From, OnGap } from "./api.ts";
import type { Partition } from "./partition.ts";

/** Where to begin in a partition. */
export interface Start {
  readonly place: number;
  /** How many events are gone that were asked for; undefined for some, but who knows how many. */
  readonly missed: number | undefined;
}

/** The place in a partition where a subscription begins. */
export function startIn(partition: Partition, from: From, onGap: OnGap): Start {
  if (from === "latest") return { place: partition.tail, missed: 0 };
  // A topic that is declared anew has nothing that could be skipped.
  if (from === "earliest" || partition.tail === 0) return { place: partition.oldest, missed: 0 };
  if (from instanceof Date && !partition.retains) {
    throw new RangeError(
      'Cannot use a date as "from" as the topic has no "retention": it keeps no times',
    );
  }
  if (from instanceof Date) return { place: partition.placeSince(from.getTime()), missed: 0 };
  const { oldest } = partition;
  const last = partition.numberBefore(oldest);
  if (last < from) return { place: partition.placeOf(from), missed: 0 };
  if (onGap === "error") throw new CursorExpiredError(from - 1, partition.nextNumber(oldest));
  return { place: oldest, missed: partition.isNumbered ? undefined : last - from + 1 };
}
