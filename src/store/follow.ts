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
  /** Whether a gap is shown; else it is an error, unless it was skipped on purpose. */
  readonly markers: boolean;
  readonly signal: AbortSignal | undefined;
  readonly left: () => boolean;
}

/** An event, or what a follower should know. */
export type Followed =
  | { readonly is: "event"; readonly event: Recorded }
  | { readonly is: "gap"; readonly from: number; readonly to: number }
  | { readonly is: "caught-up"; readonly position: number };

/** Events after a position, those that are there and those that come: bare, or as items with markers. */
export async function* follow<Tx>(
  engine: Engine<Tx>,
  makePlan: () => FollowPlan,
): AsyncGenerator<Followed | Recorded, void, void> {
  // One generator and no other around it: each would cost several turns for every event.
  const plan = makePlan();
  const { streams, maxLag, onLag, markers, signal, left } = plan;
  const follower: Follower = { position: plan.after ?? 0, maxLag, holds: onLag === "wait" };
  const ended = (): boolean => left() || engine.closed;
  // Being woken for nothing is harmless, so an abort may ring for all.
  const aborting = signal && engine.env.onAbort(signal, () => engine.bell.ring());
  if (aborting !== undefined) engine.held.add(aborting);
  engine.followers.add(follower);
  // Who begins at the start begins at what is there.
  let mayMiss = plan.after === undefined || plan.after === 0;
  let caughtUp = false;
  let ahead = 1;
  try {
    const opened = engine.open();
    if (opened instanceof Promise) await opened;
    for (;;) {
      signal?.throwIfAborted();
      if (ended()) return;
      const after = follower.position;
      // Asked for before the log is read, so that no ring is missed in between.
      const growth = engine.growth();
      const answer = engine.read({ after, limit: ahead, streams });
      const page = answer instanceof Promise ? await answer : answer;
      if (page.head - after > maxLag && onLag !== "wait") {
        if (onLag === "error") {
          const behind = `Cannot go on as it is ${page.head - after} events behind`;
          throw new LimitExceededError("maxLag", maxLag, behind);
        }
        const to = page.head - maxLag;
        engine.skipped += to - after;
        follower.position = to;
        mayMiss = true;
        if (markers) yield { is: "gap", from: after + 1, to };
        continue;
      }
      if (page.oldest > after + 1) {
        const from = after + 1;
        if (markers && !mayMiss) yield { is: "gap", from, to: page.oldest - 1 };
        else if (!mayMiss) throw new CursorExpiredError(after, page.oldest);
      }
      mayMiss = false;
      for (const event of page.records) {
        signal?.throwIfAborted();
        if (ended()) return;
        yield markers ? { is: "event", event } : event;
        follower.position = event.position;
      }
      follower.position = Math.max(follower.position, page.next);
      ahead = Math.min(ahead * 2, MOST_AHEAD);
      if (page.more || page.records.length > 0) continue;
      if (markers && !caughtUp) {
        caughtUp = true;
        yield { is: "caught-up", position: follower.position };
      }
      signal?.throwIfAborted();
      if (ended()) return;
      await growth;
    }
  } finally {
    if (aborting !== undefined) engine.held.delete(aborting);
    aborting?.[Symbol.dispose]();
    engine.leave(follower);
  }
}
