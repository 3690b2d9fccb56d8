/**
 * How far listeners are kept from each other's hands.
 */

import { ValidationError } from "../errors.ts";
import { brand } from "./brand.ts";
import type { Emitted } from "./event.ts";
import type { Listener } from "./listener.ts";

/**
 * - `"shared"`: all listeners get the same event; types alone keep them from changing it;
 * - `"freeze"`: the event and the plain objects and arrays of its data are frozen, in place;
 * - `"clone"`: each listener gets a structured clone of its own.
 */
export type Isolation = "shared" | "freeze" | "clone";

/** All kinds of isolation. */
export const ISOLATIONS: readonly Isolation[] = ["shared", "freeze", "clone"];

/** Makes an event ready for its isolation, once, when it is admitted. */
export function isolate(event: Emitted, isolation: Isolation): Emitted {
  if (isolation === "freeze") {
    try {
      freezeDeep(event.data);
    } catch (cause) {
      throw new ValidationError("data", event.data, `Cannot freeze the data of "${event.type}"`, {
        cause,
      });
    }
    return Object.freeze(event);
  }
  // The copy is taken now, so that data which cannot be cloned is refused here and not in a listener,
  // and what the caller changes afterwards is not seen by anybody.
  return isolation === "clone" ? clone(event) : event;
}

/** A listener that gets a clone of its own. */
export function withClones(listener: Listener): Listener {
  return (event, context) => listener(clone(event), context);
}

function clone<Event extends Emitted>(event: Event): Event {
  let data: unknown;
  try {
    data = structuredClone(event.data);
  } catch (cause) {
    throw new ValidationError("data", event.data, `Cannot clone the data of "${event.type}"`, {
      cause,
    });
  }
  const copy = { ...event, data };
  brand(copy);
  return copy;
}

/** Freezes plain objects and arrays all the way down; other objects guard themselves. */
function freezeDeep(data: unknown): void {
  const seen = new Set<unknown>();
  // A list of its own, as data may be deeper than the stack of calls.
  const open = [data];
  while (open.length > 0) {
    const value = open.pop();
    // What is frozen already may hold what is not.
    if (!isPlain(value) || seen.has(value)) continue;
    seen.add(Object.freeze(value));
    for (const part of Object.values(value)) open.push(part);
  }
}

/** Whether a value is an array, or an object without a class, here or in another realm. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
