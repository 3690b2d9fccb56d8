/**
 * Who listens to what. Dispatch reads these structures on every emit, so they are flat: an event
 * type has a channel, a channel has an array of cells, a cell has the function to call.
 */

import type { Emitted } from "../event/event.ts";
import type { Listener, ListenerContext, Subscription } from "../event/listener.ts";

/** The owner of a cell, as far as a cell needs it. */
export interface CellOwner {
  /** Aborts when the owner gave up waiting for its listeners. */
  stopSignal(): AbortSignal;
  /** Takes the cell out. */
  remove(cell: Cell): void;
}

/** One listener of one type: what a subscription holds, and what dispatch calls. */
export class Cell implements Subscription {
  readonly id: string;
  readonly channel: Channel;
  /** What dispatch calls; after the end it counts a miss. */
  fn: Listener;
  readonly context: ListenerContext;
  /** Failed runs. */
  failures = 0;
  /** Times an emit under way came by after the end; they are no runs. */
  missed = 0;
  readonly #owner: CellOwner;
  /** The hits of the channel when this cell came and when it went. */
  readonly #from: number;
  #until: number | undefined;
  readonly #ends: Disposable[] = [];

  constructor(owner: CellOwner, channel: Channel, id: string, listener: Listener, once: boolean) {
    this.#owner = owner;
    this.channel = channel;
    this.id = id;
    this.#from = channel.hits;
    this.context = Object.freeze(new FirstAttempt(this, owner));
    this.fn = once
      ? (event, context) => {
        this.unsubscribe();
        return listener(event, context);
      }
      : listener;
  }

  get active(): boolean {
    return this.#until === undefined;
  }

  /** How often the listener was called. The channel counts once for all of its cells. */
  get runs(): number {
    return (this.#until ?? this.channel.hits) - this.#from - this.missed;
  }

  /** Disposes something together with the subscription. */
  endsWith(disposable: Disposable): void {
    if (this.active) this.#ends.push(disposable);
    else disposable[Symbol.dispose]();
  }

  unsubscribe(): void {
    if (!this.active) return;
    this.#until = this.channel.hits;
    this.fn = countMissed;
    this.#owner.remove(this);
    for (const disposable of this.#ends.splice(0)) disposable[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }
}

/** Stands in for a listener that unsubscribed while an emit was under way. */
function countMissed(_event: Emitted, context: ListenerContext): void {
  (context.subscription as Cell).missed += 1;
}

/** The context that a listener gets on an emitter; one per subscription, made once. */
class FirstAttempt implements ListenerContext {
  readonly attempt = 1;
  readonly subscription: Subscription;
  readonly #owner: CellOwner;

  constructor(subscription: Subscription, owner: CellOwner) {
    this.subscription = subscription;
    this.#owner = owner;
  }

  get signal(): AbortSignal {
    return this.#owner.stopSignal();
  }
}

/** The listeners of one event type. */
export class Channel {
  readonly type: string;
  /** Appended to in place, replaced when a cell goes: an emit under way keeps the array it began with. */
  cells: Cell[] = [];
  /** Events that found listeners here. */
  hits = 0;

  constructor(type: string) {
    this.type = type;
  }

  /** Takes one out. */
  remove(cell: Cell): void {
    this.cells = this.cells.filter((other) => other !== cell);
  }

  /** Takes all out, and answers them. */
  clear(): readonly Cell[] {
    const { cells } = this;
    this.cells = [];
    return cells;
  }
}
