/** An event with its place in the log. */

import { brand, plain } from "../event/brand.ts";
import type { NovaEvent, Recorded } from "../event/event.ts";

const Made: new (
  event: NovaEvent,
  stream: string,
  version: number,
  position: number,
  recordedAt: number,
) => Recorded = plain(function (event, stream, version, position, recordedAt) {
  this.id = event.id;
  this.type = event.type;
  this.data = event.data;
  this.metadata = event.metadata;
  this.timestamp = event.timestamp;
  this.stream = stream;
  this.version = version;
  this.position = position;
  this.recordedAt = recordedAt;
});

/** The record of an event. It is made of checked parts, so it may be emitted and published again as it is. */
export function makeRecord(
  event: NovaEvent,
  stream: string,
  version: number,
  position: number,
  recordedAt: number,
): Recorded {
  const record = new Made(event, stream, version, position, recordedAt);
  brand(record);
  return record;
}
