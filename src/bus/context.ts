/**
 * What a listener sees of its attempt.
 */

import type { ListenerContext, Subscription } from "../event/listener.ts";
import type { Pausable } from "../internal/postpone.ts";

/** What a context asks of its subscription. */
export interface ContextOwner {
  /** Whose handler is called. */
  readonly seat: Subscription;
  /** How long an attempt may take, in milliseconds. */
  readonly deadlineMs: number;
  stopSignal(): AbortSignal;
}

/**
 * The context of an attempt. As long as handlers are synchronous, one serves all first attempts; a
 * handler that returns a promise keeps its own. It has getters only, so that nobody can change it:
 * freezing each would cost as much as all else that is kept of an asynchronous delivery.
 */
export class AttemptContext implements ListenerContext, Pausable {
  readonly #attempt: number;
  readonly #owner: ContextOwner;
  #seat: Subscription | undefined;
  #controller: AbortController | undefined;
  #pause: { readonly error: unknown; readonly afterMs: number } | undefined;
  #over: { readonly reason: unknown } | undefined;

  constructor(owner: ContextOwner, attempt: number) {
    this.#attempt = attempt;
    this.#owner = owner;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get subscription(): Subscription {
    return this.#seat ?? this.#owner.seat;
  }

  /** From now on it is that of one attempt only. */
  keep(): void {
    this.#seat = this.#owner.seat;
  }

  /** Without a deadline all attempts share one; else each has its own, made when it is asked for. */
  get signal(): AbortSignal {
    if (this.#owner.deadlineMs === Infinity) return this.#owner.stopSignal();
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#over !== undefined) this.#controller.abort(this.#over.reason);
    }
    return this.#controller.signal;
  }

  /** The attempt is about to fail with this error, and was none: see {@linkcode takePause}. */
  postpone(error: unknown, afterMs: number): void {
    this.#pause = { error, afterMs };
  }

  /** After how many milliseconds to deliver the event again, if its failure was no attempt. */
  takePause(error: unknown): number | undefined {
    const pause = this.#pause;
    this.#pause = undefined;
    return pause !== undefined && Object.is(pause.error, error) ? pause.afterMs : undefined;
  }

  /** Nobody waits for the attempt any more. */
  abort(reason: unknown): void {
    if (this.#over !== undefined) return;
    this.#over = { reason };
    this.#controller?.abort(reason);
  }
}
