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

  it("tells several events under way apart, whichever is done first", () => {
    let now = 0;
    const probe = new LatencyProbe(2, 1, () => now);
    const slow = {};
    const fast = {};
    probe.publishing(slow);
    now = 10;
    probe.publishing(fast);
    probe.handled(slow);
    now = 11;
    probe.handled(fast);
    probe.handled(fast);
    assertEquals([probe.histogram.count, probe.histogram.max], [1, 1]);
    now = 40;
    probe.handled(slow);
    assertEquals([probe.histogram.count, probe.histogram.max], [2, 40]);
    probe.handled(slow);
    assertEquals(probe.histogram.count, 2);
  });
});
