/**
 * Group commit: the units of one turn share one flush of the engine, and each fails alone.
 */

import type { Env } from "../internal/env.ts";
import type { Driver, Outcome, Unit } from "./driver.ts";

/** A flush holds the event loop on some engines, so it takes no more events than this at once. */
const MOST_RECORDS = 512;

interface Waiting<Tx> {
  readonly unit: Unit<Tx>;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
}

/** The units that wait for the next flush. */
export class Group<Tx> {
  readonly #driver: Driver<Tx>;
  readonly #env: Env;
  readonly #waitMs: number;
  readonly #after: (outcomes: readonly Outcome[]) => void;
  #waiting: Waiting<Tx>[] = [];
  #scheduled = false;
  #inFlight = 0;
  /** Flushes done. */
  flushes = 0;

  constructor(
    driver: Driver<Tx>,
    env: Env,
    waitMs: number,
    after: (outcomes: readonly Outcome[]) => void,
  ) {
    this.#driver = driver;
    this.#env = env;
    this.#waitMs = waitMs;
    this.#after = after;
  }

  /** Units that have no outcome yet. */
  get size(): number {
    return this.#waiting.length + this.#inFlight;
  }

  /** Adds a unit to the next flush. An abort counts until then. */
  add(unit: Unit<Tx>, signal: AbortSignal | undefined): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ unit, signal, resolve, reject });
      this.#schedule();
    });
  }

  /** Refuses all that wait. */
  fail(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight > 0 || this.#waiting.length === 0) return;
    this.#scheduled = true;
    const flush = (): void => {
      this.#scheduled = false;
      void this.#flush();
    };
    if (this.#waitMs > 0) this.#env.setTimer(flush, this.#waitMs);
    else this.#env.defer(flush);
  }

  async #flush(): Promise<void> {
    const group = this.#take();
    if (group.length > 0) {
      this.#inFlight = group.length;
      let outcomes: readonly Outcome[];
      try {
        const answer = this.#driver.commit(group.map(({ unit }) => unit));
        // Not awaited where it is there already: what waits goes on in this turn.
        outcomes = answer instanceof Promise ? await answer : answer;
      } catch (error) {
        // A driver must not throw; one that does leaves us without knowledge.
        outcomes = group.map(() => ({ is: "unknown", error }));
      }
      this.flushes += 1;
      this.#inFlight = 0;
      this.#after(outcomes);
      group.forEach(({ resolve }, i) => resolve(outcomes[i]!));
    }
    this.#schedule();
  }

  /** The next units, in order, without those whose caller has left. */
  #take(): Waiting<Tx>[] {
    const group: Waiting<Tx>[] = [];
    let records = 0;
    let taken = 0;
    for (const waiting of this.#waiting) {
      if (records >= MOST_RECORDS) break;
      taken += 1;
      if (waiting.signal?.aborted === true) {
        waiting.reject(waiting.signal.reason);
        continue;
      }
      for (const append of waiting.unit.appends ?? []) records += append.records.length;
      group.push(waiting);
    }
    this.#waiting.splice(0, taken);
    return group;
  }
}
