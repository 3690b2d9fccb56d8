/**
 * A first-in, first-out buffer with an exact capacity.
 */

/** The smallest power of two that is at least `size`. */
export function powerOfTwo(size: number): number {
  let power = 1;
  while (power < size) power *= 2;
  return power;
}

const FIRST_SLOTS = 16;

/**
 * A ring over an array whose length is a power of two and grows as it fills, up to the first power
 * of two that holds `capacity`. The capacity itself is exact.
 */
export class Ring<Item> {
  /** How many items it may hold. */
  readonly capacity: number;
  #slots: (Item | undefined)[];
  #mask: number;
  #head = 0;
  #tail = 0;
  /** Up to here there is surely room: it is looked up anew only when the tail arrives. */
  #limit = 0;

  /** Allocates a few slots; more come when they are needed. */
  constructor(capacity: number) {
    this.capacity = capacity;
    const slots = Math.min(powerOfTwo(capacity), FIRST_SLOTS);
    this.#slots = new Array<Item | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
  }

  /** How many items it holds. */
  get length(): number {
    return this.#tail - this.#head;
  }

  /** Appends an item; false when there is no room. */
  push(item: Item): boolean {
    if (this.#tail === this.#limit && !this.#makeRoom()) return false;
    const tail = this.#tail;
    this.#slots[tail & this.#mask] = item;
    this.#tail = tail + 1;
    return true;
  }

  /** Removes and returns the oldest item, or undefined when there is none. */
  shift(): Item | undefined {
    const head = this.#head;
    if (head === this.#tail) return undefined;
    const slot = head & this.#mask;
    const item = this.#slots[slot];
    this.#slots[slot] = undefined;
    this.#head = head + 1;
    return item;
  }

  /** What it holds, oldest first. */
  *[Symbol.iterator](): Generator<Item> {
    for (let i = this.#head; i < this.#tail; i++) yield this.#slots[i & this.#mask]!;
  }

  #makeRoom(): boolean {
    const held = this.#tail - this.#head;
    if (held >= this.capacity) return false;
    if (held === 0) {
      // An empty ring starts over, so that its counters stay small integers.
      this.#head = this.#tail = 0;
    } else if (held > this.#mask) {
      const slots = new Array<Item | undefined>((this.#mask + 1) * 2).fill(undefined);
      for (let i = 0; i < held; i++) slots[i] = this.#slots[(this.#head + i) & this.#mask];
      this.#slots = slots;
      this.#mask = slots.length - 1;
      this.#head = 0;
      this.#tail = held;
    }
    this.#limit = this.#head + Math.min(this.capacity, this.#mask + 1);
    return true;
  }
}
