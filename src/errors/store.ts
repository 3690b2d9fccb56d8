/**
 * The conditions of a store and of what is built on it, as one class each.
 *
 * @module
 */

import { NovaError, type NovaErrorOptions } from "../errors.ts";

/** An id that is there already, with another event or in another order. */
export class IdConflictError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "IdConflictError";
  }
  /** The stream, or the topic. */
  readonly stream: string;
  /** The id. */
  readonly id: string;

  /** Names the id, and where it stands; a topic says in its own words what is wrong. */
  constructor(stream: string, id: string, message?: string) {
    super(
      "id-conflict",
      message ??
        `Cannot append to "${stream}" as its event "${id}" is there with other content, or only a ` +
          `part of the batch is: send the same events again, or new ids`,
    );
    this.stream = stream;
    this.id = id;
  }
}

/** A cursor points before what is kept: events after it were removed. */
export class CursorExpiredError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "CursorExpiredError";
  }
  /** The position asked for. */
  readonly position: number;
  /** The first position that is kept. */
  readonly oldest: number;

  /** Says what was asked for and what is left. */
  constructor(position: number, oldest: number) {
    super(
      "cursor-expired",
      `Cannot go on after position ${position} as retention removed what followed: ` +
        `the oldest position is ${oldest}`,
    );
    this.position = position;
    this.oldest = oldest;
  }
}

/** A cursor of another log. */
export class CursorForeignError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "CursorForeignError";
  }
  /** The log the cursor names. */
  readonly log: string;

  /** Names the store and the other log. */
  constructor(store: string, log: string) {
    super(
      "cursor-foreign",
      `Cannot use the cursor in store "${store}" as it belongs to another log ("${log}")`,
    );
    this.log = log;
  }
}

/** A checkpoint was not where the caller expected it: somebody else moved it. */
export class CheckpointConflictError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "CheckpointConflictError";
  }
  /** The checkpoint. */
  readonly checkpoint: string;
  /** Where it was expected. */
  readonly expected: number | "absent";
  /** Where it is; undefined when there is none. */
  readonly actual: number | undefined;

  /** Says where it was expected and where it is. */
  constructor(checkpoint: string, expected: number | "absent", actual: number | undefined) {
    super(
      "checkpoint-conflict",
      `Cannot save checkpoint "${checkpoint}" as it must be ${
        expected === "absent" ? expected : `at ${expected}`
      }: it is ${actual === undefined ? "absent" : `at ${actual}`}`,
    );
    this.checkpoint = checkpoint;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Somebody else holds the lease by now. */
export class FencedError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "FencedError";
  }
  /** What the lease is about. */
  readonly lease: string;

  /** Names the lease. */
  constructor(lease: string) {
    super("fenced", `Cannot write for "${lease}" as a newer holder has its lease`);
    this.lease = lease;
  }
}

/** Data that cannot be written down without being changed. */
export class EncodeError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "EncodeError";
  }
  /** Where in the data, from the outside inwards. */
  readonly path: readonly PropertyKey[];

  /** Says what stands where. */
  constructor(path: readonly PropertyKey[], why: string, options?: NovaErrorOptions) {
    const place = path.length === 0 ? "data" : `data.${path.slice(0, 8).map(String).join(".")}`;
    super("encode", `Cannot encode ${place}: ${why}`, options);
    this.path = path;
  }
}

/** What is stored is not what was written. */
export class CorruptError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "CorruptError";
  }
  /** Says what is wrong. */
  constructor(message: string, options?: NovaErrorOptions) {
    super("corrupt", message, options);
  }
}

/** The store can be read but not written. */
export class ReadOnlyError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "ReadOnlyError";
  }
  /** Names the store. */
  constructor(store: string, options?: NovaErrorOptions) {
    super("read-only", `Cannot write to store "${store}" as it is read-only`, options);
  }
}

/** The store was written by a newer version of Nova. */
export class SchemaNewerError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "SchemaNewerError";
  }
  /** The version it has. */
  readonly found: number;
  /** The newest version this code knows. */
  readonly supported: number;

  /** Names both versions. */
  constructor(store: string, found: number, supported: number) {
    super(
      "schema-newer",
      `Cannot open store "${store}" as its schema is version ${found}: this Nova knows ${supported}`,
    );
    this.found = found;
    this.supported = supported;
  }
}

/** It may have been stored, or not: try again with the same ids. */
export class UnknownOutcomeError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "UnknownOutcomeError";
  }
  /** Names the store. */
  constructor(store: string, options?: NovaErrorOptions) {
    super(
      "unknown-outcome",
      `Store "${store}" cannot tell whether the write took effect: try again with the same ids`,
      { ...options, retryable: true },
    );
  }
}

/** The engine cannot be used now; nothing was stored. */
export class UnavailableError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "UnavailableError";
  }
  /** Says what failed. */
  constructor(message: string, options?: NovaErrorOptions) {
    super("unavailable", message, { ...options, retryable: true });
  }
}

/** The driver underneath cannot do this; its `capabilities` say so beforehand. */
export class UnsupportedError extends NovaError {
  /** @ignore */
  override get name(): string {
    return "UnsupportedError";
  }
  /** Says what, and by whom. */
  constructor(message: string) {
    super("unsupported", message);
  }
}
