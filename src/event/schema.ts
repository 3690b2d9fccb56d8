/**
 * Schemas in the shape that validation libraries agreed on (Standard Schema, version 1), so that none
 * of them is a dependency.
 */

import { ValidationError, type ValidationIssue } from "../errors.ts";
import { show } from "../internal/check.ts";
import { adopt, isThenable } from "../internal/thenable.ts";

/** A schema of Zod, Valibot, ArkType or any other library that follows Standard Schema. */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the specification puts behind this name. */
  readonly "~standard": {
    /** The version of the specification. */
    readonly version: 1;
    /** The library. */
    readonly vendor: string;
    /** Checks a value, and answers what the schema makes of it or what is wrong. */
    readonly validate: (
      value: unknown,
    ) => StandardResult<Output> | Promise<StandardResult<Output>>;
    /** For inference only. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What validating answers. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** What is wrong, and where. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where, from the value inwards. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What an event map's data must be before its schemas: `InputsOf<typeof schema>`. */
export type InputsOf<Schemas> = {
  [Type in keyof Schemas]: Schemas[Type] extends
    { readonly "~standard": { readonly types?: { readonly input: infer Input } | undefined } }
    ? Input
    : never;
};

/** What an event map's data is after its schemas: `OutputsOf<typeof schema>`. */
export type OutputsOf<Schemas> = {
  [Type in keyof Schemas]: Schemas[Type] extends
    { readonly "~standard": { readonly types?: { readonly output: infer Output } | undefined } }
    ? Output
    : never;
};

/** Refuses what is no Standard Schema. */
export function requireSchema(type: string, schema: unknown): void {
  const standard = (schema as Partial<StandardSchema> | null | undefined)?.["~standard"];
  if (typeof standard?.validate === "function") return;
  throw new TypeError(
    `Cannot use the schema of "${type}": it must follow Standard Schema, with "~standard".validate`,
  );
}

/**
 * What the schema makes of the data; a promise if the schema is asynchronous.
 *
 * @throws {ValidationError} If the data is not valid, or the schema failed.
 */
export function validateData(
  schema: StandardSchema,
  type: string,
  data: unknown,
): unknown {
  let result: unknown;
  try {
    result = schema["~standard"].validate(data);
    if (isThenable(result)) {
      return adopt(result).then(
        (settled) => valueOf(settled, type, data),
        (cause) => {
          throw schemaFailed(type, data, cause);
        },
      );
    }
  } catch (cause) {
    throw schemaFailed(type, data, cause);
  }
  return valueOf(result, type, data);
}

function valueOf(result: unknown, type: string, data: unknown): unknown {
  let issues: ValidationIssue[];
  try {
    if (typeof result !== "object" || result === null) {
      throw new TypeError(`A schema must answer a result: it is ${show(result)}`);
    }
    const answer = result as StandardResult<unknown>;
    if (answer.issues === undefined) {
      if ("value" in answer) return answer.value;
      throw new TypeError("A schema must answer a result: it has neither value nor issues");
    }
    issues = answer.issues.map(toIssue);
  } catch (cause) {
    throw schemaFailed(type, data, cause);
  }
  if (issues.length === 0) issues.push({ message: "it is not valid", path: ["data"] });
  const { message, path } = issues[0]!;
  throw new ValidationError(
    "data",
    data,
    `Cannot use the data of "${type}" at ${path!.map(String).join(".")}: ${message}` +
      (issues.length > 1 ? ` (and ${issues.length - 1} more)` : ""),
    { issues },
  );
}

function toIssue({ message, path = [] }: StandardIssue): ValidationIssue {
  return {
    message: String(message),
    path: ["data", ...path.map((part) => typeof part === "object" ? part.key : part)],
  };
}

function schemaFailed(type: string, data: unknown, cause: unknown): ValidationError {
  const message = `Cannot validate the data of "${type}": its schema failed`;
  return new ValidationError("data", data, message, { cause });
}
