/**
 * How a listener says, past what it throws, that a failure was no attempt: whoever delivered the event
 * is to come back later. It goes from context to context, so that nothing in between has to know.
 */

/** A context whose owner can deliver an event later. */
export interface Pausable {
  /** The event fails with `error` now, and may be delivered again after so many milliseconds. */
  postpone(error: unknown, afterMs: number): void;
}

/** Tells the owner of a context, if it cares. */
export function postpone(context: object, error: unknown, afterMs: number): void {
  const { postpone } = context as Partial<Pausable>;
  if (typeof postpone === "function") postpone.call(context, error, afterMs);
}
