/**
 * What is underneath an error.
 */

import { CircuitOpenError, TerminalError } from "../errors.ts";

/** Longer chains, and circles, end here. */
const DEEPEST = 32;

/**
 * Whether the test holds for what was thrown or for one of its causes, outermost first. A wrapped
 * error is therefore recognised as what it is.
 */
export function someCause(thrown: unknown, test: (error: unknown) => boolean): boolean {
  let error = thrown;
  for (let depth = 0; depth < DEEPEST; depth++) {
    if (test(error)) return true;
    error = causeOf(error);
    if (error === undefined) return false;
  }
  return false;
}

/** What is thrown may be anything, also a proxy that throws when it is looked at. */
function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it says, itself or through a cause, that trying again is useless. */
export function isTerminal(thrown: unknown): boolean {
  return someCause(thrown, terminal);
}

/**
 * How long what was thrown asks to be left alone: the number `retryAfterMs` on it or on a cause of
 * it; 0 when nothing asks.
 */
export function retryHint(thrown: unknown): number {
  let hint = 0;
  someCause(thrown, (error) => {
    hint = hintOf(error);
    return hint > 0;
  });
  return hint;
}

function hintOf(error: unknown): number {
  if (typeof error !== "object" || error === null) return 0;
  try {
    const { retryAfterMs } = error as { retryAfterMs?: unknown };
    return typeof retryAfterMs === "number" && retryAfterMs > 0 ? retryAfterMs : 0;
  } catch {
    return 0;
  }
}

/** Whether a circuit was open, so that the event itself has not been tried. */
export function isCircuitOpen(thrown: unknown): thrown is CircuitOpenError {
  try {
    return thrown instanceof CircuitOpenError;
  } catch {
    return false;
  }
}

function terminal(error: unknown): boolean {
  try {
    return error instanceof TerminalError;
  } catch {
    return false;
  }
}
