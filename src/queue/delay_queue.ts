/**
 * Things that are due later, behind a single timer.
 */

import type { Env } from "../internal/env.ts";

interface Entry<Item> {
  readonly item: Item;
  readonly due: number;
  readonly order: number;
  place: number;
}

/** A place in a {@linkcode DelayQueue}, to take the item back out. */
export type Delayed<Item> = Readonly<Entry<Item>>;

/**
 * A binary heap by due time, first come first served among equals. A timer runs only while something
 * waits, and only for the next due item.
 */
export class DelayQueue<Item> {
  readonly #env: Env;
  readonly #due: (item: Item) => void;
  readonly #heap: Entry<Item>[] = [];
  #order = 0;
  #timer: Disposable | undefined;
  #timerDue = Infinity;

  /** `due` is called with each item when its time has come. */
  constructor(env: Env, due: (item: Item) => void) {
    this.#env = env;
    this.#due = due;
  }

  /** How many items wait. */
  get length(): number {
    return this.#heap.length;
  }

  /** Adds an item that is due in `delayMs`. */
  add(item: Item, delayMs: number): Delayed<Item> {
    const entry: Entry<Item> = {
      item,
      due: this.#env.monotonic() + delayMs,
      order: this.#order++,
      place: this.#heap.length,
    };
    this.#heap.push(entry);
    this.#rise(entry);
    this.#arm();
    return entry;
  }

  /** Takes an item out before its time; false when it is no longer in. */
  delete(delayed: Delayed<Item>): boolean {
    const entry = delayed as Entry<Item>;
    if (this.#heap[entry.place] !== entry) return false;
    this.#remove(entry);
    this.#arm();
    return true;
  }

  /** Takes everything out and answers it, the next due first. */
  clear(): Item[] {
    const items = this.#heap.sort((a, b) => before(a, b) ? -1 : 1).map((entry) => entry.item);
    this.#heap.length = 0;
    this.#arm();
    return items;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerDue = Infinity;
    const now = this.#env.monotonic();
    // What is added meanwhile gets a timer of its own: others of the process have their turn first.
    const end = this.#order;
    try {
      for (;;) {
        const next = this.#heap[0];
        // A runtime may fire up to a millisecond early.
        if (next === undefined || next.due - now >= 1 || next.order >= end) break;
        this.#remove(next);
        this.#due(next.item);
      }
    } finally {
      this.#arm();
    }
  }

  #arm(): void {
    const due = this.#heap[0]?.due ?? Infinity;
    if (due === this.#timerDue) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#timerDue = due;
    if (due === Infinity) return;
    this.#timer = this.#env.setTimer(() => this.#fire(), Math.max(0, due - this.#env.monotonic()));
  }

  #remove(entry: Entry<Item>): void {
    const last = this.#heap.pop()!;
    if (last !== entry) {
      this.#put(last, entry.place);
      this.#rise(last);
      this.#sink(last);
    }
    entry.place = -1;
  }

  #rise(entry: Entry<Item>): void {
    while (entry.place > 0) {
      const parent = this.#heap[(entry.place - 1) >> 1]!;
      if (!before(entry, parent)) return;
      this.#swap(parent, entry);
    }
  }

  #sink(entry: Entry<Item>): void {
    for (;;) {
      const left = this.#heap[entry.place * 2 + 1];
      const right = this.#heap[entry.place * 2 + 2];
      const child = right !== undefined && before(right, left!) ? right : left;
      if (child === undefined || !before(child, entry)) return;
      this.#swap(entry, child);
    }
  }

  /** Exchanges a parent and its child. */
  #swap(parent: Entry<Item>, child: Entry<Item>): void {
    const { place } = parent;
    this.#put(parent, child.place);
    this.#put(child, place);
  }

  #put(entry: Entry<Item>, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}

function before(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
