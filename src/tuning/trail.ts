/**
 * The figures of one part over a window.
 */

/** One moment of a part. */
interface Step<Figures> {
  readonly at: number;
  readonly figures: Figures;
}

/** Members of a part by name. */
type Members<Member> = Readonly<Record<string, Member>> | ReadonlyMap<string, Member>;

/** What a part said of itself, oldest first. Counters that went back count from 0: the part is new. */
export class Trail<Figures> {
  /** What it is the trail of: its name. */
  readonly name: string;
  readonly #steps: readonly Step<Figures>[];

  constructor(name: string, steps: readonly Step<Figures>[]) {
    this.name = name;
    this.#steps = steps;
  }

  /** The last figures. */
  get now(): Figures {
    return this.#steps.at(-1)!.figures;
  }

  /** The length of the window in seconds; 0 when there is one moment only. */
  get seconds(): number {
    return (this.#steps.at(-1)!.at - this.#steps[0]!.at) / 1000;
  }

  /** A figure at every moment. */
  values(of: (figures: Figures) => number): number[] {
    return this.#steps.map(({ figures }) => of(figures));
  }

  /** How much a counter gained within the window; since its start when there is one moment only. */
  gained(counter: (figures: Figures) => number): number {
    const values = this.values(counter);
    if (values.length === 1) return values[0]!;
    let gained = 0;
    for (let i = 1; i < values.length; i++) gained += gain(values[i - 1]!, values[i]!);
    return gained;
  }

  /** The same for each second; 0 when there is one moment only. */
  perSecond(counter: (figures: Figures) => number): number {
    return this.seconds === 0 ? 0 : this.gained(counter) / this.seconds;
  }

  /** The greatest rate between two moments, for each second; 0 when there is one moment only. */
  peakPerSecond(counter: (figures: Figures) => number): number {
    let peak = 0;
    for (let i = 1; i < this.#steps.length; i++) {
      const [before, after] = [this.#steps[i - 1]!, this.#steps[i]!];
      const seconds = (after.at - before.at) / 1000;
      if (seconds <= 0) continue;
      peak = Math.max(peak, gain(counter(before.figures), counter(after.figures)) / seconds);
    }
    return peak;
  }

  /** The mean of a figure that goes up and down. */
  mean(gauge: (figures: Figures) => number): number {
    const values = this.values(gauge);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  /**
   * By how much a figure rose that never went down within the window; 0 when it did, or when there are
   * fewer than three moments: two make no trend.
   */
  rise(gauge: (figures: Figures) => number): number {
    const values = this.values(gauge);
    if (values.length < 3) return 0;
    const steady = values.every((value, i) => i === 0 || value >= values[i - 1]!);
    return steady ? values.at(-1)! - values[0]! : 0;
  }

  /** Whether something was so at every moment. */
  always(is: (figures: Figures) => boolean): boolean {
    return this.#steps.every(({ figures }) => is(figures));
  }

  /** Whether something was so at some moment. */
  ever(is: (figures: Figures) => boolean): boolean {
    return this.#steps.some(({ figures }) => is(figures));
  }

  /** The trails of the members of a part that are there now, by name. */
  members<Member>(
    of: (figures: Figures) => Members<Member> | undefined,
  ): Trail<Member>[] {
    const trails = new Map<string, Step<Member>[]>();
    for (const [name] of entriesOf(of(this.now))) trails.set(name, []);
    for (const { at, figures } of this.#steps) {
      for (const [name, member] of entriesOf(of(figures))) {
        trails.get(name)?.push({ at, figures: member });
      }
    }
    return [...trails].map(([name, steps]) => new Trail(name, steps));
  }

  /** Other figures made from these, at every moment. */
  map<Other>(make: (figures: Figures) => Other): Trail<Other> {
    return new Trail(
      this.name,
      this.#steps.map(({ at, figures }) => ({ at, figures: make(figures) })),
    );
  }
}

function gain(before: number, after: number): number {
  return after >= before ? after - before : after;
}

function entriesOf<Member>(members: Members<Member> = {}): Iterable<[string, Member]> {
  return members instanceof Map ? members : Object.entries(members);
}

/** A list by name; of equal names the later wins. */
export function byName<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
): ReadonlyMap<string, Item> {
  const named = new Map<string, Item>();
  for (const item of items) named.set(nameOf(item), item);
  return named;
}
