/**
 * Where the events of one stream are in the log.
 */

/** Positions by version. The oldest versions may be gone; numbers never start again. */
export class StreamIndex {
  readonly name: string;
  readonly number: number;
  /** The version of the last event there ever was. */
  version = 0;
  /** The version of the oldest event that is there; `version + 1` when none is. */
  first = 1;
  /** Whether it was deleted, and got no event since. */
  deleted = false;
  /** Grows by doubling; begins at version `#base`. */
  #positions: Float64Array = new Float64Array(4);
  #base = 1;

  constructor(name: string, number: number) {
    this.name = name;
    this.number = number;
  }

  /** How many events are there. */
  get count(): number {
    return this.version - this.first + 1;
  }

  /** Where a version that is there is in the log. */
  positionOf(version: number): number {
    return this.#positions[version - this.#base]!;
  }

  /** Adds the next version. */
  push(position: number): number {
    const at = this.version + 1 - this.#base;
    if (at === this.#positions.length) {
      const grown = new Float64Array(at * 2);
      grown.set(this.#positions);
      this.#positions = grown;
    }
    this.#positions[at] = position;
    this.deleted = false;
    return ++this.version;
  }

  /** Lets the next version be `version`: what lies before is gone. Only while nothing is there. */
  skipTo(version: number): void {
    if (this.count > 0 || version <= this.version) return;
    this.version = version - 1;
    this.first = this.#base = version;
  }

  /** Forgets where the versions before `first` are, and gives memory back when most of it is unused. */
  dropBefore(first: number): void {
    this.first = Math.max(this.first, first);
    const unused = this.first - this.#base;
    if (unused < 64 || unused * 2 < this.#positions.length) return;
    const { count } = this;
    let size = 4;
    while (size < count + 1) size *= 2;
    const kept = new Float64Array(size);
    kept.set(this.#positions.subarray(unused, unused + count));
    this.#positions = kept;
    this.#base = this.first;
  }
}
