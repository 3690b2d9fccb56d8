/**
 * The three ways a breaker counts while it is closed. Each is constant in memory.
 */

import { SlidingWindow, type Tallied } from "./window.ts";

/** Counts outcomes and says when there were too many failures. */
export interface Tally {
  /** An attempt succeeded. */
  succeed(): void;
  /** An attempt failed; true when that opens the circuit. */
  fail(): boolean;
  /** Begins anew. */
  clear(): void;
  /** What is counted now. Looking changes nothing. */
  read(): Tallied;
  /** Takes over what another tally counted. */
  restore(tallied: Tallied): void;
}

/** So many failures without a success in between. */
export class Consecutive implements Tally {
  readonly #limit: number;
  #failures = 0;

  constructor(failures: number) {
    this.#limit = failures;
  }

  succeed(): void {
    this.#failures = 0;
  }

  fail(): boolean {
    this.#failures += 1;
    return this.#failures >= this.#limit;
  }

  clear(): void {
    this.#failures = 0;
  }

  read(): Tallied {
    return { successes: 0, failures: this.#failures };
  }

  restore({ failures }: Tallied): void {
    this.#failures = Math.min(failures, this.#limit - 1);
  }
}

/** So many failures among the last so many attempts: a ring with a byte for each. */
export class Counted implements Tally {
  readonly #limit: number;
  /** 1 for a failure. */
  readonly #outcomes: Uint8Array;
  #next = 0;
  #seen = 0;
  #failures = 0;

  constructor(failures: number, of: number) {
    this.#limit = failures;
    this.#outcomes = new Uint8Array(of);
  }

  succeed(): void {
    this.#count(0);
  }

  fail(): boolean {
    this.#count(1);
    return this.#failures >= this.#limit;
  }

  clear(): void {
    this.#outcomes.fill(0);
    this.#next = 0;
    this.#seen = 0;
    this.#failures = 0;
  }

  read(): Tallied {
    return { successes: this.#seen - this.#failures, failures: this.#failures };
  }

  /** The order is not known any more: failures come last, so that they are remembered longest. */
  restore({ successes, failures }: Tallied): void {
    this.clear();
    const room = this.#outcomes.length;
    const kept = Math.min(failures, this.#limit - 1);
    for (let i = Math.min(successes, room - kept); i > 0; i--) this.succeed();
    for (let i = kept; i > 0; i--) this.fail();
  }

  #count(outcome: 0 | 1): void {
    const place = this.#next;
    this.#failures += outcome - this.#outcomes[place]!;
    this.#outcomes[place] = outcome;
    this.#next = place + 1 === this.#outcomes.length ? 0 : place + 1;
    if (this.#seen < this.#outcomes.length) this.#seen += 1;
  }
}

/** More than a share of failures within a sliding window of time. */
export class Rated implements Tally {
  readonly #threshold: number;
  readonly #minimum: number;
  readonly #window: SlidingWindow;
  readonly #now: () => number;

  constructor(threshold: number, windowMs: number, minimum: number, now: () => number) {
    this.#threshold = threshold;
    this.#minimum = minimum;
    this.#window = new SlidingWindow(windowMs);
    this.#now = now;
  }

  succeed(): void {
    this.#window.succeed(this.#now());
  }

  fail(): boolean {
    const now = this.#now();
    this.#window.fail(now);
    const { successes, failures } = this.#window.read(now);
    const attempts = successes + failures;
    return attempts >= this.#minimum && failures >= this.#threshold * attempts;
  }

  clear(): void {
    this.#window.clear();
  }

  read(): Tallied {
    return this.#window.read(this.#now());
  }

  restore(tallied: Tallied): void {
    this.#window.restore(tallied, this.#now());
  }
}
