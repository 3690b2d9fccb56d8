/**
 * Producers that wait for room, first come, first served.
 */

import type { Env } from "../internal/env.ts";

interface Producer<Item, Admission> {
  readonly item: Item;
  readonly deadline: number;
  readonly resolve: (admission: Admission | PromiseLike<Admission>) => void;
  readonly reject: (reason: unknown) => void;
  aborting: Disposable | undefined;
  gone: boolean;
}

/**
 * Holds the producers of one full buffer. Each is bound by the same time limit, so one timer for the
 * first in line serves all. The line has no length limit of its own: every place in it is a promise
 * that a caller holds, and none lasts longer than `waitMs`.
 */
export class WaitingLine<Item, Admission> {
  readonly #env: Env;
  readonly #waitMs: number;
  readonly #timedOut: () => Error;
  #line: Producer<Item, Admission>[] = [];
  #first = 0;
  #waiting = 0;
  #refused = 0;
  #timer: Disposable | undefined;

  /** `timedOut` makes the error of a producer that waited in vain. */
  constructor(env: Env, waitMs: number, timedOut: () => Error) {
    this.#env = env;
    this.#waitMs = waitMs;
    this.#timedOut = timedOut;
  }

  /** How many producers wait. */
  get length(): number {
    return this.#waiting;
  }

  /** How many left without being admitted. */
  get refused(): number {
    return this.#refused;
  }

  /** Joins the line. Resolves when the item was admitted; the signal ends the waiting, nothing else. */
  join(item: Item, signal?: AbortSignal): Promise<Admission> {
    return new Promise<Admission>((resolve, reject) => {
      const producer: Producer<Item, Admission> = {
        item,
        deadline: this.#env.monotonic() + this.#waitMs,
        resolve,
        reject,
        aborting: undefined,
        gone: false,
      };
      this.#line.push(producer);
      this.#waiting += 1;
      // In line first: an aborted signal calls back at once.
      if (signal !== undefined) {
        producer.aborting = this.#env.onAbort(signal, () => this.#refuse(producer, signal.reason));
      }
      this.#watch();
    });
  }

  /**
   * Admits producers in order for as long as `admit` has an answer for the next one. A promise passes
   * on to the producer.
   */
  admit(admit: (item: Item) => Admission | PromiseLike<Admission> | undefined): void {
    while (this.#waiting > 0) {
      const producer = this.#line[this.#first]!;
      if (!producer.gone) {
        const admission = admit(producer.item);
        if (admission === undefined) break;
        this.#leave(producer);
        producer.resolve(admission);
      }
      this.#first += 1;
    }
    this.#tidy();
  }

  /** Refuses everyone in line. */
  refuseAll(reason: unknown): void {
    const line = this.#line;
    for (let i = this.#first; i < line.length; i++) this.#refuse(line[i]!, reason);
    this.#tidy();
  }

  #refuse(producer: Producer<Item, Admission>, reason: unknown): void {
    if (producer.gone) return;
    this.#leave(producer);
    this.#refused += 1;
    producer.reject(reason);
    this.#tidy();
  }

  #leave(producer: Producer<Item, Admission>): void {
    producer.gone = true;
    producer.aborting?.[Symbol.dispose]();
    this.#waiting -= 1;
  }

  /** Forgets those who left, and watches the clock only while someone waits. */
  #tidy(): void {
    if (this.#waiting === 0) {
      this.#line = [];
      this.#first = 0;
      this.#timer?.[Symbol.dispose]();
      this.#timer = undefined;
    } else if (this.#line.length > 1024 && this.#line.length > this.#waiting * 2) {
      this.#line = this.#line.filter(({ gone }) => !gone);
      this.#first = 0;
    }
  }

  #watch(): void {
    if (this.#timer !== undefined || this.#waitMs === Infinity || this.#waiting === 0) return;
    while (this.#line[this.#first]!.gone) this.#first += 1;
    const left = this.#line[this.#first]!.deadline - this.#env.monotonic();
    this.#timer = this.#env.setTimer(() => {
      this.#timer = undefined;
      const now = this.#env.monotonic();
      const line = this.#line;
      // A runtime may fire up to a millisecond early.
      for (let i = this.#first; i < line.length; i++) {
        const producer = line[i]!;
        if (producer.gone) continue;
        if (producer.deadline - now >= 1) break;
        this.#refuse(producer, this.#timedOut());
      }
      this.#watch();
    }, Math.max(0, left));
  }
}
