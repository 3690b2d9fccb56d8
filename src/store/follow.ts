/**
 * Reading a log beyond its end: what is there, then, whenever the bell rings, what came. Catching up
 * and living are one mechanism, so there is no hand-over to lose or double an event.
 */

import { LimitExceededError } from "../errors.ts";
import { CursorExpiredError } from "../errors/store.ts";
import type { Recorded } from "../event/event.ts";
import type { Engine, Follower } from "./engine.ts";

/** How far one reads ahead: twice as far each time, up to this. */
const MOST_AHEAD = 256;

/** What to follow, checked. */
export interface FollowPlan {
  readonly after: number | undefined;
  readonly streams: ReadonlySet<string> | undefined;
  readonly maxLag: number;
  readonly onLag: "wait" | "error" | "skip";
  readonly signal: AbortSignal | undefined;
}

/** What a follower should know beside the events. */
export type Marker =
  | { readonly is: "gap"; readonly from: number; readonly to: number }
  | { readonly is: "caught-up"; readonly position: number };

/** What one step of following finds. */
export type Found = readonly Recorded[] | Marker;

/** In what form a follower hands out what it finds. */
export interface Form<Item> {
  /** Whether a gap is shown; else it is an error, unless it was skipped on purpose. */
  readonly markers: boolean;
  /** Whether events come one by one, or by the page. */
  readonly single: boolean;
  /** The item for an event, a page or a marker. */
  readonly item: (found: Recorded | Found) => Item;
}

/**
 * Whoever follows. A page is found by a generator, in several turns; what is in it is handed out by
 * hand, each in one: a generator per event would cost as much again as the event.
 */
export class Following<Item, Tx> implements AsyncGenerator<Item, void, void>, Follower {
  position = 0;
  maxLag: number = Infinity;
  holds = false;
  readonly #engine: Engine<Tx>;
  readonly #form: Form<Item>;
  readonly #found: AsyncGenerator<Found, void, void>;
  #signal: AbortSignal | undefined;
  #page: readonly Recorded[] = [];
  #at = 0;
  #left = false;
  /** The last call that waits; calls are answered in order. */
  #waiting: Promise<IteratorResult<Item, void>> | undefined;

  constructor(engine: Engine<Tx>, form: Form<Item>, makePlan: () => FollowPlan) {
    this.#engine = engine;
    this.#form = form;
    this.#found = this.#find(makePlan);
  }

  next(): Promise<IteratorResult<Item, void>> {
    if (this.#waiting === undefined && this.#at < this.#page.length && !this.#ended()) {
      return Promise.resolve({ done: false, value: this.#take() });
    }
    const step = (): Promise<IteratorResult<Item, void>> => this.#step();
    const waiting = this.#waiting === undefined ? step() : this.#waiting.then(step, step);
    this.#waiting = waiting;
    const free = (): void => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    };
    waiting.then(free, free);
    return waiting;
  }

  async return(): Promise<IteratorResult<Item, void>> {
    // A generator that waits hears of being left only at its next step, so it is woken.
    this.#left = true;
    this.#engine.bell.ring();
    await this.#found.return();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<Item, void>> {
    this.#left = true;
    this.#engine.bell.ring();
    await this.#found.throw(error);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Whether nothing more is handed out; the generator then says how it ends. */
  #ended(): boolean {
    return this.#left || this.#engine.closed || this.#signal?.aborted === true;
  }

  #take(): Item {
    const event = this.#page[this.#at++]!;
    // Whatever was handed out before has been seen.
    this.position = event.position - 1;
    return this.#form.item(event);
  }

  async #step(): Promise<IteratorResult<Item, void>> {
    if (this.#at < this.#page.length && !this.#ended()) return { done: false, value: this.#take() };
    this.#page = [];
    this.#at = 0;
    const found = await this.#found.next();
    if (found.done) return found;
    const { value } = found;
    if (!this.#form.single || "is" in value) return { done: false, value: this.#form.item(value) };
    this.#page = value;
    return { done: false, value: this.#take() };
  }

  async *#find(makePlan: () => FollowPlan): AsyncGenerator<Found, void, void> {
    const engine = this.#engine;
    const { after: start, streams, maxLag, onLag, signal } = makePlan();
    const { markers } = this.#form;
    this.#signal = signal;
    this.position = start ?? 0;
    this.maxLag = maxLag;
    this.holds = onLag === "wait";
    // Being woken for nothing is harmless, so an abort may ring for all.
    const aborting = signal && engine.env.onAbort(signal, () => engine.bell.ring());
    if (aborting !== undefined) engine.held.add(aborting);
    engine.followers.add(this);
    // Who begins at the start begins at what is there.
    let mayMiss = this.position === 0;
    let caughtUp = false;
    let ahead = 1;
    try {
      const opened = engine.open();
      if (opened instanceof Promise) await opened;
      for (;;) {
        signal?.throwIfAborted();
        if (this.#ended()) return;
        const after = this.position;
        // Asked for before the log is read, so that no ring is missed in between.
        const growth = engine.growth();
        const answer = engine.shared.read({ after, limit: ahead, streams });
        const page = answer instanceof Promise ? await answer : answer;
        if (page.head - after > maxLag && onLag !== "wait") {
          if (onLag === "error") {
            const behind = `Cannot go on as it is ${page.head - after} events behind`;
            throw new LimitExceededError("maxLag", maxLag, behind);
          }
          const to = page.head - maxLag;
          engine.skipped += to - after;
          this.position = to;
          mayMiss = true;
          if (markers) yield { is: "gap", from: after + 1, to };
          continue;
        }
        if (page.oldest > after + 1 && !mayMiss) {
          if (!markers) throw new CursorExpiredError(after, page.oldest);
          yield { is: "gap", from: after + 1, to: page.oldest - 1 };
        }
        mayMiss = false;
        if (page.records.length > 0) {
          signal?.throwIfAborted();
          if (this.#ended()) return;
          yield page.records;
        }
        this.position = Math.max(after, page.next);
        ahead = Math.min(ahead * 2, MOST_AHEAD);
        if (page.more || page.records.length > 0) continue;
        if (markers && !caughtUp) {
          caughtUp = true;
          yield { is: "caught-up", position: this.position };
        }
        signal?.throwIfAborted();
        if (this.#ended()) return;
        await growth;
      }
    } finally {
      if (aborting !== undefined) engine.held.delete(aborting);
      aborting?.[Symbol.dispose]();
      engine.leave(this);
    }
  }
}
