/**
 * How far one subscription got in a log: what a checkpoint says, from what its cursors have taken and
 * what they still have in hand. Nothing is counted per event that is done; all of it is found out when
 * a checkpoint is due.
 */

/**
 * A checkpoint: everything up to `low` is done. `done` has the furthest position of each partition, up to
 * which its events are done too, and behind those the positions that are not.
 */
export interface Mark {
  readonly low: number;
  readonly done: readonly number[];
}

/** Whether two checkpoints say the same. */
export function isSame(a: Mark, b: Mark): boolean {
  return a.low === b.low && a.done.length === b.done.length &&
    a.done.every((position, i) => position === b.done[i]);
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
  /** The furthest position of each partition that was taken. */
  readonly #furthest: number[];
  /** Taken, and not done when it was last asked; also what an earlier life has left. */
  readonly #open: Set<number> = new Set();
  /** What an earlier life has left, and this one has not taken yet. */
  readonly #left: Set<number>;
  /** The same, as it was in the beginning, by which repetitions are known. */
  readonly #before: { readonly furthest: readonly number[]; readonly left: ReadonlySet<number> };
  /** Events up to here were handed over, or need not be. */
  #reached: number;

  constructor(partitions: number, { low, done }: Mark) {
    this.#handed = Array.from({ length: partitions }, () => ({
      positions: [],
      first: 0,
      before: 0,
    }));
    this.#furthest = Array.from({ length: partitions }, (_, i) => done[i] ?? low);
    this.#left = new Set(done.slice(partitions));
    this.#before = { furthest: [...this.#furthest], left: new Set(this.#left) };
    this.#reached = low;
  }

  /** Whether an earlier life is done with an event. */
  isDone(partition: number, position: number): boolean {
    const { furthest, left } = this.#before;
    return position <= furthest[partition]! && !left.has(position);
  }

  /** An event was handed to a partition. */
  handed(partition: number, position: number): void {
    this.#handed[partition]!.positions.push(position);
  }

  /** Every event up to here was handed over, or need not be. */
  reached(position: number): void {
    if (position > this.#reached) this.#reached = position;
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
    for (const position of this.#open) if (!inHand.has(position)) this.#open.delete(position);
    let low = this.#reached;
    for (const [partition, handed] of this.#handed.entries()) {
      this.#take(handed, partition, taken(partition), inHand);
      const next = handed.positions[handed.first];
      if (next !== undefined && next <= low) low = next - 1;
    }
    const left = [...this.#left];
    for (const position of this.#open) if (!finishing.has(position)) left.push(position);
    for (const position of left) if (position <= low) low = position - 1;
    return { low, done: [...this.#furthest, ...left.sort((a, b) => a - b)] };
  }

  #take(handed: Handed, partition: number, taken: number, inHand: ReadonlySet<number>): void {
    const { positions } = handed;
    const end = taken - handed.before;
    for (let i = handed.first; i < end; i++) {
      const position = positions[i]!;
      this.#left.delete(position);
      if (position > this.#furthest[partition]!) this.#furthest[partition] = position;
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
