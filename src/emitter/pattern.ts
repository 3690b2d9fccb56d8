/**
 * Patterns over event types: `*` stands for one token, `**` for one or more at the end. Tokens are
 * what dots separate.
 */

import type { EmittedOf, EventMap, TypeOf } from "../event/event.ts";

/** Any string that holds a wildcard. */
export type Pattern = `${string}*${string}`;

/** Whether an event type matches a pattern, in types. */
export type Matches<Type extends string, Wanted extends string> = Wanted extends "**" ? true
  : Wanted extends `${infer First}.${infer Rest}`
    ? Type extends `${infer Token}.${infer Tail}`
      ? First extends "*" | Token ? Matches<Tail, Rest> : false
    : false
  : Type extends `${string}.${string}` ? false
  : Wanted extends "*" | Type ? true
  : false;

/** The types of a map that match a pattern; all of them when the map names none. */
export type MatchingTypes<Events extends EventMap, Wanted extends string> = string extends
  TypeOf<Events> ? TypeOf<Events>
  : { [Type in TypeOf<Events>]: Matches<Type, Wanted> extends true ? Type : never }[
    TypeOf<Events>
  ];

/** The union of the events that match a pattern. */
export type Matching<Events extends EventMap, Wanted extends string> = EmittedOf<
  Events,
  MatchingTypes<Events, Wanted>
>;

/** Whether a name of `on` is a pattern: types never hold a `*`. */
export function isPattern(name: unknown): name is Pattern {
  return typeof name === "string" && name.includes("*");
}
