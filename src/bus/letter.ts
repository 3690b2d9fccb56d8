/**
 * What a dead letter says.
 */

import { NovaError } from "../errors.ts";
import type { DeadLetter, DeadLetterError } from "./api.ts";
import type { Failure } from "./job.ts";

/** The data of the letter of an event that failed for good. */
export function letterOf(failure: Failure, at: number): DeadLetter {
  return { ...failure, error: describeError(failure.error), at };
}

/** What was thrown, in a form that survives a wire. */
function describeError(error: unknown): DeadLetterError {
  try {
    const code = error instanceof NovaError ? error.code : undefined;
    if (error instanceof Error) {
      return { code, name: String(error.name), message: String(error.message) };
    }
    return { code, name: typeof error, message: String(error) };
  } catch {
    return { code: undefined, name: typeof error, message: "something that cannot be shown" };
  }
}
