/**
 * What a handler wants to happen with its acknowledgement, and making it happen at once or not at all.
 */

import { TerminalError } from "../errors.ts";
import type { Draft, NovaEvent } from "../event/event.ts";
import { requireFunction } from "../internal/check.ts";
import { adopt, isThenable } from "../internal/thenable.ts";
import type { Effect } from "./context_api.ts";
import type { TopicLog } from "./durable/topic_log.ts";

/** An event that is checked and placed, and not in yet. */
export interface Outgoing {
  readonly event: NovaEvent;
  readonly hash: number;
  /** What it is recognised by, if it is. */
  readonly token: string | undefined;
}

/** The topic that a handler publishes to. */
export interface Destination {
  /** Where it is written down, if it is in a store. */
  readonly log?: TopicLog;
  /** Checks and places an event; `id` is for one that has none. */
  stage(event: Draft, id: string | undefined): Outgoing;
  /** Refuses what could not enter now, together with `others` of the same unit. */
  check(outgoing: Outgoing, others: number): void;
  /** Lets it in, past `bufferSize`. */
  enterStaged(outgoing: Outgoing): void;
}

/** Where what handlers stage goes. */
export interface Outlets {
  /** The topic of a name or handle. */
  destination(topic: unknown): Destination;
  /** Answers who waits for an event of a topic. */
  answer(topic: string, event: NovaEvent, data: unknown): void;
}

/** The unit of one attempt. */
export class Staged {
  readonly #effects: Effect[] = [];
  #reply: (() => void) | undefined;
  readonly #outgoing: { readonly to: Destination; readonly outgoing: Outgoing }[] = [];

  /** Adds a write. */
  effect(effect: Effect): void {
    requireFunction("an effect", effect);
    this.#effects.push(effect);
  }

  /** Adds an event. */
  publish(to: Destination, event: Draft, id: string | undefined): void {
    this.#outgoing.push({ to, outgoing: to.stage(event, id) });
  }

  /** What was added, for one who makes it happen in a store. */
  get effects(): readonly Effect[] {
    return this.#effects;
  }

  get outgoing(): readonly { readonly to: Destination; readonly outgoing: Outgoing }[] {
    return this.#outgoing;
  }

  /** Asks what could refuse an event. */
  check(): void {
    for (const { to, outgoing } of this.#outgoing) to.check(outgoing, this.#outgoing.length - 1);
  }

  /** What answers the request; of several, the last one. */
  reply(reply: () => void): void {
    this.#reply = reply;
  }

  /** How many events there are. */
  get size(): number {
    return this.#outgoing.length;
  }

  /**
   * Makes all of it happen. What could refuse an event is asked first, so that behind the effects nothing
   * should fail any more. What fails all the same cannot be undone: its event is not tried again.
   */
  commit(): void {
    this.check();
    let done = 0;
    try {
      for (; done < this.#effects.length; done++) run(this.#effects[done]!);
      for (const { to, outgoing } of this.#outgoing) {
        to.enterStaged(outgoing);
        done += 1;
      }
    } catch (cause) {
      if (done === 0) throw cause;
      const all = this.#effects.length + this.#outgoing.length;
      const message = `Cannot undo ${done} of ${all} effects and events, as the next one failed`;
      throw new TerminalError(message, { cause });
    }
    this.answer();
  }

  /** Answers who asked, as all of it has happened. */
  answer(): void {
    this.#reply?.();
  }
}

/** Runs an effect of a bus without a store. */
function run(effect: Effect): void {
  const result: unknown = effect(undefined as never);
  if (!isThenable(result)) return;
  // Whatever becomes of it, nobody waits for it.
  adopt(result).catch(() => {});
  throw new TerminalError("Cannot wait for an effect: without a store it must be synchronous");
}
