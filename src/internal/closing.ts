/**
 * How every part closes: no intake, what was accepted finishes, and the caller learns what did not.
 */

import { requireSignal } from "./check.ts";
import { type Env, RESOLVED } from "./env.ts";

/** Options of every `close`. */
export interface CloseOptions {
  /**
   * Ends the waiting for what still runs. Closing then resolves all the same.
   *
   * @default {a limit of 30 s}
   */
  readonly signal?: AbortSignal;
}

/** What `close` resolves to. */
export interface CloseResult<Left = number> {
  /** Events that were finished while closing. */
  readonly completed: number;
  /** What was not: queued and given up, or still running. */
  readonly left: Left;
}

/** How long closing waits unless a signal says otherwise, in milliseconds. */
export const CLOSE_LIMIT_MS = 30_000;

/** What closing asks of its owner. */
export interface Closable<Left> {
  /** Whether nothing is left to wait for. */
  isIdle(): boolean;
  /** Ends everything that is left, frees what is held, and says what was left. */
  end(): CloseResult<Left>;
}

/** One closing under way. The owner calls {@linkcode check} whenever it may have become idle. */
export class Closing<Left = number> {
  /** Resolves when all is done, or given up. */
  readonly result: Promise<CloseResult<Left>>;
  readonly #owner: Closable<Left>;
  #limit: Disposable | undefined;
  #resolve!: (result: CloseResult<Left>) => void;

  constructor(owner: Closable<Left>, env: Env, signal: AbortSignal | undefined) {
    requireSignal(signal);
    this.#owner = owner;
    this.result = new Promise((resolve) => (this.#resolve = resolve));
    const finish = () => this.#finish();
    this.#limit = signal === undefined
      ? env.setTimer(finish, CLOSE_LIMIT_MS)
      : env.onAbort(signal, () => RESOLVED.then(finish));
    // The first look comes after this turn, so that a listener that closes its own part can return.
    RESOLVED.then(() => this.check());
  }

  /** Finishes if the owner is idle. */
  check(): void {
    if (this.#limit !== undefined && this.#owner.isIdle()) this.#finish();
  }

  #finish(): void {
    if (this.#limit === undefined) return;
    this.#limit[Symbol.dispose]();
    this.#limit = undefined;
    this.#resolve(this.#owner.end());
  }
}
