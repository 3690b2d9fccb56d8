import { advise } from "@nova/events/tuning";
import { assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import {
  formatReport,
  minimumFlights,
  type Summary,
  worstAirports,
} from "../../../examples/flights/report.ts";

function summary(changes: Partial<Summary> = {}): Summary {
  return {
    file: "flights-3m.parquet",
    flights: 3_000_000,
    airports: 229,
    seconds: { read: 1.5, plainLoop: 0.1, bus: 6, replay: 0.75 },
    eventsPerSecond: 500_000,
    replayedPerSecond: 4_000_000,
    latencyMs: { p50: 0.25, p99: 3.5, samples: 29_000 },
    seed: 1,
    injectedFailures: 560,
    retries: 561,
    alerts: 274,
    peakMemoryBytes: 1_234_567_890,
    advice: [],
    worstAirports: [{ airport: "BGR", flights: 1_562, meanDelayMinutes: 16.572 }],
    differences: [],
    ...changes,
  };
}

describe("flights: report", () => {
  it("shows every figure of the summary", () => {
    const text = formatReport(summary());
    for (
      const part of [
        "1.50 s, 3,000,000 flights",
        "0.10 s",
        "6.00 s, 500,000 events/s",
        "0.75 s, 4,000,000 events/s",
        "p50 0.25 ms, p99 3.50 ms",
        "29,000 samples",
        "561 after 560 injected failures",
        "seed 1",
        "274 delays",
        "1,235 MB",
        "at least 1,000 flights",
        "1  BGR   16.6 min      1,562 flights",
        "OK: plain loop, bus and replay agree on 3,000,000 flights at 229 airports",
      ]
    ) assertStringIncludes(text, part);
  });

  it("shows what the advisor found", () => {
    const store = { events: 7, bytes: 0, retained: false };
    const text = formatReport(summary({ advice: advise([{ at: 0, store: { history: store } }]) }));

    assertStringIncludes(text, '\nAdvice: 1 finding\n\nNOTICE Memory growth: store "history"\n');
    assertStringIncludes(formatReport(summary()), "Advice: No findings");
  });

  it("says FAILED, with the first ten differences, and never OK", () => {
    const differences = Array.from({ length: 12 }, (_, i) => `bus, delays at A${i}: missing`);
    const text = formatReport(summary({ differences }));
    assertStringIncludes(text, "FAILED: 12 differences");
    assertStringIncludes(text, "A9: missing");
    assertStringIncludes(text, "and 2 more");
    assertNotMatch(text, /A10|OK/);
  });

  it("asks for fewer flights per airport when there are fewer flights", () => {
    assertEquals(minimumFlights(3_000_000), 1_000);
    assertEquals(minimumFlights(9_000_000), 1_000);
    assertEquals(minimumFlights(30_000), 10);
    assertEquals(minimumFlights(1), 1);
  });

  it("makes a mean of a row", () => {
    const row = { airport: "JFK", flights: 4, delay: 50, worstDelay: 40, order: 0 };
    assertEquals(worstAirports([row]), [{ airport: "JFK", flights: 4, meanDelayMinutes: 12.5 }]);
  });
});
