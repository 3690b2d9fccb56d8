/** An event with its place in the log, and what it weighs. */

import { brand, plain } from "../event/brand.ts";
import type { NovaEvent, Recorded } from "../event/event.ts";
import { byteLength } from "../event/validate.ts";

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

/** The bytes of an event: its data as a codec wrote it, type, id and metadata. */
export function sizeOf(
  { id, type, metadata }: NovaEvent,
  body: string | Uint8Array,
): number {
  let size = typeof body === "string" ? byteLength(body) : body.length;
  size += id.length + type.length;
  for (const key in metadata) size += key.length + byteLength(metadata[key]!);
  return size;
}
