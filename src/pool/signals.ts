/**
 * Cancelling many jobs with one abort listener per signal: a listener per job costs more than the
 * job, and thousands on one long-lived signal make every runtime warn.
 */

import type { Env } from "../internal/env.ts";

interface Group<Item> {
  readonly items: Set<Item>;
  listening: Disposable;
}

/** Which items each signal ends. */
export class Signals<Item> {
  readonly #env: Env;
  readonly #aborted: (item: Item, reason: unknown) => void;
  readonly #groups = new Map<AbortSignal, Group<Item>>();

  /** `aborted` is called with each item of a signal that aborts. */
  constructor(env: Env, aborted: (item: Item, reason: unknown) => void) {
    this.#env = env;
    this.#aborted = aborted;
  }

  /** Watches a signal that has not aborted for an item. */
  add(signal: AbortSignal, item: Item): void {
    const known = this.#groups.get(signal);
    if (known !== undefined) {
      known.items.add(item);
      return;
    }
    const items = new Set([item]);
    this.#groups.set(signal, {
      items,
      listening: this.#env.onAbort(signal, () => {
        this.#groups.delete(signal);
        for (const each of items) this.#aborted(each, signal.reason);
      }),
    });
  }

  /** The item needs its signal no more. */
  delete(signal: AbortSignal, item: Item): void {
    const group = this.#groups.get(signal);
    if (group === undefined || !group.items.delete(item) || group.items.size > 0) return;
    this.#groups.delete(signal);
    group.listening[Symbol.dispose]();
  }
}
