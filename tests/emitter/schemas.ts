/**
 * Standard Schemas made by hand.
 *
 * @module
 */

import type { StandardResult, StandardSchema } from "@nova/events/emitter";

/** A schema that answers as the function does. */
export function schemaOf<Input, Output = Input>(
  validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>,
): StandardSchema<Input, Output> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

/** A schema that takes positive numbers. */
export const POSITIVE: StandardSchema<number> = schemaOf((value) =>
  typeof value === "number" && value > 0
    ? { value }
    : { issues: [{ message: "must be positive", path: ["deep", { key: 0 }] }] }
);

/** A schema that reads numbers out of strings. */
export const PARSED: StandardSchema<string, number> = schemaOf((value) => ({
  value: Number(value),
}));

/** The same, in a later turn. */
export const PARSED_LATER: StandardSchema<string, number> = schemaOf(async (value) => {
  await undefined;
  return { value: Number(value) };
});
