/**
 * Middleware around the delivery of an event.
 */

import type { Emitted } from "../event/event.ts";
import { admitEmitted } from "../event/make.ts";
import { requireFunction } from "../internal/check.ts";
import { adopt, isThenable } from "../internal/thenable.ts";

/**
 * What runs around the delivery of every event.
 *
 * `next` goes on inwards: to the next middleware, and in the end to the listeners. It takes another
 * event to go on with, answers a promise if anything inside is asynchronous, and fails as `emit` does.
 * Return or await what it answers to see that; a middleware that never calls it drops the event.
 */
export type Middleware<Event extends Emitted = Emitted> = (
  event: Event,
  next: (event?: Event) => void | Promise<void>,
) => void | Promise<void>;

/** Delivers an event; answers a promise when that takes longer than the turn, or failed. */
type Deliver = (event: Emitted) => Promise<void> | undefined;

/** The layers, outermost first, and what passes through them. */
export class Onion {
  /** Events inside that have not reached the listeners. */
  entering = 0;
  /** Events inside that closing waits for. */
  passing = 0;
  /** Events that a layer ended by throwing. */
  refused = 0;
  /** Events that a layer ended by never calling `next`. */
  filtered = 0;
  /** Failures of layers, also those behind a delivery that went well. */
  errors = 0;
  /** The passage whose delivery is starting. */
  current: Passage | undefined;
  readonly layers: readonly Middleware[];
  readonly deliver: Deliver;
  readonly #left: () => void;
  #exempt: Passage | undefined;
  /** A passage that ended within its turn serves the next event: nothing is made per event. */
  #spare: Passage | undefined;

  constructor(layers: readonly Middleware[], deliver: Deliver, left: () => void) {
    for (const layer of layers) requireFunction("a middleware", layer);
    this.layers = [...layers];
    this.deliver = deliver;
    this.#left = left;
  }

  /** Closing does not wait for the event whose delivery is starting. */
  exemptCurrent(): void {
    if (this.current === undefined || this.#exempt !== undefined) return;
    this.#exempt = this.current;
    this.passing -= 1;
  }

  /** Sends an event through all layers; answers a promise when that takes longer, or failed. */
  send(event: Emitted): Promise<void> | undefined {
    const passage = this.#spare ?? new Passage(this);
    this.#spare = undefined;
    this.entering += 1;
    this.passing += 1;
    let result: void | Promise<void>;
    try {
      result = passage.begin(event);
    } catch (error) {
      this.#leave(passage, true, error);
      return Promise.reject(error);
    }
    if (result === undefined && passage.pending === undefined) {
      this.#leave(passage, false, undefined);
      this.#spare = passage;
      return undefined;
    }
    // A layer that did not keep what `next` answered has no say in how the delivery ends.
    return (isThenable(result) ? adopt(result) : passage.pending!).then(
      () => this.#leave(passage, false, undefined),
      (error: unknown) => {
        this.#leave(passage, true, error);
        throw error;
      },
    );
  }

  #leave(passage: Passage, threw: boolean, error: unknown): void {
    passage.depth = ENDED;
    if (this.#exempt === passage) this.#exempt = undefined;
    else this.passing -= 1;
    if (threw && !(passage.delivered && passage.failure === error)) this.errors += 1;
    if (!passage.delivered) {
      this.entering -= 1;
      if (threw) this.refused += 1;
      else this.filtered += 1;
    }
    this.#left();
  }
}

/** No layer has this depth, so no `next` counts. */
const ENDED = -1;

/** One event on its way through the layers. */
class Passage {
  /** How deep it has come: only the layer at this depth may call `next`. */
  depth: number = ENDED;
  /** Whether it reached the listeners. */
  delivered = false;
  /** The delivery, if it takes longer than the turn. */
  pending: Promise<void> | undefined;
  /** What listeners failed with, to tell it from what middleware failed with. */
  failure: unknown;
  #event!: Emitted;
  readonly #onion: Onion;
  readonly #nexts: ((event?: Emitted) => void | Promise<void>)[];

  constructor(onion: Onion) {
    this.#onion = onion;
    this.#nexts = onion.layers.map((_, depth) => (event) => this.#next(depth, event));
  }

  begin(event: Emitted): void | Promise<void> {
    this.#event = event;
    this.delivered = false;
    this.pending = undefined;
    this.failure = undefined;
    return this.#enter(0);
  }

  #enter(depth: number): void | Promise<void> {
    const { layers } = this.#onion;
    this.depth = depth;
    if (depth === layers.length) return this.#arrive();
    return layers[depth]!(this.#event, this.#nexts[depth]!);
  }

  #next(depth: number, replacement: Emitted | undefined): void | Promise<void> {
    if (this.depth !== depth) {
      const when = this.depth === ENDED ? "after the middleware was done" : "twice";
      throw new TypeError(`Cannot call next ${when} for "${this.#event.type}"`);
    }
    if (replacement !== undefined) this.#event = admitEmitted(replacement);
    return this.#enter(depth + 1);
  }

  /** The middle: the listeners. */
  #arrive(): Promise<void> | undefined {
    const onion = this.#onion;
    this.delivered = true;
    onion.entering -= 1;
    onion.current = this;
    const pending = onion.deliver(this.#event);
    onion.current = undefined;
    // The rejection is seen here even if no layer looks at it.
    pending?.catch((failure) => (this.failure = failure));
    return this.pending = pending;
  }
}
