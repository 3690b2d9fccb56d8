/**
 * News that events are gone which a subscription would have got.
 */

import type { NovaEvent } from "../event/event.ts";

/** The type of the event that tells of a gap. */
export const GAP = "nova.gap";

/** The data of an event of type `nova.gap`. */
export interface Gap {
  /** The partition with the gap. */
  readonly partition: number;
  /** The sequence of the event that comes next. */
  readonly next: number;
  /** How many events are gone; undefined where that is not known. */
  readonly missed: number | undefined;
}

/** Whether an event tells of a gap: it has no key, as it is not one of the topic. */
export function isGap(event: NovaEvent): boolean {
  return event.type === GAP;
}
