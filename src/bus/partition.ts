/**
 * One ordered run of events: a ring that publishers write and every subscription reads with a cursor
 * of its own. There is no queue per subscriber and no wrapper per event.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Env } from "../internal/env.ts";
import { Pacer } from "../queue/pacer.ts";
import { powerOfTwo } from "../queue/ring.ts";
import type { Cursor } from "./cursor.ts";
import type { Expiries } from "./expiries.ts";

/** Events handled before other work of the process gets its turn. */
const BURST = 1024;

const FIRST_SLOTS = 16;

/** How many times its size a ring of kept events may stretch. */
const LONGEST_STRETCH = 4;

/** What a partition is made of. */
export interface PartitionOptions {
  readonly index: number;
  /** How many events may wait; exact. */
  readonly bufferSize: number;
  /** Whether events have keys, so that their hashes are kept. */
  readonly keyed: boolean;
  /** How many events each cursor may set aside. */
  readonly maxHeld: number;
  /** Whether events stay until the partition is full, and are then refused: dead letters are kept. */
  readonly retain: boolean;
  /** The time limits of its events. */
  readonly expiries: Expiries;
  readonly env: Env;
  /** Called when room may have come free, and when the last event may have been handled. */
  readonly progressed: (partition: Partition) => void;
}

/** Events by place: 0, 1, 2 …; the place is never reused. */
export class Partition {
  readonly index: number;
  readonly keyed: boolean;
  readonly maxHeld: number;
  readonly expiries: Expiries;
  /** The place of the next event. */
  tail = 0;
  readonly #options: PartitionOptions;
  readonly #pacer: Pacer;
  #cursors: readonly Cursor[] = [];
  /** The ring never empties its slots: what was consumed can be read again until it is overwritten. */
  #events: (NovaEvent | undefined)[];
  #hashes: Int32Array | undefined;
  #mask: number;
  /** How many events may wait, without the room that is kept for others. */
  #limit: number;
  /** No cursor is before this place. Looked up only when the ring seems full. */
  #head = 0;
  /** Places behind the head whose events were taken out. */
  readonly #taken = new Set<number>();

  constructor(options: PartitionOptions) {
    this.index = options.index;
    this.keyed = options.keyed;
    this.maxHeld = options.maxHeld;
    this.expiries = options.expiries;
    this.#limit = options.bufferSize;
    this.#options = options;
    this.#pacer = new Pacer(options.env, BURST, () => this.#drain());
    const slots = Math.min(powerOfTwo(options.bufferSize), FIRST_SLOTS);
    this.#events = new Array<NovaEvent | undefined>(slots).fill(undefined);
    this.#hashes = options.keyed ? new Int32Array(slots) : undefined;
    this.#mask = slots - 1;
  }

  /** The oldest place that can still be read. */
  get oldest(): number {
    return Math.max(0, this.tail - Math.min(this.#mask + 1, this.#options.bufferSize));
  }

  /** Events that the slowest cursor has not taken, or all that are kept. */
  get queued(): number {
    return this.#options.retain
      ? this.tail - this.#head - this.#taken.size
      : this.tail - this.#slowest();
  }

  /**
   * The event at a place between {@linkcode oldest} and {@linkcode tail}; undefined when it was taken
   * out.
   */
  at(place: number): NovaEvent | undefined {
    return this.#events[place & this.#mask];
  }

  /** The places of the events that are kept, oldest first. */
  *kept(): Generator<number> {
    for (let place = this.#head; place < this.tail; place++) {
      if (!this.#taken.has(place)) yield place;
    }
  }

  /** Takes a kept event out, for good. */
  takeOut(place: number): void {
    this.#events[place & this.#mask] = undefined;
    this.#taken.add(place);
    while (this.#taken.delete(this.#head)) this.#head += 1;
  }

  /** The hash of the key of the event at a place. */
  hashAt(place: number): number {
    return this.#hashes![place & this.#mask]!;
  }

  /** Appends an event; false when there is no room. */
  add(event: NovaEvent, hash: number): boolean {
    if (this.tail - this.#head >= this.#limit && !this.#reclaim()) return false;
    this.addPast(event, hash);
    return true;
  }

  /** Keeps room for an event that enters later; false when there is none. */
  reserve(): boolean {
    if (this.tail - this.#head >= this.#limit && !this.#reclaim()) return false;
    this.#limit -= 1;
    return true;
  }

  /** Appends an event for which room was kept. */
  addReserved(event: NovaEvent, hash: number): void {
    this.#limit += 1;
    this.addPast(event, hash);
  }

  /** Whether so many events may enter past `bufferSize`: there may be twice as many. */
  hasRoomPast(count: number): boolean {
    if (this.tail - this.#head >= this.#limit) this.#reclaim();
    return this.tail - this.#head + count <= this.#limit + this.#options.bufferSize;
  }

  /** Appends an event, also past `bufferSize`. */
  addPast(event: NovaEvent, hash: number): void {
    const { tail } = this;
    if (tail - this.#head > this.#mask) this.#grow();
    const slot = tail & this.#mask;
    this.#events[slot] = event;
    if (this.#hashes !== undefined) this.#hashes[slot] = hash;
    this.tail = tail + 1;
    if (this.#cursors.length > 0) this.#pacer.schedule();
  }

  /** Lets a cursor read here from now on. */
  attach(cursor: Cursor): void {
    this.#cursors = [...this.#cursors, cursor];
    if (cursor.place < this.tail) this.#pacer.schedule();
    // A cursor that begins with old events gates the ring from there.
    this.#head = Math.min(this.#head, cursor.place);
  }

  /** Lets a cursor go; it no longer gates the ring. */
  detach(cursor: Cursor): void {
    this.#cursors = this.#cursors.filter((other) => other !== cursor);
    // Room may have come free. Not now: it may be a handler that ended its own subscription.
    this.#pacer.schedule();
  }

  /** A cursor can go on, but not within the call that lets it. */
  wake(): void {
    this.#pacer.schedule();
  }

  /** A cursor can go on: at once if the burst allows it, else after a break. */
  resume(cursor: Cursor): void {
    if (this.#pacer.scheduled) return;
    if (this.#pacer.left <= 0) return this.#pacer.schedule();
    this.#pacer.spend(cursor.run(this.#pacer.left));
    if (cursor.runnable) this.#pacer.schedule();
    this.#options.progressed(this);
  }

  #drain(): void {
    // Each cursor gets the whole burst: none starves behind another.
    const budget = Math.max(1, this.#pacer.left);
    let again = false;
    for (const cursor of this.#cursors) {
      this.#pacer.spend(cursor.run(budget));
      if (cursor.runnable) again = true;
    }
    this.#options.progressed(this);
    if (again) this.#pacer.schedule();
  }

  /** Finds out where the slowest cursor is; true when there is room. */
  #reclaim(): boolean {
    const { retain, bufferSize } = this.#options;
    if (!retain) {
      this.#head = this.#slowest();
      return this.tail - this.#head < this.#limit;
    }
    // A letter that stays among many that go stretches the ring; that has an end, too.
    const span = this.tail - this.#head;
    return span - this.#taken.size < bufferSize && span < bufferSize * LONGEST_STRETCH;
  }

  /** The place of the cursor that is furthest behind. */
  #slowest(): number {
    let slowest = this.tail;
    for (const { place } of this.#cursors) if (place < slowest) slowest = place;
    return slowest;
  }

  #grow(): void {
    const old = this.#mask + 1;
    const events = new Array<NovaEvent | undefined>(old * 2).fill(undefined);
    const hashes = this.#hashes && new Int32Array(old * 2);
    const mask = old * 2 - 1;
    for (let place = Math.max(0, this.tail - old); place < this.tail; place++) {
      events[place & mask] = this.#events[place & this.#mask];
      if (hashes !== undefined) hashes[place & mask] = this.#hashes![place & this.#mask]!;
    }
    this.#events = events;
    this.#hashes = hashes;
    this.#mask = mask;
  }
}
