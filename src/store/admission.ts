/**
 * The door of a store: events are checked and stamped, and it is known whose ids they have.
 */

import type { NovaEvent } from "../event/event.ts";
import { admitEvent } from "../event/make.ts";
import { integerOption, show, wordOption } from "../internal/check.ts";
import type { Env } from "../internal/env.ts";
import type { Expect } from "./api.ts";
import type { Append } from "./driver.ts";

/** Gives ids and times to events that have none, and knows to which it gave an id. */
export class Door {
  readonly #env: Env;
  #minted = false;
  /** Which ids of the events that were admitted last are the caller's. */
  ids: Append["ids"] = "all";

  constructor(env: Env) {
    this.#env = env;
  }

  id(): string {
    this.#minted = true;
    return this.#env.id();
  }

  coarse(): number {
    return this.#env.coarse();
  }

  /** The events as they enter; {@linkcode ids} is told beside them. */
  admit(events: readonly unknown[]): NovaEvent[] {
    if (!Array.isArray(events)) {
      throw new TypeError(`Cannot append ${show(events)}: events must be an array`);
    }
    const { length } = events;
    const admitted = new Array<NovaEvent>(length);
    let ids: "all" | "none" | boolean[] = "all";
    // By index, so that a hole is no event either.
    for (let i = 0; i < length; i++) {
      this.#minted = false;
      admitted[i] = admitEvent(events[i], this);
      const own = this.#minted ? "none" : "all";
      if (i === 0) ids = own;
      else if (ids !== own) {
        if (typeof ids === "string") ids = new Array<boolean>(i).fill(ids === "all");
        ids.push(own === "all");
      }
    }
    this.ids = ids;
    return admitted;
  }
}

/** What an append expects, checked. */
export function checkExpect(expect: Expect | undefined): Expect {
  if (expect === undefined || expect === "any") return "any";
  return typeof expect === "number"
    ? integerOption("expect", expect, 0, 0)
    : wordOption<"any" | "absent" | "present">(
      "expect",
      expect,
      ["any", "absent", "present"],
      "any",
    );
}
