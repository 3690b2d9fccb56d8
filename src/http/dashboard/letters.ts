/**
 * Dead letters by their cause: who looks at a thousand of them needs the three reasons.
 */

import type { DeadLetter } from "../../bus/api.ts";

/** A bus that tells its dead letters, and delivers them again. */
export interface LetterBox {
  /** The newest letters of a topic that are kept. */
  deadLetters(topic: string, options: { readonly limit: number }): readonly DeadLetter[];
  /** Delivers letters again. */
  redrive(
    topic: string,
    options: { readonly subscription: string; readonly filter: (letter: DeadLetter) => boolean },
  ): { readonly redriven: number; readonly left: number };
}

/** Letters of one subscription that failed in the same way. */
export interface LetterGroup {
  readonly bus: string;
  readonly topic: string;
  readonly subscription: string;
  /** The class of the error, or its code. */
  readonly error: string;
  /** What it said, shortened. */
  readonly message: string;
  /** How many letters. */
  readonly count: number;
  /** The most attempts that were made. */
  readonly attempts: number;
  /** How many of them came back after a redrive. */
  readonly returned: number;
  /** When the last one gave up, in epoch milliseconds. */
  readonly last: number;
}

const LONGEST_MESSAGE = 200;

/** The letters of a topic by subscription and cause, the largest group first. */
export function groupLetters(
  bus: string,
  topic: string,
  letters: readonly DeadLetter[],
): LetterGroup[] {
  const groups = new Map<string, { -readonly [Key in keyof LetterGroup]: LetterGroup[Key] }>();
  for (const letter of letters) {
    const { subscription, error, attempts, redrives, at } = letter;
    const cause = { subscription, error: nameOf(error), message: shortened(error.message) };
    const key = JSON.stringify(cause);
    let group = groups.get(key);
    if (group === undefined) {
      group = { bus, topic, ...cause, count: 0, attempts: 0, returned: 0, last: 0 };
      groups.set(key, group);
    }
    group.count += 1;
    group.attempts = Math.max(group.attempts, attempts);
    if (redrives > 0) group.returned += 1;
    group.last = Math.max(group.last, at);
  }
  return [...groups.values()].toSorted((a, b) => b.count - a.count);
}

/** Whether a letter belongs to a group. */
export function isOf(
  group: Pick<LetterGroup, "subscription" | "error" | "message">,
): (letter: DeadLetter) => boolean {
  const { subscription, error, message } = group;
  return (letter) =>
    letter.subscription === subscription && nameOf(letter.error) === error &&
    shortened(letter.error.message) === message;
}

function nameOf({ code, name }: DeadLetter["error"]): string {
  return code === undefined ? name : `${name} (${code})`;
}

function shortened(message: string): string {
  return message.length > LONGEST_MESSAGE
    ? `${message.slice(0, LONGEST_MESSAGE).toWellFormed()}…`
    : message;
}
