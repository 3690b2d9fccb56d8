/**
 * What effects in memory write to: nothing of it happens before their unit enters.
 */

import type { Env } from "../internal/env.ts";
import type { Append, Draft, Placed, Unit } from "./driver.ts";

/** What an effect in memory gets: a stage. What is put there happens with the unit, or not at all. */
export interface MemoryTx {
  /** Appends to a stream, whatever its version. */
  append(stream: string, records: readonly Draft[]): void;
  /** Changes what is kept beside the store, in the turn in which the unit enters. It must not throw. */
  change(change: () => void): void;
}

/** What the effects of a unit have put there. */
export class Stage {
  readonly appends: Append[] = [];
  readonly #changes: (() => void)[] = [];

  /** Runs the effects; throws what one of them throws. */
  constructor(effects: NonNullable<Unit<MemoryTx>["effects"]>, placed: readonly Placed[]) {
    const tx: MemoryTx = {
      append: (stream, records) =>
        void this.appends.push({ stream, records, expect: "any", ids: "none" }),
      change: (change) => void this.#changes.push(change),
    };
    for (const effect of effects) {
      const answer: unknown = effect(tx, placed);
      if (answer instanceof Promise) {
        answer.catch(() => {});
        throw new TypeError(
          "Cannot commit an asynchronous effect: in memory effects must return at once",
        );
      }
    }
  }

  /** Makes the changes. The unit has entered: one that fails takes nothing back. */
  enter(env: Env): void {
    for (const change of this.#changes) {
      try {
        change();
      } catch (error) {
        env.report(error);
      }
    }
  }
}
