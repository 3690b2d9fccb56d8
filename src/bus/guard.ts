/**
 * What decides whether an event entered before. The token is what the event is recognised by: an id
 * or a number.
 */

import type { NovaEvent } from "../event/event.ts";
import type { Seen } from "../queue/seen_window.ts";
import type { Receipt } from "./api.ts";

/** What an event is recognised by. A producer numbers an event itself that has no number. */
export type Token = string | number | undefined;

/** Recognises what comes again. */
export interface Guard {
  /** The receipt of what entered under this token, if it did. Throws when it was something else. */
  find(token: Token, event: NovaEvent, partition: number): Receipt | undefined;
  /** Whether an event may enter now; false when it could not be remembered. Throws if it must not. */
  admits(token: Token, partition: number): boolean;
  /** The event was accepted. */
  remember(token: Token, event: NovaEvent, seen: Seen): void;
  /** One that was accepted earlier has entered now. */
  update(token: Token, seen: Seen): void;
}
