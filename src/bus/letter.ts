/**
 * What a dead letter says.
 */

import type { DeadLetter } from "./api.ts";
import { describeError } from "./describe_error.ts";
import type { Failure } from "./job.ts";

/** The data of the letter of an event that failed for good. */
export function letterOf(failure: Failure, at: number): DeadLetter {
  return { ...failure, error: describeError(failure.error), at };
}
