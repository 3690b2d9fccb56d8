/**
 * Errors in a form that survives a wire.
 */

import { NovaError } from "../errors.ts";
import type { DeadLetterError } from "./api.ts";

/** What was thrown, whatever it is. */
export function describeError(error: unknown): DeadLetterError {
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
