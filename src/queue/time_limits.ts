/**
 * Time limits of many things at once, without a timer or a look at the clock for each.
 *
 * All things of one limit stand in a list in the order they began. Eight times within the limit the
 * clock is read and the end of the list marked: what stands before a mark is at least as old as the
 * mark. A thing is never called late before its time, and at most an eighth of the limit after it.
 */

import { type Env, RESOLVED } from "../internal/env.ts";

/** What may take too long. It is in one list at a time, which sets all but `expire`. */
export interface Limited<Item> {
  /** Its number in the list, in the order of beginning; -1 while it is in none. */
  order: number;
  before: Item | undefined;
  after: Item | undefined;
  /** The time is up; it is no longer in the list. */
  expire(): void;
}

const LOOKS = 8;

/** A timer that is later than this, and than a look, means that nothing could go on meanwhile. */
const STALL_MS = 100;

/**
 * After so many steps of the microtask queue without anything to watch the timer goes. Things that
 * follow each other closely then share one, instead of setting one each.
 */
const IDLE_STEPS = 6;

/** Who began before it is at least as old. */
interface Mark {
  at: number;
  readonly order: number;
}

/** Things of one limit. A timer is held while there are some. */
export class TimeLimit<Item extends Limited<Item>> {
  readonly #env: Env;
  readonly #limitMs: number;
  readonly #lookMs: number;
  #first: Item | undefined;
  #last: Item | undefined;
  #began = 0;
  #marks: Mark[] = [];
  #timer: Disposable | undefined;
  #timerDue = 0;
  #idle = 0;

  constructor(env: Env, limitMs: number) {
    this.#env = env;
    this.#limitMs = limitMs;
    this.#lookMs = Math.max(1, limitMs / LOOKS);
  }

  /** Something begins; or begins anew, if it is in the list already. */
  add(item: Item): void {
    if (item.order >= 0) this.#unlink(item);
    item.order = this.#began++;
    item.before = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.after = item;
    this.#last = item;
    if (this.#timer === undefined) this.#look(this.#env.monotonic());
  }

  /** Something ended in time. */
  delete(item: Item): void {
    if (item.order < 0) return;
    this.#unlink(item);
    if (this.#first !== undefined || this.#idle > 0) return;
    this.#idle = IDLE_STEPS;
    RESOLVED.then(this.#step);
  }

  /** Forgets everything, and answers it. */
  clear(): Item[] {
    const items: Item[] = [];
    while (this.#first !== undefined) {
      items.push(this.#first);
      this.#unlink(this.#first);
    }
    this.#free();
    return items;
  }

  /** Marks who has begun by now, and comes back when the next mark, or the oldest, is due. */
  #look(now: number): void {
    this.#marks.push({ at: now, order: this.#began });
    const delay = Math.min(this.#lookMs, this.#marks[0]!.at + this.#limitMs - now);
    this.#timerDue = now + delay;
    this.#timer = this.#env.setTimer(this.#fire, Math.max(0, delay));
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    const now = this.#env.monotonic();
    // A machine that slept, or a turn that took that long, is nobody's fault.
    const late = now - this.#timerDue;
    if (late > Math.max(this.#lookMs, STALL_MS)) {
      for (const mark of this.#marks) {
        mark.at += late;
      }
    }
    try {
      // A runtime may fire up to a millisecond early.
      while (this.#marks.length > 0 && now - this.#marks[0]!.at > this.#limitMs - 1) {
        this.#expire(this.#marks[0]!.order);
        this.#marks.shift();
      }
    } finally {
      if (this.#first === undefined) this.#free();
      // What expired may have begun something, with which a timer came.
      else if (this.#timer === undefined) this.#look(now);
    }
  };

  #expire(order: number): void {
    while (this.#first !== undefined && this.#first.order < order) {
      const item = this.#first;
      this.#unlink(item);
      item.expire();
    }
  }

  #unlink(item: Item): void {
    const { before, after } = item;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    item.order = -1;
    item.before = item.after = undefined;
  }

  readonly #step = (): void => {
    this.#idle = this.#first === undefined ? this.#idle - 1 : 0;
    if (this.#idle > 0) RESOLVED.then(this.#step);
    else if (this.#first === undefined) this.#free();
  };

  #free(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#marks = [];
  }
}

/** One list for each limit in use. */
export class TimeLimits<Item extends Limited<Item>> {
  readonly #env: Env;
  readonly #limits: Map<number, TimeLimit<Item>> = new Map();

  constructor(env: Env) {
    this.#env = env;
  }

  /** The list of a limit; undefined for one without an end. */
  of(limitMs: number): TimeLimit<Item> | undefined {
    if (limitMs === Infinity) return undefined;
    let limit = this.#limits.get(limitMs);
    if (limit === undefined) this.#limits.set(limitMs, limit = new TimeLimit(this.#env, limitMs));
    return limit;
  }

  /** Forgets everything, and answers it. */
  clear(): Item[] {
    return [...this.#limits.values()].flatMap((limit) => limit.clear());
  }
}
