/**
 * The ids of the last events, so that an append that is tried again is recognised.
 *
 * A ring of hashes and positions, and open-addressing tables of 32-bit words over it: no string is
 * kept, as the log has them, and nothing is allocated per id. Nothing is removed from a table either:
 * a new one begins whenever the ring comes round, and the one before it counts as far as the ring
 * has not overwritten it. So an id costs two lines of memory, however many are remembered.
 */

import { hashString } from "../internal/hash.ts";
import type { Draft } from "./driver.ts";
import type { Log } from "./log.ts";
import type { StreamIndex } from "./stream_index.ts";

const FIRST_SIZE = 1024;

/** The last `capacity` ids. It grows up to there as ids come. */
export class IdWindow {
  readonly #capacity: number;
  #hashes!: Uint32Array;
  #positions!: Float64Array;
  /** Where the next id goes in the ring. */
  #next = 0;
  /** Low bits of a word of a table are its place in the ring + 1, the others those of the hash; 0 is empty. */
  #bits = 0;
  /** The ids before `#next` in the ring. */
  #young!: Uint32Array;
  /** The ids of the round before; those from `#next` on are still there. */
  #old!: Uint32Array;
  /** What was hashed last: mostly it is looked up, then added. */
  #record: Draft | undefined;
  #id = "";
  #stream = -1;
  #hash = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#resize(Math.min(FIRST_SIZE, capacity));
  }

  /** The newest position of a record's id in a stream, as far as the log still has it; else 0. */
  find(record: Draft, stream: StreamIndex, log: Log): number {
    const hash = this.#hashOf(record, stream.number);
    const newest = this.#search(this.#young, 0, hash, record.id, stream, log);
    return newest === 0
      ? this.#search(this.#old, this.#next, hash, record.id, stream, log)
      : newest;
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

  #search(
    table: Uint32Array,
    from: number,
    hash: number,
    id: string,
    stream: StreamIndex,
    log: Log,
  ): number {
    const mask = table.length - 1;
    const bits = this.#bits;
    let newest = 0;
    for (let at = place(hash) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const word = table[at]!;
      if ((word ^ hash) >>> bits !== 0) continue;
      const slot = (word & ((1 << bits) - 1)) - 1;
      if (slot < from) continue;
      const position = this.#positions[slot]!;
      if (position <= newest) continue;
      if (log.event(position)?.id === id && log.streamAt(position) === stream.name) {
        newest = position;
      }
    }
    return newest;
  }

  /** Remembers the id of a record by where it is. */
  add(record: Draft, stream: StreamIndex, position: number): void {
    if (this.#next === this.#hashes.length) {
      if (this.#next < this.#capacity) this.#resize(Math.min(this.#next * 4, this.#capacity));
      else this.#turn();
    }
    const slot = this.#next++;
    this.#hashes[slot] = this.#hashOf(record, stream.number);
    this.#positions[slot] = position;
    this.#insert(slot);
  }

  #insert(slot: number): void {
    const table = this.#young;
    const mask = table.length - 1;
    const hash = this.#hashes[slot]!;
    let at = place(hash) & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = ((hash >>> this.#bits) << this.#bits) | (slot + 1);
  }

  #turn(): void {
    [this.#young, this.#old] = [this.#old, this.#young];
    if (this.#young.length < this.#old.length) this.#young = new Uint32Array(this.#old.length);
    else this.#young.fill(0);
    this.#next = 0;
  }

  /** Only in the first round. */
  #resize(size: number): void {
    const hashes = new Uint32Array(size);
    const positions = new Float64Array(size);
    if (this.#next > 0) {
      hashes.set(this.#hashes);
      positions.set(this.#positions);
    }
    this.#hashes = hashes;
    this.#positions = positions;
    this.#bits = 32 - Math.clz32(size);
    let slots = 4;
    while (slots < size * 2) slots *= 2;
    this.#young = new Uint32Array(slots);
    this.#old = NONE;
    for (let slot = 0; slot < this.#next; slot++) this.#insert(slot);
  }
}

const NONE: Uint32Array = new Uint32Array(1);

/** FNV's low bits are its best, but ids that differ in one digit stay close: spread them. */
function place(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8;
}
