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
  #time = 0;
  #head = "";
  #tail = "";
  #count = FIRST;

  /** Reads neither clock nor randomness before the first id. */
  constructor(env: { coarse(): number; random(): number }) {
    this.#env = env;
  }

  /** The next id. */
  next(): string {
    const now = this.#env.coarse();
    if (now > this.#time) this.#startAt(now);
    // A turn that makes more ids than a millisecond holds borrows from the next one.
    else if (this.#count === LAST) this.#startAt(this.#time + 1);
    this.#count += 1;
    return this.#head + this.#count.toString(36) + this.#tail;
  }

  #startAt(time: number): void {
    if (this.#tail === "") {
      this.#tail = fourDigits(this.#env.random()) + fourDigits(this.#env.random());
    }
    this.#time = time;
    this.#head = Math.floor(time).toString(36).padStart(9, "0");
    this.#count = FIRST;
  }
}

function fourDigits(random: number): string {
  return Math.floor(random * FIRST).toString(36).padStart(4, "0");
}
