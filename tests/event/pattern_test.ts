import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { compilePattern } from "../../src/event/pattern.ts";

const TYPES = ["a", "b", "a.b", "a.c", "b.b", "a.b.c", "a.b.c.d", "a.", ".a", "a..b", "ab"];

const MATCHES: Readonly<Record<string, readonly string[]>> = {
  "*": ["a", "b", "ab"],
  "**": TYPES,
  "a.*": ["a.b", "a.c", "a."],
  "*.b": ["a.b", "b.b"],
  "a.*.b": ["a..b"],
  "*.*": ["a.b", "a.c", "b.b", "a.", ".a"],
  "a.**": ["a.b", "a.c", "a.b.c", "a.b.c.d", "a.", "a..b"],
  "a.*.**": ["a.b.c", "a.b.c.d", "a..b"],
  "*.b.**": ["a.b.c", "a.b.c.d"],
  "a.b.*": ["a.b.c"],
};

describe("compilePattern()", () => {
  for (const [pattern, expected] of Object.entries(MATCHES)) {
    it(`"${pattern}" matches ${expected.join(" ")}`, () => {
      const matches = compilePattern(pattern);
      assertEquals(TYPES.filter(matches), expected.filter((type) => TYPES.includes(type)));
      assertEquals(TYPES.filter(matches).length, expected.length);
    });
  }

  it("takes no character for more than it is", () => {
    const matches = compilePattern("a+(b)[c].*");
    assert(matches("a+(b)[c].x"));
    assert(!matches("aab.x"));
  });

  it("refuses a star that shares its token, and two of them before the end", () => {
    for (const bad of ["a*", "*a", "a.b*", "***", "a.***", "**.a", "a.**.b", "a*.b", "*.", ".*"]) {
      assertThrows(() => compilePattern(bad), SyntaxError, JSON.stringify(bad));
    }
    assertThrows(() => compilePattern(`${"x".repeat(1000)}*`), SyntaxError, "…");
  });

  it("takes linear time, whatever the pattern and the type", () => {
    const matches = compilePattern(`${"*.".repeat(100)}**`);
    const type = "a.".repeat(100_000);
    const began = performance.now();
    assert(matches(type));
    assert(!compilePattern(`${"*.".repeat(100)}b`)(type));

    assertLess(performance.now() - began, 1000);
  });
});
