/**
 * Errors without a stack of their own, for failures whose cause already has one.
 */

/**
 * Makes an error without capturing where that happened. A stack costs microseconds, and the one that
 * matters is in the cause.
 */
export function withoutStack<Made extends Error>(make: () => Made): Made {
  // An engine without this knob, or one whose `Error` is frozen, captures a stack after all.
  const knob = Error as { stackTraceLimit?: unknown };
  const limit = knob.stackTraceLimit;
  if (typeof limit !== "number" || !Reflect.set(knob, "stackTraceLimit", 0)) return make();
  try {
    return make();
  } finally {
    knob.stackTraceLimit = limit;
  }
}
