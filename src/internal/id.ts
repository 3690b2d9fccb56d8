/**
 * Ids that cost a string concatenation, not a UUID, and still sort by the time they were made.
 */

/** Five base-36 digits from here on: the counter keeps its width, so ids sort as strings. */
const FIRST = 36 ** 4;
const LAST = 36 ** 5 - 1;

/**
 * Makes ids of 22 characters: nine of time, five of a counter within the millisecond, eight that
 * are random for this source. Ids of one source are unique and rise even when the clock goes back;
 * ids of different sources differ by their random part.
 */
export class IdSource {
  readonly #env: { coarse(): number; random(): number };
  /** The millisecond after the one that is counted in. */
  #next = 1;
  #head = "";
  #tail = "";
  /** Used up, so that the first id starts a millisecond even under a clock that stands at 0. */
  #count = LAST;

  /** Reads neither clock nor randomness before the first id. */
  constructor(env: { coarse(): number; random(): number }) {
    this.#env = env;
  }

  /** The next id. */
  next(): string {
    const now = this.#env.coarse();
    // A clock may count in parts of a millisecond; ids do not.
    if (now >= this.#next) this.#startAt(Math.floor(now));
    // A turn that makes more ids than a millisecond holds borrows from the next one.
    else if (this.#count === LAST) this.#startAt(this.#next);
    this.#count += 1;
    return this.#head + this.#count.toString(36) + this.#tail;
  }

  #startAt(time: number): void {
    if (this.#tail === "") {
      this.#tail = fourDigits(this.#env.random()) + fourDigits(this.#env.random());
    }
    this.#next = time + 1;
    this.#head = time.toString(36).padStart(9, "0");
    this.#count = FIRST;
  }
}

function fourDigits(random: number): string {
  return Math.floor(random * FIRST).toString(36).padStart(4, "0");
}
