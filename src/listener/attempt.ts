/**
 * One call of a supervised listener, and what the listener sees of it.
 */

import type { ListenerContext, Subscription } from "../event/listener.ts";
import type { Env } from "../internal/env.ts";
import type { Duty } from "../internal/roster.ts";
import { type Pausable, postpone } from "../internal/postpone.ts";
import type { Limited } from "./deadlines.ts";
import type { Flight } from "./flight.ts";

/** Something that ends when a signal aborts. */
export interface Watcher {
  /** The signal has aborted. */
  aborted(): void;
}

/** What an attempt tells its supervisor. */
export interface AttemptOwner {
  readonly watches: Watches;
  /** Whether attempts have a signal of their own, because someone here may end them. */
  readonly ends: boolean;
  /** The promise of the call settled. */
  settled(attempt: Attempt, error: unknown, failed: boolean): void;
  /** The call takes too long. */
  expired(attempt: Attempt): void;
}

/**
 * One call. As long as calls are synchronous and nobody asks for the signal, one attempt serves them
 * all; a call that returns a promise keeps its attempt.
 */
export class Attempt implements Limited, Watcher {
  /** What the listener gets. */
  readonly context: ListenerContext = Object.freeze(new AttemptContext(this));
  /** What the supervisor was given. */
  outer!: ListenerContext;
  /** Which attempt of the supervision this is, from 1. */
  number = 1;
  /** What the breaker gave. */
  permit = 0;
  /** The event it is for, once that outlives the turn. */
  flight: Flight | undefined;
  deadline = 0;
  /** Its place in the roster. */
  duty: Duty | undefined;
  /** Whether it outlived its time: it only holds its slot now. */
  expired = false;
  readonly #owner: AttemptOwner;
  #controller: AbortController | undefined;
  #reason: unknown;
  #over = false;
  #watched: AbortSignal | undefined;

  constructor(owner: AttemptOwner) {
    this.#owner = owner;
  }

  readonly succeeded = (): void => this.#owner.settled(this, undefined, false);
  readonly failed = (error: unknown): void => this.#owner.settled(this, error, true);

  /** Whether the listener asked for its signal, so that the attempt cannot serve another call. */
  get claimed(): boolean {
    return this.#controller !== undefined;
  }

  expire(): void {
    this.#owner.expired(this);
  }

  aborted(): void {
    this.#controller?.abort(this.#watched?.reason);
    this.#watched = undefined;
  }

  /** The signal of this call; made for those who ask. */
  signal(): AbortSignal {
    if (!this.#owner.ends) return this.outer.signal;
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#over) this.#controller.abort(this.#reason);
      else this.#watch(this.outer.signal);
    }
    return this.#controller.signal;
  }

  /** Tells the listener that nobody waits for it any more. */
  abort(reason: unknown): void {
    this.#over = true;
    this.#reason = reason;
    this.end();
    this.#controller?.abort(reason);
  }

  /** Nothing outside may reach it any more. */
  end(): void {
    if (this.#watched === undefined) return;
    this.#owner.watches.delete(this.#watched, this);
    this.#watched = undefined;
  }

  #watch(signal: AbortSignal): void {
    this.#watched = signal;
    this.#owner.watches.add(signal, this);
  }
}

/** Shows an attempt to its listener: nothing but the context is reachable through it. */
class AttemptContext implements ListenerContext, Pausable {
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  get signal(): AbortSignal {
    return this.#attempt.signal();
  }

  get attempt(): number {
    return this.#attempt.outer.attempt + this.#attempt.number - 1;
  }

  get subscription(): Subscription {
    return this.#attempt.outer.subscription;
  }

  postpone(error: unknown, afterMs: number): void {
    postpone(this.#attempt.outer, error, afterMs);
  }
}

interface Watch {
  readonly watchers: Set<Watcher>;
  readonly off: Disposable;
}

/** One abort listener per signal, however many wait for it. */
export class Watches {
  readonly #env: Env;
  readonly #watches = new Map<AbortSignal, Watch>();

  constructor(env: Env) {
    this.#env = env;
  }

  /** Tells the watcher when the signal aborts; at once if it already has. */
  add(signal: AbortSignal, watcher: Watcher): void {
    if (signal.aborted) return watcher.aborted();
    const watch = this.#watches.get(signal);
    if (watch !== undefined) {
      watch.watchers.add(watcher);
      return;
    }
    const watchers = new Set([watcher]);
    const off = this.#env.onAbort(signal, () => {
      this.#watches.delete(signal);
      for (const each of watchers) each.aborted();
    });
    this.#watches.set(signal, { watchers, off });
  }

  /** Tells it no more. */
  delete(signal: AbortSignal, watcher: Watcher): void {
    const watch = this.#watches.get(signal);
    if (watch === undefined) return;
    watch.watchers.delete(watcher);
    if (watch.watchers.size > 0) return;
    watch.off[Symbol.dispose]();
    this.#watches.delete(signal);
  }
}
