// Runs against the stand-ins and against the real @std/assert (`deno task test:jsr`).
import { assert, assertEquals, assertFalse, assertThrows, equal } from "@std/assert";
import { describe, it } from "node:test";

const pairs = (...rows: readonly (readonly [string, unknown, unknown])[]): typeof rows => rows;

describe("equal()", () => {
  for (
    const [what, a, b] of pairs(
      ["primitives", 5, 5],
      ["NaN and NaN", NaN, NaN],
      ["0 and -0, as the real one", [0], [-0]],
      ["null and null", null, null],
      ["big integers", 10n, 10n],
      ["nested objects", { a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 2 }] } }],
      ["keys in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
      ["registered symbol keys", { [Symbol.for("k")]: 1 }, { [Symbol.for("k")]: 1 }],
      ["an object without prototype and a plain one", Object.create(null), {}],
      ["dates", new Date(5), new Date(5)],
      ["invalid dates", new Date(NaN), new Date(NaN)],
      ["regular expressions", /a+/gi, /a+/gi],
      ["URLs", new URL("https://a.test/x"), new URL("https://a.test/x")],
      ["query strings", new URLSearchParams("a=1"), new URLSearchParams("a=1")],
      ["sets in another order", new Set([1, 2, 3]), new Set([3, 2, 1])],
      ["sets of objects", new Set([{ a: 1 }, { b: 2 }]), new Set([{ b: 2 }, { a: 1 }])],
      ["sets of sets", new Set([1, new Set([2])]), new Set([new Set([2]), 1])],
      ["maps in another order", new Map([["a", 1], ["b", 2]]), new Map([["b", 2], ["a", 1]])],
      ["maps with object values", new Map([["a", { x: 1 }]]), new Map([["a", { x: 1 }]])],
      ["maps with object keys", new Map([[{ x: 1 }, 1]]), new Map([[{ x: 1 }, 1]])],
      ["typed arrays", new Float64Array([NaN, 0]), new Float64Array([NaN, -0])],
      ["buffers", new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]).buffer],
      ["weak references to equal objects", new WeakRef({ a: 1 }), new WeakRef({ a: 1 })],
    )
  ) {
    it(`is true for ${what}`, () => {
      assert(equal(a, b));
      assert(equal(b, a));
    });
  }

  for (
    const [what, a, b] of pairs(
      ["a number and its text", 1, "1"],
      ["null and undefined", null, undefined],
      ["an undefined key and no key", { a: undefined }, {}],
      ["two different undefined keys", { a: undefined }, { b: undefined }],
      ["different nested values", { a: { b: 1 } }, { a: { b: 2 } }],
      ["arrays of different length", [1, 2], [1, 2, 3]],
      ["arrays in another order", [1, 2], [2, 1]],
      ["an array and an object with its keys", ["x"], { 0: "x" }],
      ["unregistered symbol keys", { [Symbol("k")]: 1 }, { [Symbol("k")]: 1 }],
      ["different dates", new Date(5), new Date(6)],
      ["a date and an invalid date", new Date(5), new Date(NaN)],
      ["regular expressions with other flags", /a/g, /a/i],
      ["different URLs", new URL("https://a.test/x"), new URL("https://a.test/y")],
      ["sets of other items", new Set([1, 2]), new Set([1, 3])],
      ["sets of other objects", new Set([{ a: 1 }]), new Set([{ a: 2 }])],
      ["a set and a map", new Set([1]), new Map([[1, 1]])],
      ["maps with other values", new Map([["a", 1]]), new Map([["a", 2]])],
      ["maps with other keys", new Map([["a", 1]]), new Map([["b", 1]])],
      ["maps with other object keys", new Map([[{ x: 1 }, 1]]), new Map([[{ x: 2 }, 1]])],
      ["other bytes", new Uint8Array([1]), new Uint8Array([2])],
      ["other kinds of numbers", new Uint8Array([1]), new Int8Array([1])],
      ["errors with other messages", new Error("a"), new Error("b")],
      ["errors of other classes", new TypeError("a"), new RangeError("a")],
      ["functions that look the same", () => 1, () => 1],
    )
  ) {
    it(`is false for ${what}`, () => {
      assertFalse(equal(a, b));
      assertFalse(equal(b, a));
    });
  }

  it("compares prototypes", () => {
    class A {
      x = 1;
    }
    class B {
      x = 1;
    }

    assert(equal(new A(), new A()));
    assertFalse(equal(new A(), new B()));
    assertFalse(equal(new A(), { x: 1 }));
    assertFalse(equal(new A(), { x: 1, constructor: A }));
  });

  it("compares what accessors of a class return", () => {
    class Point {
      #x: number;
      constructor(x: number) {
        this.#x = x;
      }
      get x(): number {
        return this.#x;
      }
    }

    assert(equal(new Point(1), new Point(1)));
    assertFalse(equal(new Point(1), new Point(2)));
  });

  it("follows cycles of the same shape", () => {
    const ring = (): Record<string, unknown> => {
      const object: Record<string, unknown> = { n: 1 };
      object["self"] = object;
      return object;
    };
    const map = (): Map<string, unknown> => {
      const value = new Map<string, unknown>();
      return value.set("self", value);
    };

    assert(equal(ring(), ring()));
    assert(equal(map(), map()));
    assertFalse(equal(ring(), { ...ring(), n: 2 }));
  });

  it("refuses what cannot be looked into", () => {
    assertThrows(() => equal(new WeakMap(), new WeakMap()), TypeError, "WeakMap");
    assertThrows(() => equal(new WeakSet(), new WeakSet()), TypeError, "WeakSet");
    assertFalse(equal(new WeakMap(), new WeakSet()));
  });

  it("is fast on large keyed collections", () => {
    const items = Array.from({ length: 20_000 }, (_, index) => index);

    assertEquals(new Set(items), new Set(items.toReversed()));
    assertFalse(equal(new Map(items.map((n) => [n, n])), new Map(items.map((n) => [n, -n]))));
  });
});
