/**
 * Giving dead letters back to the subscription that gave them up.
 */

import { integerOption, requireFunction, requireOptions } from "../internal/check.ts";
import type { NovaEvent } from "../event/event.ts";
import type { DeadLetter, RedriveOptions, RedriveResult } from "./api.ts";
import type { Subscriber } from "./subscription.ts";

/** Where letters are kept: a partition in memory, or one that is kept in a store. */
export interface LetterBox {
  /** The places of the letters, oldest first. */
  kept(): Iterable<number>;
  /** The letter at a place. */
  at(place: number): NovaEvent | undefined;
  /** Takes a letter out. */
  takeOut(place: number): void;
}

/** Options of `Bus.redrive`. */
export interface RedriveTopicOptions extends RedriveOptions {
  /**
   * Only letters of this subscription.
   *
   * @default {all}
   */
  readonly subscription?: string;
}

/**
 * Hands letters of a subscription back to it, past publishing: nobody else sees the event again. A
 * letter is taken out only when its event is in.
 */
export function redrive(
  letters: LetterBox | undefined,
  subscriber: Subscriber,
  options: RedriveOptions,
): RedriveResult {
  requireOptions("a redrive", options);
  const { filter, dryRun = false } = options;
  const limit = integerOption("limit", options.limit, Number.MAX_SAFE_INTEGER, 0);
  if (filter !== undefined) requireFunction("filter", filter);
  let left = 0;
  const wanted: number[] = [];
  for (const place of letters === undefined ? [] : [...letters.kept()]) {
    const letter = letters!.at(place)?.data as DeadLetter | undefined;
    if (letter?.subscription !== subscriber.id) continue;
    if (wanted.length < limit && (filter === undefined || filter(letter))) wanted.push(place);
    else left += 1;
  }
  if (dryRun) return { redriven: wanted.length, left };
  const redriven: NovaEvent[] = [];
  for (const place of wanted) {
    // A filter may have redriven it itself.
    const letter = letters!.at(place)?.data as DeadLetter | undefined;
    if (letter === undefined) continue;
    if (subscriber.deliverAgain(letter.event, letter.redrives + 1)) {
      redriven.push(letter.event);
      letters!.takeOut(place);
    } else left += 1;
  }
  // What waits behind a parked key comes after all that failed before it.
  for (const event of redriven) subscriber.goOnBehind(event);
  return { redriven: redriven.length, left };
}

/** The newest letters that are kept, oldest first. */
export function lettersIn(
  letters: LetterBox | undefined,
  options: { readonly limit?: number },
): DeadLetter[] {
  requireOptions("reading dead letters", options);
  const limit = integerOption("limit", options.limit, Number.MAX_SAFE_INTEGER);
  if (letters === undefined) return [];
  return [...letters.kept()].slice(-limit).map((place) => letters.at(place)!.data as DeadLetter);
}

/** Redrives the letters of several subscriptions, within one limit. */
export function redriveAll(
  subscribers: Iterable<Subscriber>,
  options: RedriveTopicOptions,
): RedriveResult {
  requireOptions("a redrive", options);
  const { subscription } = options;
  const limit = integerOption("limit", options.limit, Number.MAX_SAFE_INTEGER, 0);
  let redriven = 0;
  let left = 0;
  for (const subscriber of subscribers) {
    if (subscription !== undefined && subscriber.id !== subscription) continue;
    const result = subscriber.redrive({ ...options, limit: limit - redriven });
    redriven += result.redriven;
    left += result.left;
  }
  return { redriven, left };
}
