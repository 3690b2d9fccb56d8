/**
 * The log in memory: one order over all events, and for each stream an index into it.
 *
 * Events are kept by reference, in columns of fixed segments: appending copies nothing that is
 * already there, reading from the end costs the same as from the start, and what the store adds to
 * an event is about forty bytes. The record of an event is made when somebody reads it.
 */

import type { Draft, Stored } from "./driver.ts";
import { makeRecord } from "./record.ts";
import { StreamIndex } from "./stream_index.ts";

/** Small enough that a segment is young when it is filled, large enough that their number is not felt. */
const SEGMENT = 1024;

interface Segment {
  /** Undefined once it was removed. */
  readonly events: (Draft | undefined)[];
  readonly recordedAt: Float64Array;
  readonly streams: Uint32Array;
  readonly versions: Uint32Array;
  /** Only when events are measured. */
  sizes: Uint32Array | undefined;
}

/** All events in the order they were appended, and their streams. */
export class Log {
  /** The position of the last event; positions start at 1. */
  head = 0;
  /** The first position that was not trimmed. */
  oldest = 1;
  /** Events that are there. */
  events = 0;
  /** Their bytes, as far as they were measured. */
  bytes = 0;
  /** Streams that have events. */
  streamCount = 0;
  readonly #segments: Segment[] = [];
  /** Segments that are gone from the front. */
  #dropped = 0;
  #open: Segment = NO_SEGMENT;
  #room = 0;
  readonly #streams = new Map<string, StreamIndex>();
  readonly #byNumber: StreamIndex[] = [];

  /** The index of a stream, if it ever had events. */
  stream(name: string): StreamIndex | undefined {
    return this.#streams.get(name);
  }

  /** All streams there ever were. */
  names(): string[] {
    return [...this.#streams.keys()];
  }

  /** The index of a stream, made if need be. */
  streamFor(name: string): StreamIndex {
    const stream = this.#streams.get(name);
    return stream === undefined ? this.#addStream(name) : stream;
  }

  #addStream(name: string): StreamIndex {
    const stream = new StreamIndex(name, this.#byNumber.length);
    this.#streams.set(name, stream);
    this.#byNumber.push(stream);
    return stream;
  }

  /** Appends one event to a stream; answers its position. */
  append(stream: StreamIndex, event: Draft, recordedAt: number, size?: number): number {
    if (this.#room === 0) this.#grow();
    const segment = this.#open;
    const offset = SEGMENT - this.#room;
    this.#room -= 1;
    this.head += 1;
    this.events += 1;
    segment.events[offset] = event;
    segment.recordedAt[offset] = recordedAt;
    segment.streams[offset] = stream.number;
    if (stream.count === 0) this.streamCount += 1;
    segment.versions[offset] = stream.push(this.head);
    if (size !== undefined) {
      (segment.sizes ??= new Uint32Array(SEGMENT))[offset] = size;
      this.bytes += size;
    }
    return this.head;
  }

  #grow(): void {
    this.#open = {
      events: new Array<Draft | undefined>(SEGMENT),
      recordedAt: new Float64Array(SEGMENT),
      streams: new Uint32Array(SEGMENT),
      versions: new Uint32Array(SEGMENT),
      sizes: undefined,
    };
    this.#segments.push(this.#open);
    this.#room = SEGMENT;
  }

  /** Places an event where it was, above `head`; what lies between is empty. */
  place(
    position: number,
    version: number,
    stream: StreamIndex,
    event: Draft,
    at: number,
    size?: number,
  ): void {
    this.skipTo(position - 1, at);
    stream.skipTo(version);
    this.append(stream, event, at, size);
  }

  /** Leaves positions up to `head` empty. */
  skipTo(head: number, at: number): void {
    if (this.events === 0 && this.#segments.length === 0) {
      this.#dropped = Math.floor(head / SEGMENT);
      this.head = this.#dropped * SEGMENT;
    }
    while (this.head < head) {
      if (this.#room === 0) this.#grow();
      this.#open.recordedAt[SEGMENT - this.#room] = at;
      this.#room -= 1;
      this.head += 1;
    }
  }

  #segmentOf(position: number): Segment {
    return this.#segments[Math.floor((position - 1) / SEGMENT) - this.#dropped]!;
  }

  /** When the event at a position was written. */
  recordedAt(position: number): number {
    return this.#segmentOf(position).recordedAt[(position - 1) % SEGMENT]!;
  }

  /** The event at a position, if it is still there. */
  event(position: number): Draft | undefined {
    if (position < this.oldest || position > this.head) return undefined;
    return this.#segmentOf(position).events[(position - 1) % SEGMENT];
  }

  /** The name of the stream of a position that has an event. */
  streamAt(position: number): string {
    return this.#byNumber[this.#segmentOf(position).streams[(position - 1) % SEGMENT]!]!.name;
  }

  /** The version of a position that has an event. */
  versionAt(position: number): number {
    return this.#segmentOf(position).versions[(position - 1) % SEGMENT]!;
  }

  /** The record at a position; undefined if its event is gone. */
  at(position: number): Stored | undefined {
    const segment = this.#segmentOf(position);
    const offset = (position - 1) % SEGMENT;
    const event = segment.events[offset];
    if (event === undefined) return undefined;
    const stream = this.#byNumber[segment.streams[offset]!]!.name;
    return makeRecord(
      event,
      stream,
      segment.versions[offset]!,
      position,
      segment.recordedAt[offset]!,
    );
  }

  /** The first kept position that was written at a time or later; `head + 1` if none was. */
  since(time: number): number {
    return firstWhere(this.oldest, this.head + 1, (position) => this.recordedAt(position) >= time);
  }

  /** Removes the events of a stream before a version. */
  cut(stream: StreamIndex, before: number): void {
    const end = Math.min(before, stream.version + 1);
    for (let version = stream.first; version < end; version++) {
      const position = stream.positionOf(version);
      this.#forget(this.#segmentOf(position), (position - 1) % SEGMENT);
    }
    this.#shorten(stream, end);
  }

  /** Removes all events before a position, and the segments that are empty then. */
  trim(before: number): void {
    for (; this.oldest < before; this.oldest++) {
      const segment = this.#segmentOf(this.oldest);
      const offset = (this.oldest - 1) % SEGMENT;
      if (segment.events[offset] === undefined) continue;
      this.#forget(segment, offset);
      this.#shorten(this.#byNumber[segment.streams[offset]!]!, segment.versions[offset]! + 1);
    }
    const empty = Math.floor((this.oldest - 1) / SEGMENT) - this.#dropped;
    // The open one stays.
    const gone = Math.min(empty, this.#segments.length - 1);
    if (gone > 0) {
      this.#segments.splice(0, gone);
      this.#dropped += gone;
    }
  }

  #forget(segment: Segment, offset: number): void {
    segment.events[offset] = undefined;
    this.events -= 1;
    if (segment.sizes !== undefined) this.bytes -= segment.sizes[offset]!;
  }

  #shorten(stream: StreamIndex, first: number): void {
    const had = stream.count;
    stream.dropBefore(first);
    if (had > 0 && stream.count === 0) this.streamCount -= 1;
  }

  /** The bytes of the event at a position, if it was measured. */
  sizeAt(position: number): number {
    return this.#segmentOf(position).sizes?.[(position - 1) % SEGMENT] ?? 0;
  }
}

const NO_SEGMENT: Segment = {
  events: [],
  recordedAt: new Float64Array(0),
  streams: new Uint32Array(0),
  versions: new Uint32Array(0),
  sizes: undefined,
};

/** The first integer in `[low, high)` for which it holds, where it holds for all that follow. */
export function firstWhere(low: number, high: number, holds: (at: number) => boolean): number {
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
