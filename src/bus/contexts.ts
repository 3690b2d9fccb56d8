/**
 * The contexts of one cursor: one for all plain first attempts, and one each for the others.
 */

import type { NovaEvent } from "../event/event.ts";
import { AttemptContext, type ContextOwner, type Giver } from "./context.ts";

/** Lends contexts out, and ends what was done with them. */
export class Contexts {
  /** What the next first attempt sees. */
  first: AttemptContext;
  readonly #owner: ContextOwner;
  readonly #giver: Giver;

  constructor(owner: ContextOwner, giver: Giver) {
    this.#owner = owner;
    this.#giver = giver;
    this.first = this.#make(1);
    Object.freeze(this.first);
  }

  /** The context of an attempt. */
  of(attempt: number): AttemptContext {
    if (attempt === 1) return this.first;
    const context = this.#make(attempt);
    Object.freeze(context);
    return context;
  }

  /** A context belongs to its attempt from now on: the next first attempt gets another. */
  part(context: AttemptContext): void {
    if (context === this.first) this.first = this.#make(1);
  }

  /**
   * An attempt succeeded: what it staged happens, or nothing of it. Now in memory; in a store when the
   * promise resolves.
   */
  commit(context: AttemptContext, event: NovaEvent): Promise<void> | undefined {
    this.part(context);
    const staged = context.finish();
    if (staged === undefined) return undefined;
    // Once the bus has ended everything, nothing may happen any more.
    this.#owner.stopSignal().throwIfAborted();
    const { commits } = this.#owner;
    if (commits !== undefined) return commits(staged, event, this.#giver.partition);
    staged.commit();
    return undefined;
  }

  /** An attempt failed: nothing of what it staged happens. */
  discard(context: AttemptContext): void {
    if (!context.hasStaged) return;
    context.finish();
    this.part(context);
  }

  #make(attempt: number): AttemptContext {
    return new AttemptContext(this.#owner, this.#giver, attempt);
  }
}
