/**
 * What type, id and timestamp of an event must be.
 */

import { ValidationError } from "../errors.ts";
import { show } from "../internal/check.ts";

/** The longest type or id, in UTF-8 bytes. */
export const MAX_NAME_BYTES = 256;

/** A UTF-16 unit takes at most three bytes, so shorter strings need not be measured. */
const SURELY_SHORT = Math.floor(MAX_NAME_BYTES / 3);

/** Most programs emit the same few types, as the same string objects, again and again. */
let lastType = "";

/** Refuses a type that is not a well-formed string of 1–256 UTF-8 bytes, or that is a pattern. */
export function checkType(type: unknown): asserts type is string {
  if (type === lastType && lastType !== "") return;
  checkName("type", type);
  if (type.includes("*")) {
    refuse("type", type, "must name one type: only subscriptions take patterns");
  }
  lastType = type;
}

/** Refuses an id that is not a well-formed string of 1–256 UTF-8 bytes. */
export function checkId(id: unknown): asserts id is string {
  checkName("id", id);
}

/** Refuses a time that is no finite number within the range of a `Date`. */
export function checkTimestamp(timestamp: unknown): asserts timestamp is number {
  if (typeof timestamp === "number" && Math.abs(timestamp) <= 8.64e15) return;
  throw new ValidationError(
    "timestamp",
    timestamp,
    `Cannot use ${show(timestamp)} as the timestamp of an event: it must be epoch milliseconds`,
  );
}

/** Refuses what is not a well-formed string of 1–256 UTF-8 bytes. */
export function checkName(field: string, value: unknown): asserts value is string {
  if (typeof value !== "string") {
    refuse(field, value, "must be a string");
  } else if (value === "") {
    refuse(field, value, "must not be empty");
  } else if (!value.isWellFormed()) {
    refuse(field, value, "has a lone surrogate");
  } else if (value.length > SURELY_SHORT && byteLength(value) > MAX_NAME_BYTES) {
    refuse(field, value, `must be at most ${MAX_NAME_BYTES} bytes of UTF-8`);
  }
}

function refuse(field: string, value: unknown, why: string): never {
  throw new ValidationError(
    field,
    value,
    `Cannot use ${show(value)} as the ${field} of an event: it ${why}`,
  );
}

/** The length of a well-formed string in UTF-8. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
