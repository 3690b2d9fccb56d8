/**
 * The log in memory: one order over all events, and for each stream an index into it.
 *
 * Events are kept by reference, in columns of fixed segments: appending copies nothing that is
 * already there, reading from the end costs the same as from the start, and what the store adds to
 * an event is about thirty bytes. The record of an event is made when somebody reads it.
 */

import { brand } from "../event/brand.ts";
import type { NovaEvent, Recorded } from "../event/event.ts";

/** Small enough that a segment is young when it is filled, large enough that their number is not felt. */
const SEGMENT = 1024;

interface Segment {
  readonly events: NovaEvent[];
  readonly recordedAt: Float64Array;
  readonly streams: Uint32Array;
  readonly versions: Uint32Array;
}

/** Where the events of one stream are. */
export class StreamIndex {
  readonly name: string;
  readonly number: number;
  /** How many events it has; the version of the last one. */
  version = 0;
  /** Position by version - 1; grows by doubling. */
  #positions: Float64Array = new Float64Array(4);

  constructor(name: string, number: number) {
    this.name = name;
    this.number = number;
  }

  /** Where version `version` of the stream is in the log. */
  positionOf(version: number): number {
    return this.#positions[version - 1]!;
  }

  /** Adds the next version. */
  push(position: number): number {
    if (this.version === this.#positions.length) {
      const grown = new Float64Array(this.version * 2);
      grown.set(this.#positions);
      this.#positions = grown;
    }
    this.#positions[this.version] = position;
    this.version += 1;
    return this.version;
  }
}

/** All events in the order they were appended, and their streams. */
export class Log {
  /** The position of the last event; positions start at 1. */
  head = 0;
  readonly #segments: Segment[] = [];
  readonly #streams = new Map<string, StreamIndex>();
  readonly #byNumber: StreamIndex[] = [];

  /** How many streams there are. */
  get streamCount(): number {
    return this.#byNumber.length;
  }

  /** The index of a stream, if it has events. */
  stream(name: string): StreamIndex | undefined {
    return this.#streams.get(name);
  }

  /** Appends one event to a stream; answers its position. */
  append(name: string, event: NovaEvent, recordedAt: number): number {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new StreamIndex(name, this.#byNumber.length);
      this.#streams.set(name, stream);
      this.#byNumber.push(stream);
    }
    const offset = this.head % SEGMENT;
    if (offset === 0) this.#segments.push(newSegment());
    const segment = this.#segments[this.#segments.length - 1]!;
    this.head += 1;
    segment.events.push(event);
    segment.recordedAt[offset] = recordedAt;
    segment.streams[offset] = stream.number;
    segment.versions[offset] = stream.push(this.head);
    return this.head;
  }

  /** The record at a position between 1 and {@linkcode head}. */
  at(position: number): Recorded {
    const segment = this.#segments[Math.floor((position - 1) / SEGMENT)]!;
    const offset = (position - 1) % SEGMENT;
    const { id, type, data, metadata, timestamp } = segment.events[offset]!;
    const record = {
      id,
      type,
      data,
      metadata,
      timestamp,
      stream: this.#byNumber[segment.streams[offset]!]!.name,
      version: segment.versions[offset]!,
      position,
      recordedAt: segment.recordedAt[offset]!,
    };
    // Made of checked parts, so it may be emitted and published again as it is.
    brand(record);
    return record;
  }
}

function newSegment(): Segment {
  return {
    events: [],
    recordedAt: new Float64Array(SEGMENT),
    streams: new Uint32Array(SEGMENT),
    versions: new Uint32Array(SEGMENT),
  };
}
