/**
 * One abort listener per signal, however many wait for it: runtimes search a list whenever one comes
 * or goes, so that thousands on one signal would take seconds.
 */

/** One function that is to be called; disposing it takes it out. */
class Entry implements Disposable {
  readonly fn: () => void;
  readonly #group: Group;

  constructor(group: Group, fn: () => void) {
    this.#group = group;
    this.fn = fn;
  }

  [Symbol.dispose](): void {
    this.#group.remove(this);
  }
}

/** All that wait for one signal. It listens while there is someone. */
class Group {
  readonly #entries: Set<Entry> = new Set();
  readonly #signal: AbortSignal;
  readonly #report: (error: unknown) => void;

  constructor(signal: AbortSignal, report: (error: unknown) => void) {
    this.#signal = signal;
    this.#report = report;
  }

  add(fn: () => void): Disposable {
    if (this.#entries.size === 0) {
      this.#signal.addEventListener("abort", this.#fire, { once: true });
    }
    const entry = new Entry(this, fn);
    this.#entries.add(entry);
    return entry;
  }

  remove(entry: Entry): void {
    if (!this.#entries.delete(entry) || this.#entries.size > 0) return;
    this.#signal.removeEventListener("abort", this.#fire);
  }

  readonly #fire = (): void => {
    // One of these may take out a later one.
    for (const entry of this.#entries) {
      this.#entries.delete(entry);
      try {
        entry.fn();
      } catch (error) {
        this.#report(error);
      }
    }
  };
}

/** Who waits for which signal. */
export class AbortListeners {
  readonly #groups: WeakMap<AbortSignal, Group> = new WeakMap();
  readonly #report: (error: unknown) => void;

  /** `report` gets what a function throws; the others are called all the same. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Calls `fn` once when a signal aborts that has not yet; disposing the result takes it out. */
  add(signal: AbortSignal, fn: () => void): Disposable {
    let group = this.#groups.get(signal);
    if (group === undefined) {
      group = new Group(signal, this.#report);
      this.#groups.set(signal, group);
    }
    return group.add(fn);
  }
}
