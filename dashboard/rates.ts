/**
 * Counters, told twice, are rates.
 */

/** What counters gained each second, between the last two views. */
export class Rates {
  #before = new Map<string, number>();
  #now = new Map<string, number>();
  #seconds = 0;

  /** Begins the next view. A view that comes after a gap has no rates. */
  next(seconds: number): void {
    this.#seconds = seconds;
    this.#before = this.#now;
    this.#now = new Map();
  }

  /** The rate of a counter by a name of its own; null when it is not known yet. */
  of(name: string, value: number): number | null {
    this.#now.set(name, value);
    const before = this.#before.get(name);
    if (before === undefined || !(this.#seconds > 0)) return null;
    // A counter that went back is that of a new part.
    return (value >= before ? value - before : value) / this.#seconds;
  }
}
