import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { DelayTable, type Flight, meanDelay } from "../../../examples/flights/table.ts";

const START = Date.UTC(2001, 0, 1);

function flight(origin: string, delay: number, destination = "LAX", distance = 500): Flight {
  return { origin, destination, delay, distance };
}

function tableOf(...flights: Flight[]): DelayTable {
  const table = new DelayTable();
  for (const one of flights) table.add(one, START);
  return table;
}

describe("flights: table", () => {
  it("counts flights, sums delays and keeps the worst, per origin", () => {
    const table = tableOf(
      flight("JFK", 10),
      flight("ATL", -5),
      flight("JFK", 2),
      flight("JFK", 30),
    );
    assertEquals(
      table.rows().map((row) => [row.airport, row.flights, row.delay, row.worstDelay]),
      [["ATL", 1, -5, -5], ["JFK", 3, 42, 30]],
    );
    assertEquals(table.flights, 4);
    assertEquals(table.rows().map(meanDelay), [-5, 14]);
  });

  it("lists the worst airports first and leaves out the small ones", () => {
    const table = tableOf(
      flight("AAA", 1),
      flight("AAA", 2),
      flight("BBB", 9),
      flight("BBB", 9),
      flight("CCC", 99),
      flight("DDD", 5),
      flight("DDD", 5),
    );
    assertEquals(table.worst(10, 2).map((row) => row.airport), ["BBB", "DDD", "AAA"]);
    assertEquals(table.worst(1, 1).map((row) => row.airport), ["CCC"]);
  });

  it("finds no difference in the same flights, whatever other airports did in between", () => {
    const one = tableOf(flight("JFK", 1), flight("ATL", 2), flight("JFK", 3));
    const two = tableOf(flight("ATL", 2), flight("JFK", 1), flight("JFK", 3));
    assertEquals(one.differences(two), []);
  });

  it("notices an exchange of two flights of one airport, though all totals agree", () => {
    const one = tableOf(flight("JFK", 1), flight("JFK", 3), flight("JFK", 2));
    const two = tableOf(flight("JFK", 3), flight("JFK", 1), flight("JFK", 2));
    const differences = one.differences(two);
    assertEquals(differences.length, 1);
    assertStringIncludes(differences[0]!, "JFK: order is");
  });

  it("puts every field of a flight into the order", () => {
    const order = (one: Flight, time = START): number => {
      const table = new DelayTable();
      table.add(one, time);
      return table.rows()[0]!.order;
    };
    const base = order(flight("JFK", 1, "LAX", 500));
    assertNotEquals(order(flight("JFK", 2, "LAX", 500)), base);
    assertNotEquals(order(flight("JFK", 1, "LAS", 500)), base);
    assertNotEquals(order(flight("JFK", 1, "LAX", 501)), base);
    assertNotEquals(order(flight("JFK", 1, "LAX", 500), START + 60_000), base);
  });

  it("notices a lost flight, a doubled one, and airports too many or too few", () => {
    const right = tableOf(flight("JFK", 1), flight("JFK", 1), flight("ATL", 0));
    const lost = tableOf(flight("JFK", 1), flight("ATL", 0)).differences(right);
    assertStringIncludes(lost.join("\n"), "JFK: flights is 1, expected 2");
    const doubled = tableOf(flight("JFK", 1), flight("JFK", 1), flight("ATL", 0), flight("ATL", 0));
    assertStringIncludes(doubled.differences(right).join("\n"), "ATL: flights is 2, expected 1");
    assertEquals(tableOf(flight("ATL", 0)).differences(right), ["JFK: missing"]);
    assertEquals(right.differences(tableOf(flight("ATL", 0))), ["JFK: not expected"]);
  });
});
