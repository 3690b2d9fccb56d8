import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { EXTREME_DELAY, plainLoop, Tally } from "../../../examples/flights/baseline.ts";
import { ColumnsBuilder, type FlightColumns } from "../../../examples/flights/columns.ts";

function columnsOf(...flights: [origin: string, delay: number][]): FlightColumns {
  const builder = new ColumnsBuilder(flights.length);
  builder.add({
    date: [flights.map((_, i) => i * 60_000)],
    delay: [flights.map(([, delay]) => delay)],
    distance: [flights.map(() => 100)],
    origin: [flights.map(([origin]) => origin)],
    destination: [flights.map(() => "LAX")],
  }, flights.length);
  return builder.finish();
}

describe("flights: plain loop", () => {
  it("counts every flight, and the extreme ones apart", () => {
    const tally = plainLoop(columnsOf(
      ["JFK", 5],
      ["ATL", EXTREME_DELAY],
      ["JFK", EXTREME_DELAY - 1],
      ["JFK", EXTREME_DELAY + 400],
    ));
    assertEquals(
      tally.delays.rows().map((row) => [row.airport, row.flights, row.delay]),
      [["ATL", 1, 600], ["JFK", 3, 1_604]],
    );
    assertEquals(
      tally.alerts.rows().map((row) => [row.airport, row.flights, row.worstDelay]),
      [["ATL", 1, 600], ["JFK", 1, 1_000]],
    );
  });

  it("says in which table two tallies differ", () => {
    const right = plainLoop(columnsOf(["JFK", 5], ["JFK", 700]));
    assertEquals(plainLoop(columnsOf(["JFK", 5], ["JFK", 700])).differences(right, "bus"), []);
    assertEquals(new Tally().differences(right, "bus"), [
      "bus, delays at JFK: missing",
      "bus, alerts at JFK: missing",
    ]);
  });

  it("tells the order of two flights by their times alone", () => {
    const one = plainLoop(columnsOf(["JFK", 5], ["ATL", 5], ["JFK", 6]));
    const two = plainLoop(columnsOf(["JFK", 5], ["JFK", 6], ["ATL", 5]));
    assertEquals(one.delays.rows()[1]!.delay, two.delays.rows()[1]!.delay);
    assertEquals(one.differences(two, "bus").length, 2);
  });
});
