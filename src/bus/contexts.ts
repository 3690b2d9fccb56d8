/**
 * The contexts of one cursor: one for all plain first attempts, and one each for the others.
 */

import { AttemptContext, type ContextOwner, type Giver } from "./context.ts";

/** What contexts ask of their subscription. */
export interface ContextsOwner extends ContextOwner {
  /** Throws once nothing may happen any more. */
  requireLive(): void;
}

/** Lends contexts out, and ends what was done with them. */
export class Contexts {
  /** What the next first attempt sees. */
  first: AttemptContext;
  readonly #owner: ContextsOwner;
  readonly #giver: Giver;

  constructor(owner: ContextsOwner, giver: Giver) {
    this.#owner = owner;
    this.#giver = giver;
    this.first = this.of(1);
    Object.freeze(this.first);
  }

  /** The context of an attempt. */
  of(attempt: number): AttemptContext {
    return new AttemptContext(this.#owner, this.#giver, attempt);
  }

  /** A context belongs to its attempt from now on: the next first attempt gets another. */
  part(context: AttemptContext): void {
    if (context === this.first) this.first = this.of(1);
  }

  /** An attempt succeeded: what it staged happens now, or nothing of it. */
  commit(context: AttemptContext): void {
    this.part(context);
    const staged = context.finish();
    if (staged === undefined) return;
    this.#owner.requireLive();
    staged.commit();
  }

  /** An attempt failed: nothing of what it staged happens. */
  discard(context: AttemptContext): void {
    if (!context.hasStaged) return;
    context.finish();
    this.part(context);
  }
}
