/**
 * When the events of a ring entered, and as what number of their topic.
 */

import type { Env } from "../internal/env.ts";

/** What is kept of each event beside itself. */
export interface HistoryOptions {
  /** Whether to keep the times: somebody may begin at one, or events may grow too old. */
  readonly timed: boolean;
  /** Whether to keep the numbers: with one partition they follow from the places. */
  readonly numbered: boolean;
  readonly env: Env;
}

/** Columns beside the slots of a ring. */
export class History {
  readonly #env: Env;
  #times: Float64Array | undefined;
  #numbers: Float64Array | undefined;
  /** The number of the last event that was overwritten. */
  #lost = 0;
  /** Times never go back, whatever the clock does. */
  #latest = 0;

  constructor({ timed, numbered, env }: HistoryOptions, slots: number) {
    this.#env = env;
    this.#times = timed ? new Float64Array(slots) : undefined;
    this.#numbers = numbered ? new Float64Array(slots) : undefined;
  }

  /** Writes down an event that enters its slot. */
  note(slot: number, number: number): void {
    if (this.#numbers !== undefined) {
      // Zero is no number: nothing was there yet.
      if (this.#numbers[slot]! > 0) this.#lost = this.#numbers[slot]!;
      this.#numbers[slot] = number;
    }
    if (this.#times !== undefined) {
      this.#latest = Math.max(this.#latest, this.#env.coarse());
      this.#times[slot] = this.#latest;
    }
  }

  /** When the event in a slot entered, in epoch milliseconds; undefined if that is not kept. */
  timeIn(slot: number): number | undefined {
    return this.#times?.[slot];
  }

  /** The number of the event in a slot; undefined if that is not kept. */
  numberIn(slot: number): number | undefined {
    return this.#numbers?.[slot];
  }

  /** The number of the last event that was overwritten, 0 for none; undefined if that is not kept. */
  get lost(): number | undefined {
    return this.#numbers && this.#lost;
  }

  /** Doubles the slots; places from `begin` to `tail` are in use. */
  grow(begin: number, tail: number): void {
    this.#times = this.#times && doubled(this.#times, begin, tail);
    this.#numbers = this.#numbers && doubled(this.#numbers, begin, tail);
  }
}

function doubled(column: Float64Array, begin: number, tail: number): Float64Array {
  const larger = new Float64Array(column.length * 2);
  const mask = larger.length - 1;
  for (let place = begin; place < tail; place++) {
    larger[place & mask] = column[place & (column.length - 1)]!;
  }
  return larger;
}
