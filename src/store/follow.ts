/**
 * Reading a log beyond its end.
 */

import type { Recorded } from "../event/event.ts";
import type { Env } from "../internal/env.ts";
import type { Log } from "./log.ts";

/** Wakes those who wait for the log to grow. A ring is a hint: the log itself is the truth. */
export class Bell {
  #wake: (() => void) | undefined;
  #rung: Promise<void> | undefined;

  /** Resolves at the next ring. */
  next(): Promise<void> {
    return this.#rung ??= new Promise((resolve) => (this.#wake = resolve));
  }

  /** Wakes everyone who waits; costs nothing when nobody does. */
  ring(): void {
    if (this.#wake === undefined) return;
    this.#wake();
    this.#wake = this.#rung = undefined;
  }
}

/** What to follow, checked. */
export interface FollowPlan {
  readonly env: Env;
  readonly after: number;
  readonly streams: ReadonlySet<string> | undefined;
  readonly signal: AbortSignal | undefined;
  /** What the store frees when it closes, as a follower that is not asked again never ends. */
  readonly held: Set<Disposable>;
  readonly ended: () => boolean;
}

/** Events after a position: those that are there, then, whenever the bell rings, those that came. */
export async function* follow(
  log: Log,
  bell: Bell,
  { env, after, streams, signal, held, ended }: FollowPlan,
): AsyncGenerator<Recorded, void, void> {
  // Being woken for nothing is harmless, so an abort may ring for all.
  const aborting = signal && env.onAbort(signal, () => bell.ring());
  if (aborting !== undefined) held.add(aborting);
  try {
    for (let position = after;;) {
      signal?.throwIfAborted();
      if (ended()) return;
      if (position >= log.head) {
        await bell.next();
        continue;
      }
      position += 1;
      const record = log.at(position);
      if (streams === undefined || streams.has(record.stream)) yield record;
    }
  } finally {
    if (aborting !== undefined) held.delete(aborting);
    aborting?.[Symbol.dispose]();
  }
}
