/**
 * Successes and failures of the last so many milliseconds, in constant memory.
 */

/** In how many pieces a window slides. */
export const PIECES = 10;

/** What a window holds, for someone who wants to keep it. */
export interface Tallied {
  readonly successes: number;
  readonly failures: number;
}

/**
 * A window that slides in ten pieces: an outcome counts for nine to ten tenths of its length. Time is
 * given by the caller; should it go back, what is there stays until the window would have passed.
 */
export class SlidingWindow {
  readonly #pieceMs: number;
  readonly #successes: number[] = new Array<number>(PIECES).fill(0);
  readonly #failures: number[] = new Array<number>(PIECES).fill(0);
  /** The piece that is being filled, counted from the epoch. */
  #piece = -Infinity;
  #slot = 0;

  /** A window of that many milliseconds. */
  constructor(windowMs: number) {
    this.#pieceMs = windowMs / PIECES;
  }

  /** Counts a success. */
  succeed(now: number): void {
    if (now < this.#piece * this.#pieceMs || now >= (this.#piece + 1) * this.#pieceMs) {
      this.#slide(now);
    }
    this.#successes[this.#slot]! += 1;
  }

  /** Counts a failure. */
  fail(now: number): void {
    this.#slide(now);
    this.#failures[this.#slot]! += 1;
  }

  /** What is in the window at that time. Looking changes nothing. */
  read(now: number): Tallied {
    const gone = Math.floor(now / this.#pieceMs) - this.#piece;
    let successes = 0;
    let failures = 0;
    // The piece that is `age` pieces old is out once the window has moved past it.
    for (let age = 0; age < PIECES && age + gone < PIECES; age++) {
      const slot = (this.#slot - age + PIECES) % PIECES;
      successes += this.#successes[slot]!;
      failures += this.#failures[slot]!;
    }
    return { successes, failures };
  }

  /** Forgets everything. */
  clear(): void {
    this.#successes.fill(0);
    this.#failures.fill(0);
    this.#piece = -Infinity;
  }

  /** Takes over what another window held, as if it had happened now. */
  restore({ successes, failures }: Tallied, now: number): void {
    this.clear();
    this.#slide(now);
    this.#successes[this.#slot] = successes;
    this.#failures[this.#slot] = failures;
  }

  #slide(now: number): void {
    const piece = Math.floor(now / this.#pieceMs);
    const moved = piece - this.#piece;
    // A clock that went back a little fills the newest piece; one that was reset begins anew.
    if (moved <= 0 && moved > -PIECES) return;
    if (moved >= PIECES || moved < 0) {
      this.#successes.fill(0);
      this.#failures.fill(0);
    } else {
      for (let step = 1; step <= moved; step++) {
        const slot = (this.#slot + step) % PIECES;
        this.#successes[slot] = 0;
        this.#failures[slot] = 0;
      }
      this.#slot = (this.#slot + moved) % PIECES;
    }
    this.#piece = piece;
  }
}
