/**
 * The ids of the last events, so that an append that is tried again is recognised.
 *
 * An open-addressing table of 32-bit slots over a ring of hashes and positions: no string is kept, as
 * the log has them, and nothing is allocated per id. An id leaves when the ring comes round to it.
 */

import { hashString } from "../internal/hash.ts";
import type { Log } from "./log.ts";

const FIRST_SIZE = 1024;

/** The last `capacity` ids. It grows up to there as ids come. */
export class IdWindow {
  readonly #capacity: number;
  #hashes!: Uint32Array;
  #positions!: Float64Array;
  /** Slot of the ring + 1; 0 is empty. At least twice as many as the ring, so probes stay short. */
  #table!: Uint32Array;
  #count = 0;
  /** Where the next id goes in the ring. */
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#resize(Math.min(FIRST_SIZE, capacity));
  }

  /** The hash of an id in a stream. */
  hash(id: string, stream: number): number {
    return (hashString(id) ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0;
  }

  /** The newest position of an id in a stream, as far as the log still has it; else 0. */
  find(hash: number, id: string, stream: string, log: Log): number {
    const mask = this.#table.length - 1;
    let newest = 0;
    for (let at = place(hash) & mask; this.#table[at] !== 0; at = (at + 1) & mask) {
      const slot = this.#table[at]! - 1;
      const position = this.#positions[slot]!;
      if (this.#hashes[slot] !== hash || position <= newest) continue;
      if (log.event(position)?.id === id && log.streamAt(position) === stream) newest = position;
    }
    return newest;
  }

  /** Remembers an id by where its event is. */
  add(hash: number, position: number): void {
    const size = this.#hashes.length;
    if (this.#count === size) {
      if (size < this.#capacity) this.#resize(Math.min(size * 2, this.#capacity));
      else this.#remove(this.#next);
    }
    const slot = this.#next;
    this.#hashes[slot] = hash;
    this.#positions[slot] = position;
    this.#next = slot + 1 === this.#hashes.length ? 0 : slot + 1;
    this.#count += 1;
    this.#insert(slot);
  }

  #insert(slot: number): void {
    const mask = this.#table.length - 1;
    let at = place(this.#hashes[slot]!) & mask;
    while (this.#table[at] !== 0) at = (at + 1) & mask;
    this.#table[at] = slot + 1;
  }

  /** Takes a slot out of the table, and moves up what was pushed behind it. */
  #remove(slot: number): void {
    const mask = this.#table.length - 1;
    let hole = place(this.#hashes[slot]!) & mask;
    while (this.#table[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; this.#table[at] !== 0; at = (at + 1) & mask) {
      const home = place(this.#hashes[this.#table[at]! - 1]!) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#table[hole] = this.#table[at]!;
      hole = at;
    }
    this.#table[hole] = 0;
    this.#count -= 1;
  }

  /** Only ever called while the ring is full to its end, or new: slots keep their order. */
  #resize(size: number): void {
    const hashes = new Uint32Array(size);
    const positions = new Float64Array(size);
    if (this.#count > 0) {
      hashes.set(this.#hashes);
      positions.set(this.#positions);
    }
    this.#hashes = hashes;
    this.#positions = positions;
    this.#next = this.#count;
    let slots = 4;
    while (slots < size * 2) slots *= 2;
    this.#table = new Uint32Array(slots);
    for (let slot = 0; slot < this.#count; slot++) this.#insert(slot);
  }
}

/** FNV's low bits are its best, but ids that differ in one digit stay close: spread them. */
function place(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8;
}
