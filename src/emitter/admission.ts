/**
 * `emit(event, options)` and `emit(type, data, options)` as one.
 */

import type { Emitted } from "../event/event.ts";
import { admitEmitted, makeEmitted } from "../event/make.ts";
import { requireOptions, requireSignal } from "../internal/check.ts";
import type { EmitOptions } from "./options.ts";

/** The options of a call in either form. */
export function optionsOf(
  first: unknown,
  second: unknown,
  third: EmitOptions | undefined,
): EmitOptions | undefined {
  const options = typeof first === "string" ? third : second as EmitOptions | undefined;
  requireOptions("an emit", options);
  return options;
}

/** The event that a call means, checked. The signal is the one that was read from the options. */
export function eventOf(
  first: unknown,
  second: unknown,
  options: EmitOptions | undefined,
  signal: AbortSignal | undefined,
): Emitted {
  requireSignal(signal);
  if (typeof first === "string") return makeEmitted(first, second, options?.metadata);
  return admitEmitted(first);
}
