import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { TurnClock } from "../../src/internal/turn_clock.ts";

describe("TurnClock", () => {
  it("reads the clock once per turn, and none before it is asked", async () => {
    let readings = 0;
    const clock = new TurnClock({ monotonic: () => readings++ });
    assertEquals(readings, 0);

    assertEquals([clock.now(), clock.now(), readings], [0, 0, 1]);
    await undefined;
    await undefined;
    assertEquals([clock.now(), clock.now(), readings], [1, 1, 2]);
  });
});
