/**
 * What a topic may be called: tokens of letters, digits, `_` and `-`, joined by dots.
 */

import { show } from "../internal/check.ts";

const NAME = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const MAX_LENGTH = 128;

/** The last token of every dead-letter topic. */
export const DEAD_LETTERS = "dlq";

/** Whether a name belongs to a dead-letter topic. */
export function isDeadLetterName(name: string): boolean {
  return name === DEAD_LETTERS || name.endsWith(`.${DEAD_LETTERS}`);
}

/** The name of the dead letters of a topic. */
export function lettersOf(topic: string): string {
  return `${topic}.${DEAD_LETTERS}`;
}

/** The topic whose dead letters have this name, if it is such a name. */
export function ownerOf(name: string): string | undefined {
  const end = `.${DEAD_LETTERS}`;
  const owner = name.endsWith(end) ? name.slice(0, -end.length) : "";
  return owner === "" || isDeadLetterName(owner) ? undefined : owner;
}

/** Refuses a name that belongs to dead letters. */
export function refuseLetters(verb: string, name: string): void {
  if (!isDeadLetterName(name)) return;
  throw new RangeError(
    `Cannot ${verb} topic ${
      show(name)
    }: names that end in "${DEAD_LETTERS}" belong to dead letters`,
  );
}

/** Refuses what cannot name a topic. */
export function checkTopicName(name: unknown): asserts name is string {
  if (typeof name !== "string") {
    throw new TypeError(`Cannot use ${show(name)} as a topic name: it must be a string`);
  }
  // The longest name still has a dead-letter topic.
  const most = isDeadLetterName(name) ? MAX_LENGTH + 1 + DEAD_LETTERS.length : MAX_LENGTH;
  if (name.length > most || !NAME.test(name)) {
    throw new SyntaxError(
      `Cannot use ${
        show(name)
      } as a topic name: it must be tokens of [A-Za-z0-9_-] joined by dots, ` +
        `at most ${MAX_LENGTH} characters`,
    );
  }
}
