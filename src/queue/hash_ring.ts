/**
 * A ring of hashes that can be searched: an open-addressing table of 32-bit slots over it. What the
 * slots mean is kept by the owner, in columns of its own; nothing is allocated per entry.
 */

const FIRST_SIZE = 1024;

/** The last hashes that were added, at most `capacity`. It grows up to there as they come. */
export class HashRing {
  readonly #capacity: number;
  #hashes: Uint32Array;
  /** Slot + 1; 0 is empty. At least twice as many as the ring, so probes stay short. */
  #table: Uint32Array;
  #oldest = 0;
  #length = 0;

  /** Allocates the first slots. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#hashes = new Uint32Array(Math.min(FIRST_SIZE, capacity));
    this.#table = newTable(this.#hashes.length);
  }

  /** How many hashes it holds. */
  get length(): number {
    return this.#length;
  }

  /** How many slots it has by now. */
  get size(): number {
    return this.#hashes.length;
  }

  /** The slot of the oldest hash. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Whether every slot is taken, and whether there may be no more. */
  get full(): boolean {
    return this.#length === this.#hashes.length;
  }

  /** Whether it cannot grow. */
  get grown(): boolean {
    return this.#hashes.length === this.#capacity;
  }

  /** The next place in the table, at or behind `from`, with this hash; -1 when there is none. */
  seek(hash: number, from: number = home(hash)): number {
    const mask = this.#table.length - 1;
    for (let at = from & mask; this.#table[at] !== 0; at = (at + 1) & mask) {
      if (this.#hashes[this.#table[at]! - 1] === hash) return at;
    }
    return -1;
  }

  /** The slot at a place in the table that was found. */
  slotAt(place: number): number {
    return this.#table[place]! - 1;
  }

  /** Adds a hash while it is not full; answers its slot. */
  add(hash: number): number {
    const size = this.#hashes.length;
    const slot = this.#oldest + this.#length;
    this.#length += 1;
    return this.#put(hash, slot < size ? slot : slot - size);
  }

  /** Lets the oldest hash go. */
  shift(): void {
    this.#remove(this.#oldest);
    this.#oldest = this.#oldest + 1 === this.#hashes.length ? 0 : this.#oldest + 1;
    this.#length -= 1;
  }

  /**
   * Makes more slots when it is full; the oldest is in slot 0 then. Answers the new number of slots and
   * where the oldest was, for the owner to move its columns alike.
   */
  grow(): [size: number, oldest: number] {
    const hashes = this.#hashes;
    const size = Math.min(hashes.length * 2, this.#capacity);
    const oldest = this.#oldest;
    this.#hashes = new Uint32Array(size);
    this.#table = newTable(size);
    this.#oldest = 0;
    for (let slot = 0; slot < this.#length; slot++) {
      this.#put(hashes[(oldest + slot) % hashes.length]!, slot);
    }
    return [size, oldest];
  }

  #put(hash: number, slot: number): number {
    const mask = this.#table.length - 1;
    let at = home(hash) & mask;
    while (this.#table[at] !== 0) at = (at + 1) & mask;
    this.#table[at] = slot + 1;
    this.#hashes[slot] = hash;
    return slot;
  }

  /** Takes a slot out of the table, and moves up what was pushed behind it. */
  #remove(slot: number): void {
    const mask = this.#table.length - 1;
    let hole = home(this.#hashes[slot]!) & mask;
    while (this.#table[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; this.#table[at] !== 0; at = (at + 1) & mask) {
      const wanted = home(this.#hashes[this.#table[at]! - 1]!) & mask;
      if (((at - wanted) & mask) < ((at - hole) & mask)) continue;
      this.#table[hole] = this.#table[at]!;
      hole = at;
    }
    this.#table[hole] = 0;
  }
}

/** A column of another size, the value of slot `oldest` first. */
export function moved(column: Float64Array, size: number, oldest: number): Float64Array {
  const larger = new Float64Array(size);
  larger.set(column.subarray(oldest));
  larger.set(column.subarray(0, oldest), column.length - oldest);
  return larger;
}

function newTable(size: number): Uint32Array {
  let slots = 4;
  while (slots < size * 2) slots *= 2;
  return new Uint32Array(slots);
}

/** Hashes of names that differ in one digit stay close: spread them. */
function home(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8;
}
