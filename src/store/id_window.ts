/**
 * The ids of the last events, so that an append that is tried again is recognised.
 *
 * A ring of hashes and positions: no string is kept, as the log has them, and nothing is allocated
 * per id. An id leaves when the ring comes round to it.
 */

import { hashString } from "../internal/hash.ts";
import { HashRing, moved } from "../queue/hash_ring.ts";
import type { Log } from "./log.ts";

/** The last `capacity` ids. It grows up to there as ids come. */
export class IdWindow {
  readonly #ring: HashRing;
  #positions: Float64Array;

  constructor(capacity: number) {
    this.#ring = new HashRing(capacity);
    this.#positions = new Float64Array(this.#ring.size);
  }

  /** The hash of an id in a stream. */
  hash(id: string, stream: number): number {
    return (hashString(id) ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0;
  }

  /** The newest position of an id in a stream, as far as the log still has it; else 0. */
  find(hash: number, id: string, stream: string, log: Log): number {
    const ring = this.#ring;
    let newest = 0;
    for (let at = ring.seek(hash); at >= 0; at = ring.seek(hash, at + 1)) {
      const position = this.#positions[ring.slotAt(at)]!;
      if (position <= newest) continue;
      if (log.event(position)?.id === id && log.streamAt(position) === stream) newest = position;
    }
    return newest;
  }

  /** Remembers an id by where its event is. */
  add(hash: number, position: number): void {
    const ring = this.#ring;
    if (ring.full && ring.grown) ring.shift();
    else if (ring.full) this.#positions = moved(this.#positions, ...ring.grow());
    this.#positions[ring.add(hash)] = position;
  }
}
