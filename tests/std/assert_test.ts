// Runs against the stand-ins and against the real @std/assert (`deno task test:jsr`).
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unimplemented,
  unreachable,
} from "@std/assert";
import { describe, it } from "node:test";

/** The error a failing assertion throws, told apart without the function under test. */
function failure(fn: () => void): AssertionError {
  try {
    fn();
  } catch (error) {
    if (error instanceof AssertionError) return error;
    throw error;
  }
  throw new Error("the assertion did not fail");
}

async function rejection(promise: Promise<unknown>): Promise<AssertionError> {
  const outcome = await promise.then(() => undefined, (error: unknown) => error);
  if (outcome instanceof AssertionError) return outcome;
  throw new Error("the assertion did not fail");
}

/** Messages are compared without the colours that the real ones have on a terminal. */
function message(fn: () => void): string {
  // deno-lint-ignore no-control-regex -- the escape character is what is looked for
  return failure(fn).message.replace(/\x1b\[[0-9;]*m/g, "");
}

function includes(text: string, ...parts: readonly string[]): void {
  for (const part of parts) {
    if (!text.includes(part)) throw new Error(`${JSON.stringify(part)} is not in: ${text}`);
  }
}

describe("AssertionError", () => {
  it("has its own name and keeps a cause", () => {
    const error = new AssertionError("words", { cause: "why" });

    assert(error instanceof Error);
    assertEquals(error.name, "AssertionError");
    assertEquals(error.message, "words");
    assertEquals(error.cause, "why");
  });
});

describe("assert() and assertFalse()", () => {
  it("look at truthiness and carry the message", () => {
    assert(1);
    assert("x");
    assertFalse(0);
    assertFalse("");
    assertEquals(failure(() => assert(0)).message, "");
    assertEquals(failure(() => assert(null, "words")).message, "words");
    assertEquals(failure(() => assertFalse({}, "words")).message, "words");
  });
});

describe("assertExists()", () => {
  it("fails for null and undefined only", () => {
    for (const value of [0, "", false, NaN, {}]) assertExists(value);
    includes(message(() => assertExists(null)), "null");
    includes(message(() => assertExists(undefined, "words")), "undefined", ": words");
  });
});

describe("assertEquals()", () => {
  it("passes for deeply equal values", () => {
    assertEquals({ a: [1, new Map([["k", { v: 1 }]])] }, { a: [1, new Map([["k", { v: 1 }]])] });
  });

  it("names both values when it fails", () => {
    const text = message(() => assertEquals(1, 2, "words"));

    includes(text, "Values are not equal: words", "Actual", "Expected", "-   1", "+   2");
  });

  it("shows only what differs as different", () => {
    const text = message(() => assertEquals({ a: 1, same: 7 }, { a: 2, same: 7 }));

    includes(text, "-     a: 1,", "+     a: 2,", "same: 7");
    assertFalse(/[-+]\s+same/.test(text));
  });

  it("tells an undefined key from a missing one", () => {
    failure(() => assertEquals<unknown>({ a: undefined }, {}));
    assertNotEquals<unknown>({ a: undefined }, {});
  });

  it("names both texts when they differ", () => {
    includes(message(() => assertEquals("left", "right")), "left", "right");
  });
});

describe("assertNotEquals()", () => {
  it("fails for deeply equal values and shows them", () => {
    assertNotEquals([1], [2]);
    includes(message(() => assertNotEquals([12345], [12345], "words")), "12345", ": words");
  });
});

describe("assertStrictEquals() and assertNotStrictEquals()", () => {
  it("compare by identity", () => {
    const object = {};

    assertStrictEquals(object, object);
    assertStrictEquals(NaN, NaN);
    assertNotStrictEquals({}, {});
    assertNotStrictEquals(0, -0);
    includes(message(() => assertStrictEquals<unknown>(1, "2")), "1", '"2"');
    failure(() => assertStrictEquals(0, -0));
    failure(() => assertNotStrictEquals(object, object));
  });

  it("say that equal structures are not the same reference", () => {
    includes(
      message(() => assertStrictEquals({ a: 1 }, { a: 1 }, "words")),
      "not reference-equal: words",
      "a: 1",
    );
  });
});

describe("assertAlmostEquals()", () => {
  it("uses a ten-millionth of the expected value or the given tolerance", () => {
    assertAlmostEquals(0.1 + 0.2, 0.3);
    assertAlmostEquals(1e9 + 1, 1e9);
    assertAlmostEquals(1, 1.4, 0.5);
    assertAlmostEquals(Infinity, Infinity);
    includes(message(() => assertAlmostEquals(1, 1.1)), "1", "1.1");
    includes(message(() => assertAlmostEquals(1, 2, 0.5, "words")), ": words");
    failure(() => assertAlmostEquals(Infinity, 1));
    failure(() => assertAlmostEquals(NaN, 1));
  });
});

describe("assertGreater() and its kin", () => {
  it("compare and name both values", () => {
    assertGreater(2, 1);
    assertGreaterOrEqual(2, 2);
    assertLess("a", "b");
    assertLessOrEqual(1n, 1n);
    includes(message(() => assertGreater(1, 2)), "1 > 2");
    includes(message(() => assertGreaterOrEqual(1, 2)), "1 >= 2");
    includes(message(() => assertLess(2, 1)), "2 < 1");
    includes(message(() => assertLessOrEqual(2, 1, "words")), "2 <= 1", "words");
    failure(() => assertGreater(2, 2));
    failure(() => assertLess(NaN, 1));
  });
});

describe("assertMatch(), assertNotMatch() and assertStringIncludes()", () => {
  it("look into a text and name it", () => {
    assertMatch("event", /^e.+t$/);
    assertNotMatch("event", /x/);
    assertStringIncludes("event", "ven");
    includes(message(() => assertMatch("event", /x/, "words")), "event", "/x/", ": words");
    includes(message(() => assertNotMatch("event", /v/)), "event", "/v/");
    includes(message(() => assertStringIncludes("event", "x")), "event", '"x"');
  });
});

describe("assertArrayIncludes()", () => {
  it("finds items by deep equality and names the missing ones", () => {
    assertArrayIncludes([{ a: 1 }, { b: 2 }, 3], [3, { a: 1 }]);
    includes(message(() => assertArrayIncludes([1, 2], [2, 98765], "words")), "98765", ": words");
  });
});

describe("assertObjectMatch()", () => {
  it("passes when all that is expected is there, deeply", () => {
    assertObjectMatch(
      { a: 1, b: { c: 2, d: 3 }, e: [1, { f: 4, g: 5 }, 6], h: /x/ },
      { a: 1, b: { c: 2 }, e: [1, { f: 4 }], h: /x/ },
    );
    assertObjectMatch({ [Symbol.for("k")]: 1, x: 2 }, { [Symbol.for("k")]: 1 });
    assertObjectMatch({ m: new Map([["a", { x: 1, y: 2 }], ["b", { x: 3, y: 4 }]]) }, {
      m: new Map([["a", { x: 1 }]]),
    });
    assertObjectMatch({ s: new Set([1, 2, 3]) }, { s: new Set([2, 3]) });
  });

  it("accepts instances where plain objects are expected", () => {
    class Point {
      x = 1;
      y = 2;
    }

    assertObjectMatch(new Point(), { x: 1 });
    assertObjectMatch({ p: new Point() }, { p: { y: 2 } });
  });

  it("fails when something is missing or differs", () => {
    includes(message(() => assertObjectMatch({ a: 1 }, { a: 2 }, "words")), "a: 2", ": words");
    failure(() => assertObjectMatch({ a: 1 }, { b: 1 }));
    failure(() => assertObjectMatch({ a: { b: 1 } }, { a: { b: 2 } }));
    failure(() => assertObjectMatch({ a: [1] }, { a: [1, 2] }));
    failure(() => assertObjectMatch({ a: [1, 2] }, { a: [1, 3] }));
    failure(() => assertObjectMatch({ r: /x/ }, { r: /y/ }));
    failure(() => assertObjectMatch({ m: new Map([["a", 1]]) }, { m: new Map([["a", 2]]) }));
    failure(() => assertObjectMatch({ s: new Set([1]) }, { s: new Set([1, 2]) }));
    failure(() => assertObjectMatch({}, { a: undefined }));
  });

  it("follows cycles", () => {
    const ring: Record<string, unknown> = { n: 1 };
    ring["self"] = ring;
    const expected: Record<string, unknown> = { n: 1 };
    expected["self"] = expected;

    assertObjectMatch(ring, expected);
  });
});

describe("assertInstanceOf() and assertNotInstanceOf()", () => {
  it("look at the class and name both", () => {
    assertInstanceOf(new TypeError("x"), Error);
    assertNotInstanceOf(new Error("x"), TypeError);
    includes(message(() => assertInstanceOf(new Date(0), RegExp)), "RegExp", "Date");
    includes(message(() => assertInstanceOf(null, RegExp)), "RegExp", "null");
    includes(message(() => assertInstanceOf(5, RegExp, "words")), "number", ": words");
    includes(message(() => assertNotInstanceOf(new Date(0), Date)), "Date");
  });
});

describe("assertIsError()", () => {
  it("checks class and message", () => {
    const error: unknown = new RangeError("out of range");

    assertIsError(error);
    assertIsError(error, RangeError);
    assertIsError(error, Error, "of ran");
    assertIsError(error, RangeError, /^out/);
    failure(() => assertIsError("text"));
    failure(() => assertIsError({ name: "Error", message: "x" }));
    includes(message(() => assertIsError(error, SyntaxError)), "SyntaxError", "RangeError");
    includes(message(() => assertIsError(error, RangeError, "within")), "within", "out of range");
    includes(message(() => assertIsError(error, RangeError, /no/, "words")), "/no/", ": words");
  });
});

describe("assertThrows()", () => {
  const throwing = (value: unknown) => (): never => {
    throw value;
  };

  it("returns what was thrown, whatever it is", () => {
    const error = new RangeError("words");

    assertStrictEquals(assertThrows(throwing(error)), error);
    assertStrictEquals(assertThrows(throwing(error), RangeError), error);
    assertStrictEquals(assertThrows(throwing("text")), "text");
    assertStrictEquals(assertThrows(throwing(undefined)), undefined);
  });

  it("fails when nothing is thrown", () => {
    includes(message(() => assertThrows(() => 1)), "throw");
    includes(message(() => assertThrows(() => 1, "words")), ": words");
    includes(message(() => assertThrows(() => 1, Error, "", "words")), ": words");
  });

  it("checks class and part of the message", () => {
    assertThrows(throwing(new RangeError("out of range")), RangeError, "of");
    assertThrows(throwing(new RangeError("out of range")), Error, "out");
    failure(() => assertThrows(throwing(new RangeError("x")), TypeError));
    failure(() => assertThrows(throwing(new RangeError("x")), RangeError, "y"));
    failure(() => assertThrows(throwing("text"), Error));
  });
});

describe("assertRejects()", () => {
  it("resolves to the reason, whatever it is", async () => {
    const error = new RangeError("words");

    assertStrictEquals(await assertRejects(() => Promise.reject(error)), error);
    assertStrictEquals(await assertRejects(() => Promise.reject(error), RangeError), error);
    assertStrictEquals(await assertRejects(() => Promise.reject("text")), "text");
    assertStrictEquals(await assertRejects(() => Promise.reject()), undefined);
  });

  it("fails when the promise is fulfilled", async () => {
    includes((await rejection(assertRejects(() => Promise.resolve()))).message, "reject");
    includes(
      (await rejection(assertRejects(() => Promise.resolve(), "words"))).message,
      ": words",
    );
  });

  it("checks class and part of the message", async () => {
    const reject = () => Promise.reject(new RangeError("out of range"));

    await assertRejects(reject, RangeError, "of");
    await rejection(assertRejects(reject, TypeError));
    await rejection(assertRejects(reject, RangeError, "within"));
    await rejection(assertRejects(() => Promise.reject("text"), Error));
  });

  it("fails when the function throws instead of returning a promise", async () => {
    const throwing = (): Promise<void> => {
      throw new RangeError("sync");
    };

    includes((await rejection(assertRejects(throwing))).message, "throws when expected to reject");
    await rejection(assertRejects(throwing, RangeError, "sync"));
  });

  it("fails when the function returns no promise", async () => {
    await rejection(assertRejects((() => 5) as unknown as () => Promise<void>));
  });

  it("accepts any thenable", async () => {
    const thenable = (): PromiseLike<unknown> => ({
      then: (_ok, bad) => Promise.resolve(bad?.(new Error("by hand"))) as Promise<never>,
    });

    await assertRejects(thenable, Error, "by hand");
  });
});

describe("fail(), unimplemented() and unreachable()", () => {
  it("always fail and carry the message", () => {
    includes(message(() => fail()), "Failed assertion");
    includes(message(() => fail("words")), ": words");
    includes(message(() => unimplemented("words")), "words");
    includes(message(() => unreachable()), "nreachable");
  });
});
