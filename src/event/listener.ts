/**
 * What emitter, bus and store share about listeners, so that none of them needs the others.
 */

import type { Emitted } from "./event.ts";

/** Handles an event. Returning acknowledges it; throwing or rejecting says it was not handled. */
export type Listener<Event extends Emitted = Emitted> = (
  event: Event,
  context: ListenerContext,
) => void | Promise<void>;

/** What a listener may know beside its event. One frozen object serves all first attempts. */
export interface ListenerContext {
  /** Aborts when nobody waits for this listener any more: its part gave up on closing. */
  readonly signal: AbortSignal;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** The subscription this listener was called for. */
  readonly subscription: Subscription;
}

/** The handle of one listener. */
export interface Subscription extends Disposable {
  /** The label of its errors and figures. */
  readonly id: string;
  /** Whether the listener still receives events. */
  readonly active: boolean;
  /** Ends it; nothing is delivered afterwards. Calling it again does nothing. */
  unsubscribe(): void;
}
