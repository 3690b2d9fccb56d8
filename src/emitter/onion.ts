/**
 * Middleware around the delivery of an event.
 */

import type { Emitted } from "../event/event.ts";
import { isPooled, letGo, retain } from "../event/pool.ts";
import { requireFunction, show } from "../internal/check.ts";
import { adopt, isThenable } from "../internal/thenable.ts";

/**
 * What runs around the delivery of every event.
 *
 * `next` goes on inwards: to the next middleware, and in the end to the listeners. It takes another
 * event to go on with, which is checked as a foreign one, but by no schema. It answers a promise if
 * anything inside is asynchronous, or failed: return or await that promise to see how `emit` would end.
 * A middleware that never calls `next` drops the event; it may call it once, and before it is done.
 */
export type Middleware<Event extends Emitted = Emitted> = (
  event: Event,
  next: (event?: Event) => void | Promise<void>,
) => void | Promise<void>;

/** What the layers ask of their emitter. */
export interface OnionOwner {
  /** How often it was told to close. */
  readonly closeCalls: number;
  /** Checks another event to go on with, and holds it. */
  replace(event: Emitted): Emitted;
  /** Delivers an event; answers a promise when that takes longer than the turn, or failed. */
  deliver(event: Emitted): Promise<void> | undefined;
  /** Told of each event that is done with all layers. */
  passed(): void;
  /** Takes a failure that nobody awaits. */
  report(error: unknown): void;
}

/** The layers, outermost first, and what passes through them. */
export class Onion {
  /** Events inside that have not reached the listeners. */
  entering = 0;
  /** Those of them that closing does not wait for. */
  exempt = 0;
  /** Events inside that closing waits for. */
  passing = 0;
  /** Events that a layer ended by throwing. */
  refused = 0;
  /** Events that a layer ended by never calling `next`. */
  filtered = 0;
  /** Failures of layers, also those behind a delivery that went well. */
  errors = 0;
  readonly layers: readonly Middleware[];
  readonly owner: OnionOwner;
  /** A passage that ended within its turn serves the next event: nothing is made per event. */
  #spare: Passage | undefined;

  constructor(layers: readonly Middleware[], owner: OnionOwner) {
    this.layers = layers;
    this.owner = owner;
  }

  /** Sends an event through all layers; answers a promise when that takes longer, or failed. */
  send(event: Emitted): Promise<void> | undefined {
    const passage = this.#spare ?? new Passage(this);
    this.#spare = undefined;
    this.entering += 1;
    this.passing += 1;
    let answer: Promise<unknown> | undefined;
    try {
      const { closeCalls } = this.owner;
      const result: unknown = passage.begin(event);
      if (this.owner.closeCalls !== closeCalls) passage.excuse();
      if (result !== undefined && isThenable(result)) answer = adopt(result);
    } catch (error) {
      this.#leave(passage, { reason: error });
      return Promise.reject(error);
    }
    if (answer === undefined && passage.unsettled === undefined) {
      this.#leave(passage, undefined);
      // A layer may have kept the `next` of an event that it dropped: that one is never used again.
      if (passage.delivered) this.#spare = passage;
      return undefined;
    }
    return this.#finish(passage, answer);
  }

  async #finish(passage: Passage, answer: Promise<unknown> | undefined): Promise<void> {
    passage.later = true;
    try {
      await answer;
      // A layer that did not wait for what `next` answered has no say in how that ends.
      for (const inner of passage.unsettled ?? []) await inner;
    } catch (error) {
      this.#leave(passage, { reason: error });
      throw error;
    }
    this.#leave(passage, undefined);
  }

  #leave(passage: Passage, failure: Failure | undefined): void {
    passage.end();
    if (!passage.exempt) this.passing -= 1;
    const inner = passage.failure;
    if (failure !== undefined && (inner === undefined || inner.reason !== failure.reason)) {
      this.errors += 1;
    }
    if (!passage.delivered) {
      this.entering -= 1;
      if (passage.exempt) this.exempt -= 1;
      if (failure !== undefined) this.refused += 1;
      else this.filtered += 1;
    }
    this.owner.passed();
  }
}

/** A reason, which may be undefined, too. */
interface Failure {
  readonly reason: unknown;
}

/** No layer has this depth, so no `next` counts. */
const ENDED = -1;

/** One event on its way through the layers. */
class Passage {
  /** Whether it reached the listeners. */
  delivered = false;
  /** Whether something inside called `close`, which then does not wait for it. */
  exempt = false;
  /** Whether the turn that began it is over. */
  later = false;
  /** What `next` answered to layers and what has not settled. */
  unsettled: Set<Promise<unknown>> | undefined;
  /** What the listeners failed with, to tell it from what a layer failed with. */
  failure: Failure | undefined;
  /** How deep it has come: only the layer at this depth may call `next`. */
  #depth: number = ENDED;
  #event!: Emitted;
  /** Events of a pool that layers went on with. */
  #held: Emitted[] | undefined;
  readonly #onion: Onion;
  readonly #nexts: ((event?: Emitted) => void | Promise<void>)[];

  constructor(onion: Onion) {
    this.#onion = onion;
    this.#nexts = onion.layers.map((_, depth) => (event) => this.#next(depth, event));
  }

  begin(event: Emitted): void | Promise<void> {
    this.#event = event;
    this.delivered = false;
    this.exempt = false;
    return this.#enter(0);
  }

  /** The layers are done with it. */
  end(): void {
    this.#depth = ENDED;
    if (this.#held === undefined) return;
    for (const event of this.#held) letGo(event);
    this.#held = undefined;
  }

  #next(depth: number, replacement: Emitted | undefined): void | Promise<void> {
    if (this.#depth !== depth) {
      const when = this.#depth === ENDED ? "after the middleware was done" : "twice";
      throw new TypeError(`Cannot call next ${when} for "${this.#event.type}"`);
    }
    if (replacement !== undefined && replacement !== this.#event) this.#replace(replacement);
    const answer = this.later ? this.#enterLater(depth + 1) : this.#enter(depth + 1);
    return answer === undefined ? undefined : this.#watch(answer);
  }

  #enter(depth: number): void | Promise<void> {
    const { layers } = this.#onion;
    this.#depth = depth;
    return depth === layers.length
      ? this.#arrive()
      : layers[depth]!(this.#event, this.#nexts[depth]!);
  }

  /** The same when the turn of `send` is over, and with it the look at who called `close`. */
  #enterLater(depth: number): void | Promise<void> {
    const { owner } = this.#onion;
    const { closeCalls } = owner;
    const answer = this.#enter(depth);
    if (owner.closeCalls !== closeCalls) this.excuse();
    return answer;
  }

  #replace(replacement: Emitted): void {
    const event = this.#onion.owner.replace(replacement);
    if (isPooled(event)) (this.#held ??= []).push(event);
    this.#event = event;
  }

  /** The middle: the listeners. */
  #arrive(): Promise<void> | undefined {
    const onion = this.#onion;
    const event = this.#event;
    this.delivered = true;
    onion.entering -= 1;
    if (this.exempt) onion.exempt -= 1;
    const pending = onion.owner.deliver(event);
    if (pending === undefined) return undefined;
    // A layer may be done, or fail, before the listeners are.
    retain(event);
    pending.then(() => letGo(event), (reason) => {
      letGo(event);
      this.failure = { reason };
    });
    return pending;
  }

  /** Sees what `next` answers to its end, also if no layer looks at it. */
  #watch(given: unknown): Promise<void> | undefined {
    if (!isThenable(given)) return undefined;
    const answer = adopt(given) as Promise<void>;
    const unsettled = this.unsettled ??= new Set();
    unsettled.add(answer);
    answer.then(() => unsettled.delete(answer), (reason) => {
      // The same failure comes by once for each layer.
      const alone = unsettled.delete(answer) && unsettled.size === 0;
      if (alone && this.#depth === ENDED) this.#onion.owner.report(reason);
    });
    return answer;
  }

  /** Something inside called `close`, which does not wait for it then. */
  excuse(): void {
    if (this.exempt) return;
    this.exempt = true;
    this.#onion.passing -= 1;
    if (!this.delivered) this.#onion.exempt += 1;
  }
}

/** A copy of the list; refuses what is no list of functions. */
export function requireMiddleware(layers: unknown): readonly Middleware[] {
  if (!Array.isArray(layers)) {
    throw new TypeError(`Cannot use ${show(layers)} as "middleware": it must be an array`);
  }
  const copy = [...layers];
  for (const layer of copy) requireFunction("a middleware", layer);
  return copy;
}
