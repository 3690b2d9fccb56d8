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

/** All that wait for one signal; it lasts while there is someone. */
class Group {
  readonly #owner: AbortListeners;
  readonly #signal: AbortSignal;
  readonly #entries: Set<Entry> = new Set();

  constructor(owner: AbortListeners, signal: AbortSignal) {
    this.#owner = owner;
    this.#signal = signal;
    signal.addEventListener("abort", this.#fire, { once: true });
  }

  add(fn: () => void): Disposable {
    const entry = new Entry(this, fn);
    this.#entries.add(entry);
    return entry;
  }

  remove(entry: Entry): void {
    if (!this.#entries.delete(entry) || this.#entries.size > 0) return;
    this.#owner.forget(this.#signal);
    this.#signal.removeEventListener("abort", this.#fire);
  }

  /** A function rather than `handleEvent`, which Node takes four times as long for. */
  readonly #fire = (): void => {
    this.#owner.forget(this.#signal);
    // One of these may take out a later one.
    for (const entry of this.#entries) {
      this.#entries.delete(entry);
      try {
        entry.fn();
      } catch (error) {
        this.#owner.report(error);
      }
    }
  };
}

/** Who waits for which signal. */
export class AbortListeners {
  /** Gets what a function throws; the others are called all the same. */
  readonly report: (error: unknown) => void;
  /** Weak: who drops signal and subscription without a word is collected with both. */
  readonly #groups: WeakMap<AbortSignal, Group> = new WeakMap();

  constructor(report: (error: unknown) => void) {
    this.report = report;
  }

  /** Calls `fn` once when a signal aborts that has not yet; disposing the result takes it out. */
  add(signal: AbortSignal, fn: () => void): Disposable {
    let group = this.#groups.get(signal);
    if (group === undefined) {
      group = new Group(this, signal);
      this.#groups.set(signal, group);
    }
    return group.add(fn);
  }

  /** Nobody waits for a signal any more. */
  forget(signal: AbortSignal): void {
    this.#groups.delete(signal);
  }
}
