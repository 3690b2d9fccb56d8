import { ValidationError } from "@nova/events";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  byteLength,
  checkId,
  checkTimestamp,
  checkType,
  MAX_NAME_BYTES,
} from "../../src/event/validate.ts";
import { show } from "../../src/internal/check.ts";
import { hostileProxy } from "./bad_values.ts";

const CHECKS = [["type", checkType], ["id", checkId]] as const;

const BAD: readonly (readonly [string, unknown, string])[] = [
  ["nothing", undefined, "must be a string"],
  ["null", null, "must be a string"],
  ["a number", 7, "must be a string"],
  ["a symbol", Symbol("s"), "must be a string"],
  ["an object that reads as a string", { toString: () => "x" }, "must be a string"],
  ["a String object", new String("x"), "must be a string"],
  ["a hostile proxy", hostileProxy(), "must be a string"],
  ["an empty string", "", "must not be empty"],
  ["a lone high surrogate", "a\ud83d", "has a lone surrogate"],
  ["a lone low surrogate", "\ude00a", "has a lone surrogate"],
  ["surrogates the wrong way round", "\ude00\ud83d", "has a lone surrogate"],
  ["257 one-byte characters", "x".repeat(257), "must be at most 256 bytes of UTF-8"],
  ["129 two-byte characters", "é".repeat(129), "must be at most 256 bytes of UTF-8"],
  ["86 three-byte characters", "€".repeat(86), "must be at most 256 bytes of UTF-8"],
  ["65 four-byte characters", "🛫".repeat(65), "must be at most 256 bytes of UTF-8"],
];

const GOOD: readonly string[] = [
  "x",
  "order.placed",
  " ",
  "\0",
  "__proto__",
  "constructor",
  "x".repeat(256),
  "é".repeat(128),
  "€".repeat(85),
  `${"€".repeat(85)}x`,
  "🛫".repeat(64),
];

for (const [field, check] of CHECKS) {
  describe(`the ${field} of an event`, () => {
    for (const [what, value, why] of BAD) {
      it(`must not be ${what}`, () => {
        const error = assertThrows(
          () => check(value),
          ValidationError,
          `Cannot use ${show(value)} as the ${field} of an event: it ${why}`,
        );
        assertEquals([error.code, error.field], ["validation", field]);
        assertEquals(Object.is(error.value, value), true);
        assertEquals(error.issues, [{ message: error.message, path: [field] }]);
      });
    }

    for (const value of GOOD) {
      it(`may be ${JSON.stringify(value.slice(0, 20))}, ${value.length} units long`, () => {
        check(value);
        // Once more: what was good a moment ago may be remembered.
        check(value);
      });
    }
  });
}

describe("the type of an event", () => {
  it("is no pattern: only subscriptions take those", () => {
    for (const pattern of ["*", "order.*", "**", "a*b"]) {
      const error = assertThrows(() => checkType(pattern), ValidationError, "must name one type");
      assertEquals(error.field, "type");
    }
    checkId("*");
  });

  it("is refused again after it was refused, and after a good one", () => {
    for (const bad of ["", "order.*", "\ud83d"]) {
      checkType("order.placed");
      assertThrows(() => checkType(bad), ValidationError);
      assertThrows(() => checkType(bad), ValidationError);
    }
  });
});

describe("the timestamp of an event", () => {
  for (const good of [0, -0, 1, -1, 0.5, 1_700_000_000_000, 8.64e15, -8.64e15]) {
    it(`may be ${Object.is(good, -0) ? "-0" : good}`, () => checkTimestamp(good));
  }

  const bad = [
    NaN,
    Infinity,
    -Infinity,
    8.64e15 + 1,
    -8.65e15,
    null,
    undefined,
    "0",
    0n,
    new Date(),
  ];
  for (const value of bad) {
    it(`must not be ${typeof value} ${show(value)}`, () => {
      const error = assertThrows(() => checkTimestamp(value), ValidationError);
      assertStringIncludes(
        error.message,
        `Cannot use ${show(value)} as the timestamp of an event: it must be epoch milliseconds`,
      );
      assertEquals(error.field, "timestamp");
    });
  }
});

describe("byteLength()", () => {
  it("is what an encoder writes", () => {
    const encoder = new TextEncoder();
    for (
      const text of [
        "",
        "abc",
        "\x7f\x80",
        "\u{10000}",
        "\u{10ffff}",
        "é",
        "\u07ff",
        "\u0800",
        "€",
        "\ud7ff\ue000\uffff",
        "🛫a€é",
      ]
    ) {
      assertEquals(byteLength(text), encoder.encode(text).length, text);
    }
    assertEquals(MAX_NAME_BYTES, 256);
  });
});
