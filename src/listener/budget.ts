/**
 * A retry budget: when everything fails, retries must not multiply the load.
 */

import { integerOption, requireOptions, show } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import { windowOption } from "./breaker_options.ts";
import { PIECES, SlidingWindow } from "./window.ts";

/** How many retries there may be. */
export interface BudgetOptions {
  /**
   * Retries per success.
   *
   * @default {0.1}
   */
  readonly ratio?: number;
  /**
   * Retries that are always allowed within the window.
   *
   * @default {10}
   */
  readonly floor?: number;
  /**
   * The length of the window in which both are counted, in milliseconds.
   *
   * @default {60_000}
   */
  readonly windowMs?: number;
}

/** Counts successes and retries in a sliding window. */
export class RetryBudget {
  readonly #ratio: number;
  readonly #floor: number;
  /** When it is spent, it is worth asking again after so many milliseconds. */
  readonly waitMs: number;
  readonly #window: SlidingWindow;
  readonly #env: Env;

  constructor(options: BudgetOptions, env: Env) {
    requireOptions("a retry budget", options);
    const { ratio = 0.1 } = options;
    if (typeof ratio !== "number" || !(ratio >= 0 && ratio < Infinity)) {
      throw new RangeError(
        `Cannot use ${show(ratio)} as "retry.budget.ratio": it must be a number of at least 0`,
      );
    }
    this.#ratio = ratio;
    this.#floor = integerOption("retry.budget.floor", options.floor, 10, 0);
    const windowMs = windowOption("retry.budget.windowMs", options.windowMs);
    this.#window = new SlidingWindow(windowMs);
    this.waitMs = windowMs / PIECES;
    this.#env = env;
  }

  /** Counts a success. */
  earn(): void {
    this.#window.succeed(this.#env.coarse());
  }

  /** Takes one retry out; false when none is left. */
  trySpend(): boolean {
    const now = this.#env.coarse();
    const { successes, failures: retries } = this.#window.read(now);
    if (retries >= this.#floor + this.#ratio * successes) return false;
    this.#window.fail(now);
    return true;
  }
}
