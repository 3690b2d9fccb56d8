import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { type Decoded, interning, toColumns } from "../../../examples/flights/columns.ts";

function decoded(changes: Partial<Decoded> = {}): Decoded {
  return {
    date: [[978_307_260_000, 978_307_320_000], [978_307_380_000]],
    delay: [[-13n], [33n, 1_575n]],
    distance: [[21n, 2_176n, 4_962n]],
    origin: [["ATL", "LAS"], ["ATL"]],
    destination: [["SAV", "PHL", "MDW"]],
    ...changes,
  };
}

function messageOf(changes: Partial<Decoded>, length = 3): string {
  return assertThrows(() => toColumns(decoded(changes), length, interning()), TypeError).message;
}

describe("flights: columns", () => {
  it("joins chunks and makes numbers of BigInts", () => {
    const columns = toColumns(decoded(), 3, interning());
    assertEquals(columns.length, 3);
    assertEquals([...columns.time], [978_307_260_000, 978_307_320_000, 978_307_380_000]);
    assertEquals([...columns.delay], [-13, 33, 1_575]);
    assertEquals([...columns.distance], [21, 2_176, 4_962]);
    assertEquals(columns.origin, ["ATL", "LAS", "ATL"]);
    assertEquals(columns.destination, ["SAV", "PHL", "MDW"]);
  });

  it("stops at the length that is wanted, also inside a chunk", () => {
    const columns = toColumns(decoded(), 2, interning());
    assertEquals([...columns.delay], [-13, 33]);
    assertEquals(columns.origin, ["ATL", "LAS"]);
  });

  it("passes every airport through the same intern", () => {
    const asked: string[] = [];
    toColumns(decoded(), 3, (text) => {
      asked.push(text);
      return text;
    });
    assertEquals(asked, ["ATL", "LAS", "ATL", "SAV", "PHL", "MDW"]);
  });

  it("names the column and the row of a value that is missing or no integer", () => {
    assertStringIncludes(messageOf({ delay: [[1n], [null, 2n]] }), "column delay, row 1");
    assertStringIncludes(messageOf({ delay: [[1n, 2n, 2n ** 31n]] }), "column delay, row 2");
    assertStringIncludes(messageOf({ distance: [[1.5, 2, 3]] }), "column distance, row 0");
    assertStringIncludes(messageOf({ date: [[1, NaN, 3]] }), "column date, row 1");
    assertStringIncludes(messageOf({ date: [["1", 2, 3]] }), "column date, row 0");
    assertStringIncludes(
      messageOf({ origin: [["ATL", undefined, "LAS"]] }),
      "column origin, row 1",
    );
    assertStringIncludes(messageOf({ destination: [["ATL", "LAS", ""]] }), "column destination");
  });

  it("says which column is too short", () => {
    assertStringIncludes(messageOf({ delay: [[1n, 2n]] }), "column delay has 2 values");
    assertStringIncludes(messageOf({ origin: [] }), "column origin has 0 values");
  });

  it("gives back the text, known or not", () => {
    const intern = interning();
    assertEquals(intern("ATL"), "ATL");
    assertEquals(intern(["A", "TL"].join("")), "ATL");
    assertEquals(intern("LAS"), "LAS");
  });
});
