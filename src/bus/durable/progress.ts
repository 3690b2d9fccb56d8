/**
 * How far one subscription got in a log: what a checkpoint says, from what its cursors have taken and
 * what they still have in hand. Nothing is counted per event that is done; all of it is found out when
 * a checkpoint is due.
 */

/** A checkpoint: everything up to `low` is done, and the ranges of `done` (from, to, …) above it. */
export interface Mark {
  readonly low: number;
  readonly done: readonly number[];
}

/** Positions handed to one partition that are not known to be taken, oldest first. */
interface Handed {
  positions: number[];
  /** Where the oldest is; before it, positions are forgotten. */
  first: number;
  /** How many were handed over before `positions` begins. */
  before: number;
}

/** The positions of one subscription in the log of its topic. */
export class Progress {
  readonly #handed: readonly Handed[];
  /** Taken, and not done when it was last asked. */
  readonly #open: Set<number> = new Set();
  /** What an earlier life of the subscription has done above `low`. */
  readonly #known: readonly number[];
  /** The known range that may be next. */
  #next = 0;
  /** Nothing at or below it is left to do, except what is open. */
  #top: number;

  constructor(partitions: number, mark: Mark) {
    this.#handed = Array.from({ length: partitions }, () => ({
      positions: [],
      first: 0,
      before: 0,
    }));
    this.#known = mark.done;
    this.#top = mark.low;
  }

  /** Whether an earlier life is done with a position; to be asked in rising order. */
  isDone(position: number): boolean {
    const known = this.#known;
    while (this.#next < known.length && known[this.#next + 1]! < position) this.#next += 2;
    return this.#next < known.length && known[this.#next]! <= position;
  }

  /** An event was handed to a partition. */
  handed(partition: number, position: number): void {
    this.#handed[partition]!.positions.push(position);
  }

  /** Nothing is handed out, nothing is open: all up to a position is done. */
  reached(position: number): void {
    if (position > this.#top) this.#top = position;
  }

  /** Positions that were handed out and not taken, or taken and not done. */
  get pending(): number {
    return this.#handed.reduce(
      (sum, { positions, first }) => sum + positions.length - first,
      this.#open.size,
    );
  }

  /**
   * Where it stands: `taken` says how many events of a partition were taken so far, `inHand` which
   * positions of those are not done. What is `finishing` counts as done in this mark alone.
   */
  mark(
    taken: (partition: number) => number,
    inHand: ReadonlySet<number>,
    finishing: ReadonlySet<number>,
  ): Mark {
    for (const [partition, handed] of this.#handed.entries()) {
      this.#take(handed, taken(partition), inHand);
    }
    for (const position of this.#open) if (!inHand.has(position)) this.#open.delete(position);
    const top = this.#top;
    const left: number[] = [];
    for (const position of this.#open) if (!finishing.has(position)) left.push(position);
    for (const { positions, first } of this.#handed) {
      for (let i = first; i < positions.length && positions[i]! < top; i++) {
        left.push(positions[i]!);
      }
    }
    left.sort((a, b) => a - b);
    const done: number[] = [];
    for (let i = 0; i < left.length; i++) {
      const to = i + 1 < left.length ? left[i + 1]! - 1 : top;
      if (to > left[i]!) done.push(left[i]! + 1, to);
    }
    for (let i = 0; i < this.#known.length; i += 2) {
      const to = this.#known[i + 1]!;
      if (to > top) done.push(Math.max(top + 1, this.#known[i]!), to);
    }
    return { low: left.length === 0 ? top : left[0]! - 1, done };
  }

  #take(handed: Handed, taken: number, inHand: ReadonlySet<number>): void {
    const { positions } = handed;
    const end = taken - handed.before;
    for (let i = handed.first; i < end; i++) {
      const position = positions[i]!;
      if (position > this.#top) this.#top = position;
      if (inHand.has(position)) this.#open.add(position);
    }
    handed.first = end;
    // Now and then, so that each is moved once at most.
    if (end * 2 > positions.length) {
      handed.positions = positions.slice(end);
      handed.before = taken;
      handed.first = 0;
    }
  }
}
