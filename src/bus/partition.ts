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
import { History } from "./history.ts";
import type { PartitionStats } from "./stats_api.ts";
import { ageSince } from "./tally.ts";

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
  /** How many handled events are kept for those who come later; 0 for none in particular. */
  readonly maxEvents: number;
  /** How long, in milliseconds. */
  readonly maxAgeMs: number;
  /** Whether its events need their number in the topic: there are other partitions. */
  readonly numbered: boolean;
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
  readonly bufferSize: number;
  /** Whether it holds dead letters, which stay until they are taken out. */
  readonly keepsLetters: boolean;
  /** Whether handled events are kept for those who come later. */
  readonly retains: boolean;
  /** A cursor that is further behind has been overtaken. One that gates never is. */
  window: number;
  /** The place of the next event. */
  tail = 0;
  readonly #options: PartitionOptions;
  readonly #pacer: Pacer;
  #cursors: readonly Cursor[] = [];
  /** The ring never empties its slots: what was consumed can be read again until it is overwritten. */
  #events: (NovaEvent | undefined)[];
  #hashes: Int32Array | undefined;
  #mask: number;
  readonly #history: History | undefined;
  /** No cursor that gates is before this place. Looked up only at the limit. */
  #head = 0;
  /** Up to this place there is surely room. */
  #limit = 0;
  /** How many events have their room and are not in yet. */
  #reserved = 0;
  /** What is before this place is too old. */
  #fresh = 0;
  /** Places behind the head whose events were taken out. */
  readonly #taken = new Set<number>();

  constructor(options: PartitionOptions) {
    this.index = options.index;
    this.keyed = options.keyed;
    this.maxHeld = options.maxHeld;
    this.expiries = options.expiries;
    this.#options = options;
    this.#pacer = new Pacer(options.env, BURST, () => this.#drain());
    const { bufferSize, maxEvents, retain, numbered, env } = options;
    this.bufferSize = bufferSize;
    this.keepsLetters = retain;
    this.retains = maxEvents > 0;
    this.window = Math.max(bufferSize, maxEvents);
    const slots = Math.min(powerOfTwo(bufferSize), FIRST_SLOTS);
    this.#history = this.retains || numbered
      ? new History({ timed: this.retains, numbered, env }, slots)
      : undefined;
    this.#events = new Array<NovaEvent | undefined>(slots).fill(undefined);
    this.#hashes = options.keyed ? new Int32Array(slots) : undefined;
    this.#mask = slots - 1;
  }

  /** The oldest place that can still be read. */
  get oldest(): number {
    const { retain, maxEvents, bufferSize, maxAgeMs, env } = this.#options;
    if (retain) return this.#head;
    let oldest = Math.max(this.#first, this.tail - (this.retains ? maxEvents : bufferSize));
    if (maxAgeMs < Infinity) {
      const since = env.coarse() - maxAgeMs;
      oldest = Math.max(oldest, this.#fresh);
      while (oldest < this.tail && this.#timeAt(oldest)! < since) oldest += 1;
      this.#fresh = oldest;
    }
    return oldest;
  }

  /** Whether its events have numbers of their own: else those follow from their places. */
  get isNumbered(): boolean {
    return this.#options.numbered;
  }

  /** The number in the topic of the event at a place that can be read. */
  numberAt(place: number): number {
    return this.#history?.numberIn(place & this.#mask) ?? place + 1;
  }

  /** The number in the topic of the last event before a place that can be read; 0 for none. */
  numberBefore(place: number): number {
    return place > this.#first ? this.numberAt(place - 1) : this.#history?.lost ?? place;
  }

  /** The number in the topic that the next event has, read from a place on; at least so much. */
  nextNumber(place: number): number {
    return place < this.tail ? this.numberAt(place) : this.numberBefore(place) + 1;
  }

  /** The first place that can be read whose event has this number in the topic, or a later one. */
  placeOf(number: number): number {
    return this.#search((place) => this.numberAt(place) >= number);
  }

  /** The first place that can be read whose event entered at this time or later. It must retain. */
  placeSince(time: number): number {
    return this.#search((place) => this.#timeAt(place)! >= time);
  }

  /** Events that the slowest cursor has not taken, or all that are kept. */
  get queued(): number {
    return this.#options.retain
      ? this.tail - this.#head - this.#taken.size
      : this.tail - this.#slowest();
  }

  /** The figures of now. */
  stats(): Omit<PartitionStats, "waiting"> {
    const { tail, queued, oldest } = this;
    const lag = this.#cursors.reduce((most, cursor) => Math.max(most, cursor.tally().lag), 0);
    const oldestAgeMs = ageSince(this.#cursors, this.#options.env);
    return { accepted: tail, queued, kept: tail - oldest, lag, oldestAgeMs };
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
    this.window = this.tail - this.#head;
    this.#limit = this.tail;
  }

  /** The hash of the key of the event at a place. */
  hashAt(place: number): number {
    return this.#hashes![place & this.#mask]!;
  }

  /** Appends an event, number so-and-so of its topic; false when there is no room. */
  add(event: NovaEvent, hash: number, number: number): boolean {
    const { tail } = this;
    if (tail === this.#limit && !this.#makeRoom()) return false;
    const slot = tail & this.#mask;
    this.#events[slot] = event;
    if (this.#hashes !== undefined) this.#hashes[slot] = hash;
    if (this.#history !== undefined) this.#history.note(slot, number);
    this.tail = tail + 1;
    if (this.#cursors.length > 0) this.#pacer.schedule();
    return true;
  }

  /** Keeps room for an event that enters later; false when there is none. */
  reserve(): boolean {
    if (this.tail === this.#limit && !this.#makeRoom()) return false;
    this.#reserved += 1;
    this.#limit = this.tail;
    return true;
  }

  /** Appends an event for which room was kept. */
  addReserved(event: NovaEvent, hash: number, number: number): void {
    this.#reserved -= 1;
    this.#addBeyond(event, hash, number);
  }

  /** Whether so many events may enter past `bufferSize`: there may be twice as many. */
  hasRoomPast(count: number): boolean {
    return this.tail - this.#slowest() + this.#reserved + count <= this.bufferSize * 2;
  }

  /** Appends an event, also past `bufferSize`. */
  addPast(event: NovaEvent, hash: number, number: number): void {
    this.window = Math.max(this.window, this.bufferSize * 2);
    this.#addBeyond(event, hash, number);
  }

  #addBeyond(event: NovaEvent, hash: number, number: number): void {
    this.#stretch(Math.min(this.tail, this.window - 1));
    this.#limit = this.tail + 1;
    this.add(event, hash, number);
  }

  /** Lets a cursor read here from now on. */
  attach(cursor: Cursor): void {
    this.#cursors = [...this.#cursors, cursor];
    if (cursor.place < this.tail) this.#pacer.schedule();
    this.gated(cursor);
  }

  /** Whether a cursor gates the ring has been decided, or has changed. */
  gated(cursor: Cursor): void {
    if (cursor.gates) this.#head = Math.min(this.#head, cursor.place);
    this.#limit = this.tail;
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

  /** Finds out up to where there is room, and makes the ring longer if it has to be. */
  #makeRoom(): boolean {
    const { tail } = this;
    const { retain } = this.#options;
    const bufferSize = this.bufferSize - this.#reserved;
    if (!retain) this.#head = this.#slowest();
    const span = tail - this.#head;
    // A letter that stays among many that go stretches the ring; that has an end, too.
    if (span - this.#taken.size >= bufferSize || span >= bufferSize * LONGEST_STRETCH) return false;
    if (retain) this.window = span + 1;
    this.#stretch(retain ? span : Math.min(tail, this.window - 1));
    const slots = this.#mask + 1;
    this.#limit = retain
      ? tail + 1
      : Math.min(this.#head + bufferSize, slots < this.window ? slots : Infinity);
    return true;
  }

  /** Makes slots for so many events and one more. */
  #stretch(events: number): void {
    while (this.#mask < events) this.#grow();
  }

  /** The place of the gating cursor that is furthest behind. */
  #slowest(): number {
    let slowest = this.tail;
    for (const { gates, place } of this.#cursors) if (gates && place < slowest) slowest = place;
    return slowest;
  }

  /** The first place that is in the ring. */
  get #first(): number {
    return Math.max(0, this.tail - this.#mask - 1);
  }

  #timeAt(place: number): number | undefined {
    return this.#history?.timeIn(place & this.#mask);
  }

  /** The first place that can be read for which a test holds that then holds for all later ones. */
  #search(holds: (place: number) => boolean): number {
    let low = this.oldest;
    let high = this.tail;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (holds(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #grow(): void {
    const old = this.#mask + 1;
    const events = new Array<NovaEvent | undefined>(old * 2).fill(undefined);
    const hashes = this.#hashes && new Int32Array(old * 2);
    const mask = old * 2 - 1;
    for (let place = this.#first; place < this.tail; place++) {
      events[place & mask] = this.#events[place & this.#mask];
      if (hashes !== undefined) hashes[place & mask] = this.#hashes![place & this.#mask]!;
    }
    this.#history?.grow(this.#first, this.tail);
    this.#events = events;
    this.#hashes = hashes;
    this.#mask = mask;
  }
}
