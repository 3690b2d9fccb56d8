import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  ColumnsBuilder,
  type Decoded,
  flightAt,
  timeAt,
} from "../../../examples/flights/columns.ts";

const START = Date.UTC(2001, 0, 1, 0, 1);

function decoded(changes: Partial<Decoded> = {}): Decoded {
  return {
    date: [[START, START + 60_000], [START + 120_000]],
    delay: [[-13n], [33n, 1_575n]],
    distance: [[21n, 2_176n, 4_962n]],
    origin: [["ATL", "LAS"], ["ATL"]],
    destination: [["SAV", "PHL", "LAS"]],
    ...changes,
  };
}

function messageOf(changes: Partial<Decoded>): string {
  return assertThrows(() => new ColumnsBuilder(3).add(decoded(changes), 3), TypeError).message;
}

describe("flights: columns", () => {
  it("joins chunks, makes numbers of BigInts, and gives the flights back", () => {
    const builder = new ColumnsBuilder(3);
    builder.add(decoded(), 3);
    const columns = builder.finish();
    assertEquals(columns.length, 3);
    assertEquals([0, 1, 2].map((i) => flightAt(columns, i)), [
      { origin: "ATL", destination: "SAV", delay: -13, distance: 21 },
      { origin: "LAS", destination: "PHL", delay: 33, distance: 2_176 },
      { origin: "ATL", destination: "LAS", delay: 1_575, distance: 4_962 },
    ]);
    assertEquals([0, 1, 2].map((i) => timeAt(columns, i) - START), [0, 60_000, 120_000]);
    assertEquals(columns.airports, ["ATL", "LAS", "SAV", "PHL"]);
  });

  it("adds row groups one behind the other, and stops where there is no room, also inside one", () => {
    const builder = new ColumnsBuilder(5);
    builder.add(decoded(), 3);
    assertEquals([builder.length, builder.full], [3, false]);
    builder.add(decoded({ delay: [[7n, 8n, 9n]] }), 3);
    assertEquals([builder.length, builder.full], [5, true]);
    assertEquals([...builder.finish().delay], [-13, 33, 1_575, 7, 8]);
    assertEquals(flightAt(builder.finish(), 4).origin, "LAS");
  });

  it("names the column and the row of a value that is missing or does not fit", () => {
    assertStringIncludes(messageOf({ delay: [[1n], [null, 2n]] }), "column delay, row 1");
    assertStringIncludes(messageOf({ delay: [[1n, 2n, 32_768n]] }), "column delay, row 2");
    assertStringIncludes(messageOf({ distance: [[1.5, 2, 3]] }), "column distance, row 0");
    assertStringIncludes(messageOf({ date: [[60_000, NaN, 0]] }), "column date, row 1");
    assertStringIncludes(messageOf({ date: [["0", 0, 0]] }), "column date, row 0");
    assertStringIncludes(messageOf({ date: [[0, 0, 1_000]] }), "column date, row 2");
    assertStringIncludes(
      messageOf({ origin: [["ATL", undefined, "LAS"]] }),
      "column origin, row 1",
    );
    assertStringIncludes(messageOf({ destination: [["ATL", "LAS", ""]] }), "column destination");
  });

  it("counts rows over all groups in its messages", () => {
    const builder = new ColumnsBuilder(6);
    builder.add(decoded(), 3);
    const error = assertThrows(
      () => builder.add(decoded({ delay: [[1n, 2n, "3"]] }), 3),
      TypeError,
    );
    assertStringIncludes(error.message, "column delay, row 5: unexpected value 3");
  });

  it("says which column is too short", () => {
    assertStringIncludes(
      messageOf({ delay: [[1n, 2n]] }),
      "column delay ends at row 2, expected 3",
    );
    assertStringIncludes(messageOf({ origin: [] }), "column origin ends at row 0");
  });
});
