/**
 * What leaves the process is no number: a cursor is a string that names its log.
 */

import { ValidationError } from "../errors.ts";
import { show } from "../internal/check.ts";
import { hashString } from "../internal/hash.ts";

/** A position as a string that names its log and shows damage. */
export function writeCursor(log: string, position: number): string {
  const body = `n1.${log}.${position.toString(36)}`;
  return `${body}.${hashString(body).toString(36)}`;
}

/** What a cursor says. Throws `ValidationError` for what is none. */
export function readCursor(cursor: unknown): { readonly log: string; readonly position: number } {
  const parts = typeof cursor === "string" && cursor.length < 1000
    ? /^(n1\.(.+)\.([0-9a-z]{1,11}))\.([0-9a-z]+)$/.exec(cursor)
    : null;
  const position = parseInt(parts?.[3] ?? "", 36);
  if (
    parts === null || !Number.isSafeInteger(position) ||
    hashString(parts[1]!).toString(36) !== parts[4]
  ) {
    const message = `Cannot use ${show(cursor)} as a cursor: it is none, or was damaged`;
    throw new ValidationError("cursor", cursor, message);
  }
  return { log: parts[2]!, position };
}
