import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  durationOption,
  integerOption,
  nameOf,
  requireFunction,
  requireOptions,
  requireSignal,
  show,
  stringOption,
  wordOption,
} from "../../src/internal/check.ts";

const revoked = Proxy.revocable({}, {});
revoked.revoke();

describe("integerOption()", () => {
  it("answers the value, or the fallback for undefined", () => {
    assertEquals(integerOption("size", 5, 10), 5);
    assertEquals(integerOption("size", undefined, 10), 10);
    assertEquals(integerOption("size", 0, 10, 0), 0);
  });

  for (
    const bad of [0, -1, 1.5, NaN, Infinity, 2 ** 53, null, "5", "", true, {}, [], 5n, Symbol("s")]
  ) {
    it(`refuses ${show(bad)}`, () => {
      assertThrows(
        () => integerOption("size", bad as number, 10),
        RangeError,
        `Cannot use ${show(bad)} as "size": it must be an integer of at least 1`,
      );
    });
  }

  it("names the least value", () => {
    assertThrows(() => integerOption("size", 1, 10, 2), RangeError, "at least 2");
  });
});

describe("durationOption()", () => {
  it("answers the value, or the fallback for undefined", () => {
    for (const good of [0, 0.5, 1, 2 ** 40, Infinity]) {
      assertEquals(durationOption("waitMs", good, 10), good);
    }
    assertEquals(durationOption("waitMs", undefined, 10), 10);
  });

  for (const bad of [-1, -0.001, NaN, -Infinity, null, "5", {}, true, 5n]) {
    it(`refuses ${show(bad)}`, () => {
      assertThrows(
        () => durationOption("waitMs", bad as number, 10),
        RangeError,
        `Cannot use ${show(bad)} as "waitMs": it must be a number of milliseconds of at least 0`,
      );
    });
  }

  it("refuses Infinity where it must end", () => {
    assertThrows(() => durationOption("delayMs", Infinity, 10, false), RangeError, "Infinity");
  });
});

describe("wordOption()", () => {
  const pick = (word: unknown): string => wordOption("mode", word as "a", ["a", "b"], "b");

  it("answers the word, or the fallback for undefined", () => {
    assertEquals(pick("a"), "a");
    assertEquals(pick(undefined), "b");
  });

  for (const bad of ["c", "", "A", null, 1, ["a"], "toString"]) {
    it(`refuses ${show(bad)}`, () => {
      assertThrows(() => pick(bad), RangeError, 'as "mode": it must be one of "a", "b"');
    });
  }
});

describe("stringOption()", () => {
  it("answers the value, or the fallback for undefined", () => {
    for (const good of ["x", ""]) assertEquals(stringOption("name", good, "other"), good);
    assertEquals(stringOption("name", undefined, "other"), "other");
  });

  for (const bad of [null, 7, {}, Symbol("s"), ["x"], new String("x")]) {
    it(`refuses ${show(bad)} (${bad === null ? bad : typeof bad})`, () => {
      assertThrows(
        () => stringOption("name", bad as string, "other"),
        TypeError,
        `Cannot use ${show(bad)} as "name": it must be a string`,
      );
    });
  }
});

describe("nameOf()", () => {
  it("is the name of a function, if that is a string and can be read", () => {
    assertEquals(nameOf(function pay() {}), "pay");
    assertEquals(nameOf(() => {}), "");
    for (const value of [Symbol("s"), 7, undefined, {}]) {
      assertEquals(nameOf(Object.defineProperty(() => {}, "name", { value })), "");
    }
    const { proxy, revoke } = Proxy.revocable(() => {}, {});
    revoke();
    assertEquals(nameOf(proxy), "");
  });
});

describe("requireFunction()", () => {
  it("takes whatever can be called", () => {
    for (const fn of [() => {}, async () => {}, class {}, new Proxy(() => {}, {})]) {
      requireFunction("a listener", fn);
    }
  });

  for (const bad of [undefined, null, {}, "f", 1, { call() {} }, { handleEvent() {} }]) {
    it(`refuses ${show(bad)}`, () => {
      assertThrows(
        () => requireFunction("a listener", bad),
        TypeError,
        `Cannot use ${show(bad)} as a listener: it must be a function`,
      );
    });
  }
});

describe("requireOptions()", () => {
  it("takes an object or undefined", () => {
    requireOptions("an emitter", {});
    requireOptions("an emitter", undefined);
  });

  for (const bad of [null, 1, "x", true, () => {}, Symbol("s")]) {
    it(`refuses ${show(bad)}`, () => {
      assertThrows(
        () => requireOptions("an emitter", bad),
        TypeError,
        `Cannot use ${show(bad)} as the options of an emitter: they must be an object`,
      );
    });
  }
});

describe("requireSignal()", () => {
  it("takes a signal or undefined, also one of another realm", () => {
    requireSignal(undefined);
    requireSignal(new AbortController().signal);
    requireSignal(AbortSignal.abort());
    requireSignal({ aborted: false, addEventListener() {}, removeEventListener() {} });
  });

  for (const bad of [null, {}, new AbortController(), "x", 0, true, new EventTarget(), Symbol()]) {
    it(`refuses ${bad?.constructor?.name}: ${show(bad)}`, () => {
      assertThrows(
        () => requireSignal(bad),
        TypeError,
        `Cannot use ${show(bad)} as "signal": it must be an AbortSignal`,
      );
    });
  }
});

describe("show()", () => {
  const named = Object.defineProperty(() => {}, "name", { value: Symbol("s") });
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["a string in quotes", 'a "b"', '"a \\"b\\""'],
    ["a lone surrogate escaped", "\ud800", '"\\ud800"'],
    ["a long string cut", "x".repeat(61), `"${"x".repeat(60)}…"`],
    ["a string of 60 whole", "x".repeat(60), `"${"x".repeat(60)}"`],
    ["a string cut within a character", `${"x".repeat(59)}🛫`, `"${"x".repeat(59)}\\ud83d…"`],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["NaN", NaN, "NaN"],
    ["a bigint", 5n, "5"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an object", { secret: 1 }, "an object"],
    ["an object without a prototype", Object.create(null), "an object"],
    ["an array", [1], "an array"],
    ["a function", function pay() {}, "function pay"],
    ["a function without a name", () => {}, "function (anonymous)"],
    ["a function with an odd name", named, "a value that cannot be shown"],
    ["a revoked proxy", revoked.proxy, "a value that cannot be shown"],
  ];
  for (const [what, value, text] of cases) {
    it(`shows ${what}`, () => assertEquals(show(value), text));
  }
});
