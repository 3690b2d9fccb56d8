/**
 * What entered lately, by id: so that what is sent twice enters once.
 */

import { HashRing, moved } from "./hash_ring.ts";

/** Where something is that entered. */
export interface Seen {
  /** The partition. */
  readonly partition: number;
  /** Its place there. */
  readonly place: number;
  /** Its number in the whole. */
  readonly sequence: number;
}

/** The limits of a window. */
export interface SeenWindowOptions {
  /** How long an id is remembered, in milliseconds. */
  readonly windowMs: number;
  /** How many ids there may be. A younger one never makes room for another. */
  readonly maxIds: number;
  /** Spreads ids differently in each process. */
  readonly seed: number;
}

/**
 * The ids of a time window, in columns: nothing is allocated per id but the place of its string. An id
 * leaves when its time is over, never earlier; when the window is full of young ids, it is full.
 */
export class SeenWindow {
  readonly #windowMs: number;
  readonly #maxIds: number;
  readonly #seed: number;
  readonly #ring: HashRing;
  #ids: string[] = [];
  #times: Float64Array;
  #partitions: Float64Array;
  #places: Float64Array;
  #sequences: Float64Array;

  constructor({ windowMs, maxIds, seed }: SeenWindowOptions) {
    this.#windowMs = windowMs;
    this.#maxIds = maxIds;
    this.#seed = seed;
    this.#ring = new HashRing(maxIds * 2);
    this.#times = new Float64Array(this.#ring.size);
    this.#partitions = new Float64Array(this.#ring.size);
    this.#places = new Float64Array(this.#ring.size);
    this.#sequences = new Float64Array(this.#ring.size);
  }

  /** How many ids it remembers. */
  get length(): number {
    return this.#ring.length;
  }

  /** Whether one more cannot be remembered. */
  get full(): boolean {
    return this.#ring.length >= this.#maxIds;
  }

  /** Whether so many can be remembered past `maxIds`: there may be twice as many. */
  hasRoomPast(count: number): boolean {
    return Math.max(this.#ring.length, this.#maxIds) + count <= this.#maxIds * 2;
  }

  /** Lets go of ids whose time is over. */
  expire(now: number): void {
    const ring = this.#ring;
    while (ring.length > 0 && now - this.#times[ring.oldest]! >= this.#windowMs) {
      this.#ids[ring.oldest] = "";
      ring.shift();
    }
  }

  /** In how many milliseconds the oldest id leaves; 0 when there is none. */
  expiresIn(now: number): number {
    if (this.#ring.length === 0) return 0;
    return Math.max(0, this.#times[this.#ring.oldest]! + this.#windowMs - now);
  }

  /** The hash of an id, for the calls that take both. */
  hash(id: string): number {
    let hash = this.#seed;
    const { length } = id;
    let i = 0;
    for (; i + 3 < length; i += 4) {
      hash = mixed(
        hash ^ id.charCodeAt(i) ^ (id.charCodeAt(i + 1) << 8) ^ (id.charCodeAt(i + 2) << 16) ^
          (id.charCodeAt(i + 3) << 24),
      );
    }
    for (; i < length; i++) hash = mixed(hash ^ id.charCodeAt(i));
    return mixed(hash ^ length) >>> 0;
  }

  /** What entered under an id; undefined when it is not remembered. */
  find(hash: number, id: string): Seen | undefined {
    const slot = this.#slotOf(hash, id);
    if (slot < 0) return undefined;
    return {
      partition: this.#partitions[slot]!,
      place: this.#places[slot]!,
      sequence: this.#sequences[slot]!,
    };
  }

  /** Remembers an id while the window is not full, or has room past that. */
  add(hash: number, id: string, now: number, { partition, place, sequence }: Seen): void {
    const ring = this.#ring;
    if (ring.full) this.#grow();
    const slot = ring.add(hash);
    this.#ids[slot] = id;
    this.#times[slot] = now;
    this.#partitions[slot] = partition;
    this.#places[slot] = place;
    this.#sequences[slot] = sequence;
  }

  /** Tells where something is by now, if its id is still remembered. */
  update(hash: number, id: string, { partition, place, sequence }: Seen): void {
    const slot = this.#slotOf(hash, id);
    if (slot < 0) return;
    this.#partitions[slot] = partition;
    this.#places[slot] = place;
    this.#sequences[slot] = sequence;
  }

  #slotOf(hash: number, id: string): number {
    const ring = this.#ring;
    for (let at = ring.seek(hash); at >= 0; at = ring.next(hash, at)) {
      const slot = ring.slotAt(at);
      if (this.#ids[slot] === id) return slot;
    }
    return -1;
  }

  #grow(): void {
    const [size, oldest] = this.#ring.grow();
    this.#ids = [...this.#ids.slice(oldest), ...this.#ids.slice(0, oldest)];
    this.#times = moved(this.#times, size, oldest);
    this.#partitions = moved(this.#partitions, size, oldest);
    this.#places = moved(this.#places, size, oldest);
    this.#sequences = moved(this.#sequences, size, oldest);
  }
}

function mixed(hash: number): number {
  const product = Math.imul(hash, 0x5bd1e995);
  return product ^ (product >>> 15);
}
