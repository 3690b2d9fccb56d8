import * as errors from "../../src/errors.ts";
import * as bus from "../../src/errors/bus.ts";
import * as store from "../../src/errors/store.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { describe, it } from "node:test";
import { fromWire, toWire } from "../../src/pool/wire_error.ts";

/** What comes out at the other end. */
function sent(thrown: unknown): unknown {
  return fromWire(structuredClone(toWire(thrown)));
}

describe("toWire() and fromWire()", () => {
  const all: readonly errors.NovaError[] = [
    new errors.NovaError("closed", "as given"),
    new errors.ClosedError("it"),
    new errors.BufferFullError("it", 5),
    new errors.ValidationError("id", 7, "no id"),
    new errors.ListenerError("mail", { type: "a" }, new Error("no route")),
    new errors.TerminalError("gone"),
    new errors.LimitExceededError("maxTopics", 5, "too many"),
    new errors.TopicNotFoundError("orders"),
    new errors.TopicExistsError("orders", "key"),
    new errors.VersionConflictError("order-1", 3, 5, [{ id: "a" }]),
    new errors.WorkerLostError("resize", true, "its thread ended"),
    new bus.SequenceGapError("orders", "p", 0, 5, 7),
    new bus.StaleAckError("ack", "e1", "c"),
    new store.IdConflictError("a", "e1"),
    new store.CursorExpiredError(3, 7),
    new store.CursorForeignError("store", "log"),
    new store.CheckpointConflictError("c", 1, 2),
    new store.FencedError("c"),
    new store.EncodeError(["a", 0], "it is NaN"),
    new store.CorruptError("damaged"),
    new store.ReadOnlyError("store"),
    new store.SchemaNewerError("store", 9, 1),
    new store.UnknownOutcomeError("store"),
    new store.UnavailableError("locked"),
    new store.UnsupportedError("no effects"),
  ];

  it("know every class of a store and of a bus", () => {
    const names = new Set(all.map(({ constructor }) => constructor));
    for (const each of [...Object.values(store), ...Object.values(bus)]) assert(names.has(each));
  });

  for (const error of all) {
    it(`keep a ${error.name} what it is (I9)`, () => {
      const other = sent(error);

      assertInstanceOf(other, errors.NovaError);
      assertStrictEquals(other.constructor, error.constructor);
      assertEquals(other.name, error.name);
      assertEquals(other.message, error.message);
      assertEquals(other.stack, error.stack);
      assertEquals({ ...other }, { ...error });
      assertEquals(String(other), String(error));
    });
  }

  it("keep the classes of the language", () => {
    for (const Class of [TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError]) {
      const other = sent(new Class("so"));
      assertInstanceOf(other, Class);
      assertEquals(other.name, Class.name);
      assertEquals(other.message, "so");
    }
  });

  it("keep names and codes of other errors", () => {
    class NotFound extends Error {
      override readonly name = "NotFound";
      readonly code = "ENOENT";
    }
    const other = sent(new NotFound("no file")) as NotFound;

    assertInstanceOf(other, Error);
    assertEquals([other.name, other.code, other.message], ["NotFound", "ENOENT", "no file"]);
    assertEquals(String(other), "NotFound: no file");
  });

  it("do not take a stranger for one of Nova by its name", () => {
    for (const name of ["TimeoutError", "ClosedError", "TerminalError"]) {
      const stranger = Object.assign(new Error("not ours"), { name });
      const other = sent(stranger) as Error;
      assert(!(other instanceof errors.NovaError));
      assertEquals([other.name, other.message], [name, "not ours"]);
    }
  });

  it("keep what a DOMException is", () => {
    const other = sent(new DOMException("too late", "TimeoutError"));
    assertInstanceOf(other, DOMException);
    assertEquals([other.name, other.message], ["TimeoutError", "too late"]);
  });

  it("keep causes, and the errors of an AggregateError", () => {
    const error = new Error("outer", { cause: new errors.TerminalError("inner") });
    const other = sent(error) as Error;
    assertInstanceOf(other.cause, errors.TerminalError);

    const many = sent(new AggregateError([new RangeError("a"), "b"], "two")) as AggregateError;
    assertInstanceOf(many, AggregateError);
    assertEquals(many.message, "two");
    assertInstanceOf(many.errors[0], RangeError);
    assertEquals(many.errors[1], "b");
    assert(!("cause" in (sent(new Error("none")) as Error)));
    assert("cause" in (sent(new Error("one", { cause: undefined })) as Error));
  });

  it("end where causes go in a circle", () => {
    const error = new Error("round");
    error.cause = error;
    let depth = 0;
    for (let at: unknown = sent(error); at instanceof Error; at = at.cause) depth += 1;
    assert(depth > 1 && depth < 20, `${depth} deep`);
  });

  it("pass on what is no error", () => {
    for (const thrown of [undefined, null, 5, "text", { a: [1] }, new Date(5)]) {
      assertEquals(sent(thrown), thrown);
    }
    assertStringIncludes(String(sent(() => 5)), "5");
    assertEquals(sent(Symbol("s")), "Symbol(s)");
  });

  it("survive whatever is thrown", () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const hostile = Object.defineProperty(new Error("x"), "message", {
      get() {
        throw new Error("not today");
      },
    });
    for (const thrown of [revoked.proxy, hostile, Object.create(null)]) {
      const other = sent(thrown);
      assert(other !== undefined);
    }
  });

  it("leave out fields that cannot be cloned", () => {
    const error = Object.assign(new Error("x"), { fn: () => {}, count: 5 });
    assertEquals({ ...(sent(error) as object) }, { count: 5 });
  });

  it("cannot be made to pollute a prototype", () => {
    const wire = JSON.parse(
      '{"name":"Error","message":"x","fields":{"__proto__":{"polluted":true},"a":1}}',
    );
    const error = fromWire(wire) as Error & { polluted?: boolean; a: number };
    assertEquals(error.polluted, undefined);
    assertEquals(error.a, 1);
    assertInstanceOf(error, Error);
  });
});
