import {
  CONTENT_TYPES,
  Family,
  type FamilyType,
  type MetricsFormat,
  negotiateFormat,
  renderMetrics,
  Timing,
  Vocabulary,
} from "@nova/events/metrics";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";

function family(type: FamilyType, name: string, labels: readonly string[], limit = 100): Family {
  return new Family({ name, type, labels, help: "What it is" }, new Vocabulary(limit));
}

function render(one: Family, format: MetricsFormat = "text"): string[] {
  return renderMetrics([one], format).split("\n");
}

describe("renderMetrics()", () => {
  it("writes counters as both formats want them", () => {
    const events = family("counter", "events_total", ["type", "result"]);
    events.add(3, "a", "success");
    events.add(1.5, "b", "failed");

    assertEquals(render(events), [
      "# HELP events_total What it is",
      "# TYPE events_total counter",
      'events_total{type="a",result="success"} 3',
      'events_total{type="b",result="failed"} 1.5',
      "",
    ]);
    assertEquals(render(events, "openmetrics"), [
      "# HELP events What it is",
      "# TYPE events counter",
      'events_total{type="a",result="success"} 3',
      'events_total{type="b",result="failed"} 1.5',
      "# EOF",
      "",
    ]);
  });

  it("writes gauges without labels, and numbers that are none", () => {
    for (
      const [value, text] of [[0, "0"], [NaN, "NaN"], [Infinity, "+Inf"], [-Infinity, "-Inf"]] as [
        number,
        string,
      ][]
    ) {
      const gauge = family("gauge", "depth", []);
      gauge.add(value);
      assertEquals(render(gauge).at(-2), `depth ${text}`);
    }
  });

  it("leaves families without series out", () => {
    assertEquals(renderMetrics([family("gauge", "depth", [])], "text"), "");
    assertEquals(renderMetrics([], "openmetrics"), "# EOF\n");
  });

  it("adds series with equal labels up: none is there twice", () => {
    const events = family("counter", "events_total", ["type"]);
    events.add(1, "a");
    events.add(2, "a");
    // Lone surrogates become the same character.
    events.add(1, "\ud800");
    events.add(1, "\udfff");
    assertEquals(render(events).slice(2, -1), [
      'events_total{type="a"} 3',
      'events_total{type="\ufffd"} 2',
    ]);
  });

  it("lets no label value end its line or its quotes", () => {
    const events = family("counter", "events_total", ["type"]);
    const hostile = 'a"} 1\nforged_total{type="\\';
    events.add(1, hostile);
    const lines = render(events);

    assertEquals(lines.length, 4);
    assertEquals(
      lines[2],
      'events_total{type="a\\"} 1\\nforged_total{type=\\"\\\\"} 1',
    );
  });

  it("shortens what is too long for a label", () => {
    const events = family("counter", "events_total", ["type"]);
    events.add(1, "x".repeat(100_000));
    assert(render(events)[2]!.length < 250);
  });

  it("writes histograms in seconds, cumulative up to +Inf, with units and exemplars", () => {
    const durations = family("histogram", "listener_duration_seconds", ["listener"]);
    const timing = new Timing();
    for (const ms of [0.02, 3, 3, 20_000]) timing.durations.record(ms);
    timing.exemplar = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", ms: 3, at: 1_700_000_000_500 };
    durations.addTiming(timing, "mail");

    const text = render(durations);
    const bucket = (le: string): string | undefined =>
      text.find((line) => line.includes(`le="${le}"`));
    const start = 'listener_duration_seconds_bucket{listener="mail",le=';
    assertEquals(bucket("0.00001"), `${start}"0.00001"} 0`);
    assertEquals(bucket("0.000025"), `${start}"0.000025"} 1`);
    assertEquals(bucket("0.005"), `${start}"0.005"} 3`);
    assertEquals(bucket("10.0"), `${start}"10.0"} 3`);
    assertEquals(bucket("+Inf"), `${start}"+Inf"} 4`);
    assertEquals(text.at(-3), 'listener_duration_seconds_sum{listener="mail"} 20.00602');
    assertEquals(text.at(-2), 'listener_duration_seconds_count{listener="mail"} 4');
    assert(!text.join().includes("trace_id"));

    const open = render(durations, "openmetrics");
    assertStringIncludes(open.join("\n"), "# UNIT listener_duration_seconds seconds");
    assertEquals(open.filter((line) => line.includes("trace_id")), [
      `${start}"0.005"} 3 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.003 1700000000.5`,
    ]);
  });

  it("adds the durations of equal labels up", () => {
    const durations = family("histogram", "d_seconds", ["listener"]);
    for (const ms of [1, 2]) {
      const timing = new Timing();
      timing.durations.record(ms);
      durations.addTiming(timing, "same");
    }
    assertEquals(render(durations).at(-2), 'd_seconds_count{listener="same"} 2');
  });
});

describe("Vocabulary", () => {
  it("folds what is beyond the limit of a label into other, and counts it", () => {
    const vocabulary = new Vocabulary(2);
    const words = ["a", "b", "c", "d", "a"].map((word) => vocabulary.admit("type", word));
    assertEquals(words, ["a", "b", "other", "other", "a"]);
    assertEquals(vocabulary.admit("listener", "c"), "c");
    assertEquals(vocabulary.folded, 2);
  });

  it("keeps what the last scrape saw, whatever comes first in the next", () => {
    const vocabulary = new Vocabulary(2);
    for (const word of ["a", "b", "c"]) vocabulary.admit("type", word);
    vocabulary.turn();
    assertEquals(["c", "b", "a"].map((word) => vocabulary.admit("type", word)), [
      "other",
      "b",
      "a",
    ]);
  });

  it("gives the place of what is gone to others", () => {
    const vocabulary = new Vocabulary(2);
    for (const word of ["a", "b"]) vocabulary.admit("type", word);
    vocabulary.turn();
    vocabulary.admit("type", "b");
    vocabulary.turn();
    assertEquals(["c", "b", "d"].map((word) => vocabulary.admit("type", word)), [
      "c",
      "b",
      "other",
    ]);
  });
});

describe("negotiateFormat()", () => {
  const PROMETHEUS = "application/openmetrics-text;version=1.0.0;q=0.5," +
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
  for (
    const [accept, format] of [
      [null, "text"],
      ["", "text"],
      ["*/*", "text"],
      ["text/html", "text"],
      [PROMETHEUS, "openmetrics"],
      ["application/openmetrics-text", "openmetrics"],
      ['application/openmetrics-text; version="1.0.0"', "openmetrics"],
      ["APPLICATION/OPENMETRICS-TEXT; VERSION=1.0.0", "openmetrics"],
      ["application/openmetrics-text; version=2.0.0", "text"],
      ["application/openmetrics-text;q=0.2, text/plain;q=0.9", "text"],
      ["application/openmetrics-text;q=0", "text"],
      ["application/openmetrics-text;q=7", "text"],
      ["application/openmetrics-text;q=abc", "text"],
      [`${"x,".repeat(5000)}application/openmetrics-text`, "text"],
      [";;;==,,,;q=;", "text"],
    ] as [string | null, MetricsFormat][]
  ) {
    it(`answers ${format} to ${accept?.slice(0, 60) ?? "nothing"}`, () => {
      assertEquals(negotiateFormat(accept), format);
    });
  }

  it("has the content types that Prometheus takes", () => {
    assertEquals(CONTENT_TYPES, {
      text: "text/plain; version=0.0.4; charset=utf-8",
      openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
    });
  });
});
