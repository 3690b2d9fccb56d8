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
    const length = this.#tail - this.#head;
    if (length >= this.capacity) return false;
    if (length > this.#mask) this.#grow();
    this.#slots[this.#tail & this.#mask] = item;
    this.#tail += 1;
    return true;
  }

  /** Removes and returns the oldest item, or undefined when there is none. */
  shift(): Item | undefined {
    if (this.#head === this.#tail) return undefined;
    const slot = this.#head & this.#mask;
    const item = this.#slots[slot];
    this.#slots[slot] = undefined;
    this.#head += 1;
    // An empty ring starts over, so that its counters stay small integers.
    if (this.#head === this.#tail) this.#head = this.#tail = 0;
    return item;
  }

  #grow(): void {
    const held = this.#tail - this.#head;
    const slots = new Array<Item | undefined>((this.#mask + 1) * 2).fill(undefined);
    for (let i = 0; i < held; i++) slots[i] = this.#slots[(this.#head + i) & this.#mask];
    this.#slots = slots;
    this.#mask = slots.length - 1;
    this.#head = 0;
    this.#tail = held;
  }
}
