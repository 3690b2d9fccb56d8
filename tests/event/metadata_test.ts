import { createEvent, type Metadata, ValidationError } from "@nova/events";
import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { copyMetadata, MAX_METADATA_BYTES, NO_METADATA } from "../../src/event/metadata.ts";
import { changing, hostileProxy, revokedProxy, throwing } from "./bad_values.ts";

const copy = (value: unknown): Metadata => copyMetadata(value as Metadata);

/** An object with one own key, whatever its name means to objects. */
function own(key: string, value: unknown = "x"): object {
  return Object.defineProperty({}, key, { value, enumerable: true });
}

describe("copyMetadata()", () => {
  it("answers the shared empty one when there is none", () => {
    for (const none of [undefined, {}, Object.create(null), NO_METADATA]) {
      assertStrictEquals(copy(none), NO_METADATA);
    }
    assert(Object.isFrozen(NO_METADATA));
  });

  it("copies, so that the caller's object may change later", () => {
    const given = { trace: "1" };
    const copied = copy(given);
    given.trace = "2";

    assertEquals({ ...copied }, { trace: "1" });
    assert(Object.isFrozen(copied));
    assertFalse(Object.isFrozen(given));
  });

  it("keeps the case of keys, and takes every character that is allowed", () => {
    const given: Metadata = { "Trace-Id": "1", "a.b_c-9": "", ["k".repeat(64)]: "ü🛫" };

    assertEquals({ ...copy(given) }, given);
  });

  it("does not copy its own copies again", () => {
    const copied = copy({ trace: "1" });

    assertStrictEquals(copy(copied), copied);
    assertFalse(copy({ ...copied }) === copied);
  });

  it("takes an object without a prototype", () => {
    const given = Object.assign(Object.create(null), { trace: "1" });

    assertEquals({ ...copy(given) }, { trace: "1" });
  });

  it("reads every value once: a getter cannot lie the second time", () => {
    const given = changing({}, "trace", ["1", 7, undefined]);

    assertEquals({ ...copy(given) }, { trace: "1" });
    assertEquals(given.reads(), 1);
  });

  it("passes over what is not enumerable, not a string key, or inherited", () => {
    const given = Object.defineProperty({ [Symbol("s")]: 7 }, "hidden", { value: 7 });

    assertStrictEquals(copy(given), NO_METADATA);
  });
});

describe("metadata that is refused", () => {
  class Custom {
    readonly trace = "1";
  }
  const { metadata: _, ...noMetadata } = createEvent("x", 1);
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    ["null", () => null, "it must be a plain object of strings: it is null"],
    ["a string", () => "trace", 'it must be a plain object of strings: it is "trace"'],
    ["a number", () => 7, "it is 7"],
    ["a function", () => () => {}, "it must be a plain object"],
    ["an array", () => ["x"], "it is an array"],
    ["a map", () => new Map([["trace", "1"]]), "it must be a plain object"],
    ["an object of a class", () => new Custom(), "it must be a plain object"],
    ["a hostile proxy", hostileProxy, "reading a key threw"],
    ["a revoked proxy", revokedProxy, "reading a key threw"],
    ["a getter that throws", () => throwing({}, "trace"), "reading a key threw"],
    ["an event, though it was made here", () => createEvent("x", "1"), 'its value of "'],
    ["an event's fields", () => noMetadata, 'its value of "'],
    ["an own __proto__", () => own("__proto__"), 'its key "__proto__"'],
    ["an own __proto__ object", () => own("__proto__", {}), 'its key "__proto__"'],
    ["JSON with __proto__", () => JSON.parse('{"__proto__":{"admin":"1"}}'), '"__proto__"'],
    ["an own constructor", () => own("constructor"), 'its key "constructor"'],
    ["an own prototype", () => own("prototype"), 'its key "prototype"'],
    ["an empty key", () => ({ "": "x" }), 'its key ""'],
    ["a key of 65 characters", () => ({ ["k".repeat(65)]: "x" }), "{1,64}"],
    ["a key with a space", () => ({ "a b": "x" }), 'its key "a b"'],
    ["a key that is not ASCII", () => ({ "ü": "x" }), 'its key "ü"'],
    ["a key with the Kelvin sign", () => ({ "\u212a": "x" }), "its key"],
    ["a key with a line feed", () => ({ "a\n": "x" }), "its key"],
    ["a reserved key", () => ({ "nova-attempt": "1" }), "is reserved"],
    ["a reserved key in capitals", () => ({ "NOVA-x": "1" }), "is reserved"],
    ["undefined as a value", () => ({ a: undefined }), 'its value of "a" must be a well-formed'],
    ["null as a value", () => ({ a: null }), "it is null"],
    ["a number as a value", () => ({ a: 1 }), "it is 1"],
    ["an object as a value", () => ({ a: { toString: () => "x" } }), "it is an object"],
    ["a symbol as a value", () => ({ a: Symbol("s") }), "it is Symbol(s)"],
    ["a String object as a value", () => ({ a: new String("x") }), "it is an object"],
    ["a lone surrogate in a value", () => ({ a: "\ud83d" }), "well-formed"],
  ];
  for (const [what, make, why] of cases) {
    it(`for ${what}`, () => {
      const error = assertThrows(() => copy(make()), ValidationError, why);
      assertEquals([error.code, error.field], ["validation", "metadata"]);
    });
  }

  it("for being too long, in bytes", () => {
    const fits = { k: "€".repeat((MAX_METADATA_BYTES - 2) / 3), l: "" };
    copy(fits);

    const error = assertThrows(() => copy({ ...fits, l: "x" }), ValidationError);
    assertEquals(
      error.message,
      "Cannot use the metadata of an event: it is 8193 bytes long: it may hold 8192",
    );
  });

  it("keeps the reason when reading threw", () => {
    const error = assertThrows(() => copy(throwing({}, "trace")), ValidationError);

    assertEquals((error.cause as Error).message, "reading trace");
  });

  it("and pollutes nothing", () => {
    for (const json of ['{"__proto__":{"polluted":"1"}}', '{"constructor":{"prototype":{}}}']) {
      assertThrows(() => copy(JSON.parse(json)), ValidationError);
    }
    assertEquals(({} as Record<string, unknown>).polluted, undefined);
    assertEquals(Object.keys(Object.prototype), []);
  });
});
