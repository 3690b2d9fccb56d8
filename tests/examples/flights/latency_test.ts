import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { LatencyProbe } from "../../../examples/flights/latency.ts";

describe("flights: latency probe", () => {
  it("measures from publish until the last handler is done", () => {
    let now = 100;
    const probe = new LatencyProbe(3, 1, () => now);
    const event = {};
    probe.publishing(event);
    now += 5;
    probe.handled(event);
    probe.handled(event);
    assertEquals(probe.histogram.count, 0);
    now += 5;
    probe.handled(event);
    assertEquals(probe.histogram.count, 1);
    assertEquals(probe.histogram.max, 10);
  });

  it("follows every n-th event and no other", () => {
    let readings = 0;
    const probe = new LatencyProbe(1, 10, () => readings++);
    for (let i = 0; i < 100; i++) {
      const event = {};
      probe.publishing(event);
      probe.handled(event);
    }
    assertEquals(probe.histogram.count, 10);
    assertEquals(readings, 20);
  });

  it("takes no second event while one is under way", () => {
    const probe = new LatencyProbe(1, 2, () => 0);
    const events = Array.from({ length: 9 }, () => ({}));
    for (const event of events) probe.publishing(event);
    for (const event of events) probe.handled(event);
    assertEquals(probe.histogram.count, 1);
    const next = {};
    probe.publishing(next);
    probe.handled(next);
    assertEquals(probe.histogram.count, 2);
  });
});
