/**
 * One at a time per key, without a map of keys: keys hash to lanes, a lane is claimed while one of
 * its items runs, and later items of the lane park behind it. Two keys that share a lane only wait
 * for each other more than they must; order per key never breaks.
 */

const NONE = -1;
const FIRST_PLACES = 16;

/**
 * A fixed number of lanes over one pool of parking places. Parking and releasing move integers
 * between typed arrays; nothing is allocated per item once the pool has grown.
 */
export class Lanes<Item> {
  /** How many items may be parked, over all lanes. */
  readonly capacity: number;
  readonly #shift: number;
  readonly #busy: Uint8Array;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  #items: (Item | undefined)[] = [];
  #next: Int32Array = new Int32Array(0);
  #free = NONE;
  #parked = 0;

  /** `lanes` must be a power of two of at least 2. */
  constructor(lanes: number, capacity: number) {
    this.capacity = capacity;
    this.#shift = 32 - Math.log2(lanes);
    this.#busy = new Uint8Array(lanes);
    this.#first = new Int32Array(lanes).fill(NONE);
    this.#last = new Int32Array(lanes).fill(NONE);
  }

  /** How many items are parked. */
  get parked(): number {
    return this.#parked;
  }

  /** The lane of a hash. Partitions use the hash modulo their number, so lanes take other bits. */
  of(hash: number): number {
    return Math.imul(hash, 0x9e3779b1) >>> this.#shift;
  }

  /** Whether an item of this lane runs or is held, so that another must park. */
  isBusy(lane: number): boolean {
    return this.#busy[lane] !== 0;
  }

  /** Claims a free lane. */
  claim(lane: number): void {
    this.#busy[lane] = 1;
  }

  /** Parks an item behind its busy lane; false when there is no place left. */
  park(lane: number, item: Item): boolean {
    if (this.#parked >= this.capacity) return false;
    if (this.#free === NONE) this.#grow();
    const place = this.#free;
    this.#free = this.#next[place]!;
    this.#items[place] = item;
    this.#next[place] = NONE;
    const last = this.#last[lane]!;
    if (last === NONE) this.#first[lane] = place;
    else this.#next[last] = place;
    this.#last[lane] = place;
    this.#parked += 1;
    return true;
  }

  /** Ends an item of this lane: answers the next parked one, which now has the lane, or frees it. */
  release(lane: number): Item | undefined {
    const place = this.#first[lane]!;
    if (place === NONE) {
      this.#busy[lane] = 0;
      return undefined;
    }
    const item = this.#items[place];
    this.#items[place] = undefined;
    const next = this.#next[place]!;
    this.#first[lane] = next;
    if (next === NONE) this.#last[lane] = NONE;
    this.#next[place] = this.#free;
    this.#free = place;
    this.#parked -= 1;
    return item;
  }

  /** The items that are parked, in no order. */
  *items(): Generator<Item> {
    for (const item of this.#items) if (item !== undefined) yield item;
  }

  /** Every place is taken: makes more, the new ones free. */
  #grow(): void {
    const old = this.#next.length;
    const places = Math.max(FIRST_PLACES, old * 2);
    const next = new Int32Array(places);
    next.set(this.#next);
    for (let place = old; place < places; place++) {
      next[place] = place + 1 < places ? place + 1 : NONE;
      this.#items.push(undefined);
    }
    this.#next = next;
    this.#free = old;
  }
}
