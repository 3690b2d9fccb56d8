/**
 * What becomes of a failure.
 */

import { ClosedError, TerminalError } from "../errors.ts";
import type { Emitted } from "../event/event.ts";
import type { ListenerContext } from "../event/listener.ts";
import { postpone } from "../internal/postpone.ts";
import { withoutStack } from "../internal/quiet.ts";
import { isThenable } from "../internal/thenable.ts";
import { delayAfter, mayRetry } from "./backoff.ts";
import { isCircuitOpen, isTerminal } from "./causes.ts";
import type { Figures } from "./figures.ts";
import type { Supervision } from "./options.ts";

/** What a failed attempt leads to, where that is no delay before the next one. */
export const FINAL = -1;
/** It fails with its own error and is no dead letter: it may be delivered again later. */
const REFUSED = -2;
/** Nobody waits for it, or there is nobody left to handle it. */
const RELEASED = -3;

/** An event has failed, and somebody has to be told. */
export const FAILED: unique symbol = Symbol("failed");

/** Judges failures by the settings of one supervisor. */
export class Judge {
  /** Whether there may be further attempts. */
  accepting: boolean;
  #failure: unknown;
  readonly #settings: Supervision;
  readonly #figures: Figures;

  constructor(settings: Supervision, figures: Figures, accepting: boolean) {
    this.#settings = settings;
    this.#figures = figures;
    this.accepting = accepting;
  }

  /** Counts a failed attempt and decides: the delay before the next one, or why there is none. */
  judge(
    event: Emitted,
    context: ListenerContext,
    attempts: number,
    error: unknown,
    permit: number,
  ): number {
    const { retry, budget, breaker, env } = this.#settings;
    if (context.signal.aborted) {
      breaker?.release(permit);
      return RELEASED;
    }
    this.#figures.attemptFailed();
    breaker?.fail(permit, error);
    this.#tell(error, event, attempts);
    // Another breaker underneath: the event itself has not been tried.
    if (isCircuitOpen(error)) return REFUSED;
    if (retry === undefined || attempts >= retry.attempts) return FINAL;
    if (!mayRetry(retry, error, (thrown) => env.report(thrown))) return FINAL;
    if (!this.accepting) return RELEASED;
    if (budget?.trySpend() === false) {
      this.#figures.overBudget += 1;
      postpone(context, error, budget.waitMs);
      return REFUSED;
    }
    return delayAfter(retry, attempts, error, () => env.random());
  }

  /**
   * Ends an event whose attempts failed. Answers undefined when it is dealt with, what `deadLetter` is
   * still doing, or `FAILED`: `takeFailure` has the error then. Throwing it is left to the outermost
   * frame, because engines take longer for each frame that an error passes.
   */
  conclude(
    event: Emitted,
    error: unknown,
    attempts: number,
    verdict: number,
  ): PromiseLike<unknown> | typeof FAILED | undefined {
    const { deadLetter } = this.#settings;
    if (verdict === RELEASED) {
      this.#figures.released += 1;
      return this.#fails(this.accepting ? error : this.closed(error));
    }
    if (verdict === REFUSED || deadLetter === undefined) {
      this.#figures.failed += 1;
      return this.#fails(verdict === REFUSED ? error : this.#final(attempts, error));
    }
    try {
      const result = deadLetter(event, error);
      if (isThenable(result)) return result;
    } catch (thrown) {
      this.#figures.failed += 1;
      return this.#fails(this.unburied(error, thrown));
    }
    this.#figures.buried();
    return undefined;
  }

  /** What the event failed with that was concluded last. */
  takeFailure(): unknown {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  #fails(error: unknown): typeof FAILED {
    this.#failure = error;
    return FAILED;
  }

  /** What an event fails with that nobody handled and nobody took: both failures, as one. */
  unburied(error: unknown, thrown: unknown): TerminalError {
    return withoutStack(() =>
      new TerminalError(
        `Listener "${this.#settings.name}" failed, and so did its dead letter: ${words(thrown)}`,
        { cause: new AggregateError([error, thrown], "The listener and its dead letter failed") },
      )
    );
  }

  /** What an event fails with that comes too late. */
  closed(cause?: unknown): ClosedError {
    const what = `listener "${this.#settings.name}" (stopped, or not started)`;
    return withoutStack(() => new ClosedError(what, cause === undefined ? {} : { cause }));
  }

  /**
   * What an event fails with whose attempts are used up: a `TerminalError`, so that a bus does not
   * try it again. Without retries nobody has tried, and the failure stays what it is.
   */
  #final(attempts: number, error: unknown): unknown {
    const { name, retry } = this.#settings;
    if (retry === undefined || isTerminal(error)) return error;
    const times = attempts === 1 ? "once" : `${attempts} times`;
    return withoutStack(() =>
      new TerminalError(`Listener "${name}" failed ${times}: ${words(error)}`, { cause: error })
    );
  }

  #tell(error: unknown, event: Emitted, attempts: number): void {
    const { onError, env } = this.#settings;
    try {
      onError?.(error, event, attempts);
    } catch (thrown) {
      env.report(thrown);
    }
  }
}

/** What was thrown, in a few words, whatever it is. */
export function words(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something that cannot be shown";
  }
}
