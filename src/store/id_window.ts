/**
 * The ids of the last events, so that an append that is tried again is recognised.
 *
 * A ring of hashes and positions: no string is kept, as the log has them, and nothing is allocated
 * per id. An id leaves when the ring comes round to it.
 */

import { hashString } from "../internal/hash.ts";
import { HashRing, moved } from "../queue/hash_ring.ts";
import type { Draft } from "./driver.ts";
import type { Log } from "./log.ts";
import type { StreamIndex } from "./stream_index.ts";

/** The last `capacity` ids. It grows up to there as ids come. */
export class IdWindow {
  readonly #ring: HashRing;
  #positions: Float64Array;
  /** What was hashed last: mostly it is looked up, then added. */
  #record: Draft | undefined;
  #id = "";
  #stream = -1;
  #hash = 0;

  constructor(capacity: number) {
    this.#ring = new HashRing(capacity);
    this.#positions = new Float64Array(this.#ring.size);
  }

  /** The newest position of a record's id in a stream, as far as the log still has it; else 0. */
  find(record: Draft, stream: StreamIndex, log: Log): number {
    const ring = this.#ring;
    const { id } = record;
    const hash = this.#hashOf(record, stream.number);
    let newest = 0;
    for (let at = ring.seek(hash); at >= 0; at = ring.next(hash, at)) {
      const position = this.#positions[ring.slotAt(at)]!;
      if (position <= newest) continue;
      if (log.event(position)?.id === id && log.streamAt(position) === stream.name) {
        newest = position;
      }
    }
    return newest;
  }

  /** Remembers the id of a record by where it is. */
  add(record: Draft, stream: StreamIndex, position: number): void {
    const ring = this.#ring;
    const hash = this.#hashOf(record, stream.number);
    if (ring.full && ring.grown) ring.shift();
    else if (ring.full) this.#positions = moved(this.#positions, ...ring.grow());
    this.#positions[ring.add(hash)] = position;
  }

  #hashOf(record: Draft, stream: number): number {
    const { id } = record;
    // Records first: to tell two strings apart costs more than to hash one.
    if (record === this.#record && id === this.#id && stream === this.#stream) return this.#hash;
    this.#record = record;
    this.#id = id;
    this.#stream = stream;
    return this.#hash = (hashString(id) ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0;
  }
}
