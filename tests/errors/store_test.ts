import {
  CheckpointConflictError,
  CorruptError,
  CursorExpiredError,
  CursorForeignError,
  EncodeError,
  FencedError,
  IdConflictError,
  NovaError,
  ReadOnlyError,
  SchemaNewerError,
  UnavailableError,
  UnknownOutcomeError,
  UnsupportedError,
} from "@nova/events";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import { describe, it } from "node:test";

const cause = new Error("underneath");

/** One of each: the error, its name, its code, whether trying again can help, words of its message. */
const ALL: readonly (readonly [NovaError, string, string, boolean, string])[] = [
  [
    new CheckpointConflictError("c", 3, 5),
    "CheckpointConflictError",
    "checkpoint-conflict",
    false,
    'Cannot save checkpoint "c" as it must be at 3: it is at 5',
  ],
  [
    new CheckpointConflictError("c", "absent", undefined),
    "CheckpointConflictError",
    "checkpoint-conflict",
    false,
    'Cannot save checkpoint "c" as it must be absent: it is absent',
  ],
  [new CorruptError("torn", { cause }), "CorruptError", "corrupt", false, "torn"],
  [
    new CursorExpiredError(3, 9),
    "CursorExpiredError",
    "cursor-expired",
    false,
    "Cannot go on after position 3 as retention removed what followed: the oldest position is 9",
  ],
  [
    new CursorForeignError("ledger", "log-2"),
    "CursorForeignError",
    "cursor-foreign",
    false,
    'Cannot use the cursor in store "ledger" as it belongs to another log ("log-2")',
  ],
  [
    new EncodeError(["items", 0], "NaN is no number of JSON"),
    "EncodeError",
    "encode",
    false,
    "Cannot encode data.items.0: NaN is no number of JSON",
  ],
  [new EncodeError([], "no"), "EncodeError", "encode", false, "Cannot encode data: no"],
  [
    new FencedError("c"),
    "FencedError",
    "fenced",
    false,
    'Cannot write for "c" as a newer holder has its lease',
  ],
  [
    new IdConflictError("a", "e1"),
    "IdConflictError",
    "id-conflict",
    false,
    'Cannot append to "a" as its event "e1" is there with other content, or only a part of the batch ' +
    "is: send the same events again, or new ids",
  ],
  [new IdConflictError("a", "e1", "as said"), "IdConflictError", "id-conflict", false, "as said"],
  [
    new ReadOnlyError("ledger"),
    "ReadOnlyError",
    "read-only",
    false,
    'Cannot write to store "ledger" as it is read-only',
  ],
  [
    new SchemaNewerError("ledger", 3, 1),
    "SchemaNewerError",
    "schema-newer",
    false,
    'Cannot open store "ledger" as its schema is version 3: this Nova knows 1',
  ],
  [new UnavailableError("full", { cause }), "UnavailableError", "unavailable", true, "full"],
  [
    new UnknownOutcomeError("ledger", { cause }),
    "UnknownOutcomeError",
    "unknown-outcome",
    true,
    'Store "ledger" cannot tell whether the write took effect: try again with the same ids',
  ],
  [new UnsupportedError("no"), "UnsupportedError", "unsupported", false, "no"],
];

describe("errors of the store", () => {
  for (const [error, name, code, retryable, message] of ALL) {
    it(`${name} tells code, retryable and message: ${message}`, () => {
      assertInstanceOf(error, NovaError);
      assertEquals([error.name, error.code, error.retryable], [name, code, retryable]);
      assertEquals(error.message, message);
      assertFalse(Object.hasOwn(error, "name"));
    });
  }

  it("have their facts", () => {
    const conflict = new CheckpointConflictError("c", 3, 5);
    assertEquals([conflict.checkpoint, conflict.expected, conflict.actual], ["c", 3, 5]);
    const expired = new CursorExpiredError(3, 9);
    assertEquals([expired.position, expired.oldest], [3, 9]);
    assertEquals(new CursorForeignError("s", "l").log, "l");
    assertEquals(new EncodeError(["a", 1], "x").path, ["a", 1]);
    assertEquals(new FencedError("c").lease, "c");
    const id = new IdConflictError("a", "e1");
    assertEquals([id.stream, id.id], ["a", "e1"]);
    const newer = new SchemaNewerError("s", 3, 1);
    assertEquals([newer.found, newer.supported], [3, 1]);
    assertStrictEquals(new UnknownOutcomeError("s", { cause }).cause, cause);
    assert(!("cause" in new ReadOnlyError("s")));
  });
});
