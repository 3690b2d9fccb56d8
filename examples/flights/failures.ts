// Handler failures on purpose, from a seed, so that retries can be seen and a run can be repeated.

/** Thrown by a handler that was told to fail. */
export class InjectedFailure extends Error {
  override readonly name = "InjectedFailure";
}

/** Of the deliveries that failed once, this share fails a second time. */
const SECOND_FAILURE = 0.25;

/**
 * Decides which deliveries fail. A topic makes three attempts in all, so at most two fail here: every
 * event is handled in the end, and the totals stay exact. One instance per subscription.
 */
export class FailurePlan {
  #injected = 0;
  #left: number;
  readonly #rate: number;
  readonly #random: () => number;
  /** Apart, so that the number of failures does not depend on when retries happen. */
  readonly #randomAgain: () => number;

  /** `rate` is the share of first attempts that fail. */
  constructor(rate: number, seed: number) {
    this.#rate = rate;
    this.#random = mulberry32(seed);
    this.#randomAgain = mulberry32(~seed);
    this.#left = this.#gap();
  }

  /** Failures so far. */
  get injected(): number {
    return this.#injected;
  }

  /** Throws {@link InjectedFailure} when it is this delivery's turn. */
  strike(attempt: number): void {
    if (attempt === 1) {
      if (this.#left-- > 0) return;
      this.#left = this.#gap();
    } else if (attempt > 2 || this.#randomAgain() >= SECOND_FAILURE) return;
    this.#injected++;
    throw new InjectedFailure(`injected failure ${this.#injected}, attempt ${attempt}`);
  }

  /**
   * First attempts until the next failure. Drawing the gap once costs one decrement per delivery
   * where drawing a number for each would cost a call.
   */
  #gap(): number {
    if (this.#rate <= 0) return Infinity;
    if (this.#rate >= 1) return 0;
    return Math.floor(Math.log(1 - this.#random()) / Math.log1p(-this.#rate));
  }
}

/** Small seeded generator of numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
