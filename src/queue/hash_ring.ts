/**
 * A ring of hashes that can be searched. What its slots mean is kept by the owner, in columns of its
 * own; nothing is allocated per entry.
 *
 * Two open-addressing tables of 32-bit words lie over it. Nothing is removed from a table: whenever
 * the ring comes round, one begins anew, and the other counts as far as its slots are not taken again.
 * A word has the slot in its low bits and bits of the hash above, so that a search that finds nothing
 * touches one line of memory in each.
 */

const FIRST_SIZE = 1024;

/** The last hashes that were added, at most `capacity`. It grows up to there as they come. */
export class HashRing {
  readonly #capacity: number;
  #hashes: Uint32Array;
  /** Slots of this round. A word is the slot + 1, and as much of the hash as finds room; 0 is empty. */
  #young: Uint32Array;
  /** Slots of the round before. */
  #old: Uint32Array;
  /** How many low bits of a word are the slot. */
  #bits: number;
  #oldest = 0;
  #length = 0;

  /** Allocates the first slots. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    const size = Math.min(FIRST_SIZE, capacity);
    this.#hashes = new Uint32Array(size);
    this.#young = newTable(size);
    this.#old = newTable(size);
    this.#bits = 32 - Math.clz32(size);
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

  /** A place with this hash, perhaps with one that is nearly the same; -1 when there is none. */
  seek(hash: number): number {
    return this.#seek(hash, home(hash) & (this.#young.length - 1));
  }

  /** The next such place behind one that was found. */
  next(hash: number, place: number): number {
    const size = this.#young.length;
    const at = (place + 1) & (size - 1);
    return place < size ? this.#seek(hash, at) : this.#seekOld(hash, at);
  }

  #seek(hash: number, from: number): number {
    const words = this.#young;
    const mask = words.length - 1;
    for (let at = from; words[at] !== 0; at = (at + 1) & mask) {
      // Of this round, only what was let go is not there any more.
      if (this.#matches(words[at]!, hash) && this.#isLive(this.slotAt(at))) return at;
    }
    return this.#seekOld(hash, home(hash) & mask);
  }

  #seekOld(hash: number, from: number): number {
    // Nothing is left of the round before.
    if (this.#oldest + this.#length <= this.#hashes.length) return -1;
    const words = this.#old;
    const mask = words.length - 1;
    for (let at = from; words[at] !== 0; at = (at + 1) & mask) {
      const place = at + words.length;
      if (this.#matches(words[at]!, hash) && this.slotAt(place) >= this.#oldest) return place;
    }
    return -1;
  }

  #matches(word: number, hash: number): boolean {
    return (word ^ hash) >>> this.#bits === 0;
  }

  #isLive(slot: number): boolean {
    const end = this.#oldest + this.#length;
    return end > this.#hashes.length || (slot >= this.#oldest && slot < end);
  }

  /** The slot at a place that was found. */
  slotAt(place: number): number {
    const size = this.#young.length;
    const word = place < size ? this.#young[place]! : this.#old[place - size]!;
    return (word & ((1 << this.#bits) - 1)) - 1;
  }

  /** Adds a hash while it is not full; answers its slot. */
  add(hash: number): number {
    const size = this.#hashes.length;
    const end = this.#oldest + this.#length;
    const slot = end < size ? end : end - size;
    if (slot === 0) this.#turn();
    this.#length += 1;
    return this.#put(hash, slot);
  }

  #turn(): void {
    [this.#young, this.#old] = [this.#old, this.#young];
    this.#young.fill(0);
  }

  /** Lets the oldest hash go. */
  shift(): void {
    this.#oldest = this.#oldest + 1 === this.#hashes.length ? 0 : this.#oldest + 1;
    this.#length -= 1;
  }

  /**
   * Makes more slots when it is full; the oldest is in slot 0 then. Answers the new number of slots and
   * where the oldest was, for the owner to move its columns alike.
   */
  grow(): [size: number, oldest: number] {
    const hashes = this.#hashes;
    const size = Math.min(hashes.length * 4, this.#capacity);
    const oldest = this.#oldest;
    this.#hashes = new Uint32Array(size);
    this.#young = newTable(size);
    this.#old = newTable(size);
    this.#bits = 32 - Math.clz32(size);
    this.#oldest = 0;
    for (let slot = 0; slot < this.#length; slot++) {
      this.#put(hashes[(oldest + slot) % hashes.length]!, slot);
    }
    return [size, oldest];
  }

  #put(hash: number, slot: number): number {
    const words = this.#young;
    const mask = words.length - 1;
    let at = home(hash) & mask;
    while (words[at] !== 0) at = (at + 1) & mask;
    words[at] = ((hash >>> this.#bits) << this.#bits) | (slot + 1);
    this.#hashes[slot] = hash;
    return slot;
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
