import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { EXTREME_DELAY, plainLoop } from "../../../examples/flights/baseline.ts";
import type { FlightColumns } from "../../../examples/flights/columns.ts";

function group(...flights: [origin: string, delay: number][]): FlightColumns {
  return {
    length: flights.length,
    time: Float64Array.from(flights, (_, i) => i * 60_000),
    delay: Int32Array.from(flights, ([, delay]) => delay),
    distance: Int32Array.from(flights, () => 100),
    origin: flights.map(([origin]) => origin),
    destination: flights.map(() => "LAX"),
  };
}

async function* groups(...all: FlightColumns[]): AsyncGenerator<FlightColumns> {
  for (const one of all) yield await Promise.resolve(one);
}

describe("flights: plain loop", () => {
  it("counts every flight of every group, and the extreme ones apart", async () => {
    const tally = await plainLoop(groups(
      group(["JFK", 5], ["ATL", EXTREME_DELAY]),
      group(["JFK", EXTREME_DELAY - 1]),
      group(["JFK", EXTREME_DELAY + 400]),
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

  it("gives empty tables for no flights", async () => {
    const tally = await plainLoop(groups());
    assertEquals(tally.delays.flights, 0);
    assertEquals(tally.alerts.rows(), []);
  });
});
