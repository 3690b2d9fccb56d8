/**
 * What a full buffer says to a producer.
 */

/**
 * - `"wait"`: the producer waits for room, for at most `waitMs`, then gets a `BufferFullError`;
 * - `"reject"`: it gets a `BufferFullError` at once;
 * - `"drop-newest"`: the new event is dropped and counted;
 * - `"drop-oldest"`: the oldest waiting event is dropped and counted, the new one enters.
 */
export type Overflow = "wait" | "reject" | "drop-newest" | "drop-oldest";

/** How long a producer waits for room unless told otherwise, in milliseconds. */
export const DEFAULT_WAIT_MS = 30_000;

/** All policies. */
export const OVERFLOWS: readonly Overflow[] = ["wait", "reject", "drop-newest", "drop-oldest"];
