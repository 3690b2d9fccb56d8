/**
 * Stores that die and are opened again.
 *
 * @module
 */

import {
  type Capabilities,
  type Driver,
  MemoryDriver,
  type MemoryTx,
  type Outcome,
  Store,
  type StoreOptions,
  type Unit,
} from "@nova/events/store";
import type { Env } from "@nova/events/testing";

const NEVER: Promise<never> = new Promise(() => {});

/** What survives the death of a process: the engine underneath. */
export class Disk {
  readonly #driver = new MemoryDriver();
  readonly #env: Env;
  #isOpen = false;
  #log: { readonly log: string } = { log: "" };

  constructor(env: Env) {
    this.#env = env;
  }

  /**
   * A store over it. After so many calls of the engine its process is dead: the last call takes effect
   * or not, as `half` says, and no call is answered any more.
   */
  open(calls: number = Infinity, half = false, options: StoreOptions = {}): MortalStore {
    const driver = this.#driver;
    let left = calls;
    const guarded = <Answer>(run: () => Answer): Answer | Promise<never> => {
      if (left <= 0) return NEVER;
      left -= 1;
      if (left > 0) return run();
      if (half) run();
      return NEVER;
    };
    const mortal: Driver<MemoryTx> = {
      get capabilities(): Capabilities {
        // As of an engine that takes its time.
        return { ...driver.capabilities, blocks: "per-commit" };
      },
      open: (terms) => {
        if (!this.#isOpen) this.#log = driver.open(terms);
        this.#isOpen = true;
        return this.#log;
      },
      commit: (units: readonly Unit<MemoryTx>[]) =>
        guarded((): readonly Outcome[] => driver.commit(units)),
      read: (query) => guarded(() => driver.read(query)),
      stream: (name) => guarded(() => driver.stream(name)),
      streams: (after, limit) => driver.streams(after, limit),
      mark: (name) => guarded(() => driver.mark(name)),
      marks: () => driver.marks(),
      document: (key) => guarded(() => driver.document(key)),
      documents: () => driver.documents(),
      lease: (name, ttlMs) =>
        guarded(() => {
          const lease = driver.lease(name, ttlMs);
          return lease && {
            fence: lease.fence,
            renew: () => guarded(() => lease.renew()),
            release: () => guarded(() => lease.release()),
          };
        }),
      trim: (trim) => driver.trim(trim),
      figures: () => driver.figures(),
      close: () => {},
    };
    return new MortalStore(mortal, { env: this.#env, ...options }, () => left <= 0);
  }

  /** How far a subscription got, as the engine keeps it. */
  mark(name: string): { readonly low: number; readonly done: readonly number[] } | undefined {
    const mark = this.#driver.mark(name);
    return mark && { low: mark.low, done: mark.done };
  }
}

/** A store whose process may die. */
export class MortalStore extends Store<Record<string, unknown>, MemoryTx> {
  readonly #isDead: () => boolean;

  constructor(driver: Driver<MemoryTx>, options: StoreOptions, isDead: () => boolean) {
    super(driver, options);
    this.#isDead = isDead;
  }

  /** Whether its process is dead. */
  get isDead(): boolean {
    return this.#isDead();
  }
}
