import {
  CONTENT_TYPES,
  expose,
  type Exposition,
  type Family,
  Metrics,
  negotiate,
} from "@nova/events/metrics";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";

function lines(family: Partial<Family>, format: Exposition = "text"): string[] {
  const whole: Family = {
    name: "events_total",
    help: "What it is.",
    type: "counter",
    series: [],
    ...family,
  };
  return expose([whole], format).split("\n");
}

describe("expose()", () => {
  it("writes counters as both formats want them", () => {
    const series = [
      { labels: { type: "a", result: "success" }, value: 3 },
      { labels: { type: "b", result: "failed" }, value: 1.5 },
    ];
    assertEquals(lines({ series }), [
      "# HELP events_total What it is.",
      "# TYPE events_total counter",
      'events_total{type="a",result="success"} 3',
      'events_total{type="b",result="failed"} 1.5',
      "",
    ]);
    assertEquals(lines({ series }, "openmetrics"), [
      "# HELP events What it is.",
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
      const series = [{ labels: {}, value }];
      assertEquals(lines({ name: "depth", type: "gauge", series }).at(-2), `depth ${text}`);
    }
  });

  it("leaves families without series out", () => {
    assertEquals(lines({}), [""]);
    assertEquals(expose([], "openmetrics"), "# EOF\n");
  });

  it("lets no label value end its line or its quotes, and no help its line", () => {
    const type = 'a"} 1\nforged_total{type="\\';
    const text = lines({ help: 'one\ntwo "\\"', series: [{ labels: { type }, value: 1 }] });
    assertEquals(text.length, 4);
    assertEquals(text[0], '# HELP events_total one\\ntwo "\\\\"');
    assertEquals(text[2], 'events_total{type="a\\"} 1\\nforged_total{type=\\"\\\\"} 1');
  });

  it("writes histograms cumulative up to +Inf, with units and exemplars", () => {
    const family: Partial<Family> = {
      name: "duration_seconds",
      type: "histogram",
      series: [{
        labels: { listener: "mail" },
        value: {
          bounds: [0.001, 0.005],
          counts: [1, 3],
          count: 4,
          sum: 20.5,
          exemplar: { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", value: 0.003, at: 1700 },
        },
      }],
    };
    const bucket = 'duration_seconds_bucket{listener="mail",le=';
    const end = [
      'duration_seconds_sum{listener="mail"} 20.5',
      'duration_seconds_count{listener="mail"} 4',
    ];
    assertEquals(lines(family).slice(2), [
      `${bucket}"0.001"} 1`,
      `${bucket}"0.005"} 3`,
      `${bucket}"+Inf"} 4`,
      ...end,
      "",
    ]);
    assertEquals(lines(family, "openmetrics").slice(2), [
      "# UNIT duration_seconds seconds",
      `${bucket}"0.001"} 1`,
      `${bucket}"0.005"} 3 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.003 1.7`,
      `${bucket}"+Inf"} 4`,
      ...end,
      "# EOF",
      "",
    ]);
  });
});

/** An emitter of which listeners are known by these ids. */
function partOf(ids: () => readonly string[]) {
  return {
    stats: () => ({
      types: [],
      listeners: ids().map((id) => ({ id, runs: 1, runFailures: 0, inFlight: 0 })),
    }),
  };
}

describe("Metrics", () => {
  /** The listeners whose success is shown, with how often. */
  function shown(metrics: Metrics): Record<string, number> {
    const family = metrics.collect().find(({ name }) => name === "nova_events_processed_total");
    return Object.fromEntries(
      family!.series.filter(({ labels }) => labels["result"] !== "failed")
        .map(({ labels, value }) => [labels["listener"]!, value as number]),
    );
  }

  function folded(metrics: Metrics): unknown {
    return metrics.collect().at(-1)!.series[0]!.value;
  }

  it("adds series with equal labels up, also those that only look equal on the wire", () => {
    const metrics = new Metrics({ emitter: partOf(() => ["a", "a", "\ud800", "\udfff"]) });
    assertEquals(shown(metrics), { a: 2, "\ufffd": 2 });
  });

  it("shortens what is too long for a label", () => {
    const metrics = new Metrics({ emitter: partOf(() => ["x".repeat(100_000)]) });
    assertEquals(Object.keys(shown(metrics))[0]!.length, 201);
  });

  it("folds what goes beyond maxSeries into other, and counts it", () => {
    const ids = ["a", "b", "c", "d"];
    const metrics = new Metrics({ emitter: partOf(() => ids) }, { maxSeries: 4 });
    // Two series for each listener.
    assertEquals(shown(metrics), { a: 1, b: 1, other: 2 });
    // Of the families of an emitter only this one and that of types have more than four.
    const whole = folded(new Metrics({ emitter: partOf(() => ids) }));
    assertEquals(whole, 0);
    assert(folded(metrics) as number >= 4);
  });

  it("keeps what the last scrape showed, whatever comes first in the next", () => {
    let ids = ["a", "b", "c"];
    const metrics = new Metrics({ emitter: partOf(() => ids) }, { maxSeries: 4 });
    shown(metrics);
    ids = ["c", "b", "a"];
    assertEquals(shown(metrics), { other: 1, b: 1, a: 1 });
  });

  it("gives the place of what is gone to others", () => {
    let ids = ["a", "b"];
    const metrics = new Metrics({ emitter: partOf(() => ids) }, { maxSeries: 4 });
    shown(metrics);
    ids = ["b"];
    shown(metrics);
    ids = ["c", "b", "d"];
    assertEquals(shown(metrics), { c: 1, b: 1, other: 1 });
  });

  it("takes families of others", () => {
    const mine: Family = {
      name: "mine",
      help: "Mine.",
      type: "gauge",
      series: [{ labels: {}, value: 1 }],
    };
    const { body } = new Metrics({}, { extra: () => [mine] }).expose();
    assertStringIncludes(body, "\nmine 1\n");
  });

  it("refuses what makes no sense", () => {
    for (const maxSeries of [0, 1.5, NaN]) {
      assertThrows(() => new Metrics({}, { maxSeries }), RangeError, "maxSeries");
    }
    assertThrows(() => new Metrics({}, { extra: 1 as never }), TypeError, "extra");
    assertThrows(() => new Metrics({ bus: {} } as never), TypeError, "stats()");
  });
});

describe("negotiate()", () => {
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
      ["APPLICATION/OPENMETRICS-TEXT; VERSION=1.0.0", "openmetrics"],
      ["application/openmetrics-text; version=2.0.0", "text"],
      ["application/openmetrics-text;q=0.2, text/plain;q=0.9", "text"],
      ["application/openmetrics-text;q=0", "text"],
      ["application/openmetrics-text;q=7", "text"],
      ["application/openmetrics-text;q=abc", "text"],
      [";;;==,,,;q=;", "text"],
    ] as [string | null, Exposition][]
  ) {
    it(`answers ${format} to ${accept?.slice(0, 60) ?? "nothing"}`, () => {
      assertEquals(negotiate(accept), format);
    });
  }

  it("has the content types that Prometheus takes", () => {
    assertEquals(CONTENT_TYPES, {
      text: "text/plain; version=0.0.4; charset=utf-8",
      openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
    });
  });
});
