// Deno's own OpenTelemetry, which needs no SDK: a trace goes from a request through a queue.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "node:test";
import { run } from "../runtimes/tools.ts";

describe("the OpenTelemetry of Deno", () => {
  it("sees one trace from the request to the listener behind a queue, and the metrics", async () => {
    const map = "--import-map=tests/std/offline.json";
    const program = "tests/real/otel/program.ts";
    const { code, output } = await run(
      [Deno.execPath(), "run", "-A", "--quiet", "--no-check", map, program],
      {
        NO_COLOR: "1",
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_PROTOCOL: "console",
        OTEL_METRIC_EXPORT_INTERVAL: "200",
      },
    );
    assertEquals(code, 0, output);

    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const spanOf = (name: string): { id: string; parent: string } => {
      const found = new RegExp(`SPAN ${name} \\[${trace}/(\\w+)\\].*\\n  parent: (\\w+)`).exec(
        output,
      );
      assert(found !== null, `no span "${name}" in that trace:\n${output}`);
      return { id: found[1]!, parent: found[2]! };
    };
    const [request, sent, handled] = [
      spanOf("GET"),
      spanOf("send order.placed"),
      spanOf("handle mail"),
    ];
    assertEquals(request.parent, "00f067aa0ba902b7");
    assertEquals(sent.parent, request.id);
    assertEquals(handled.parent, sent.id);
    assertMatch(output, new RegExp(`traceparent 00-${trace}-${sent.id}-01`));
    assertMatch(output, /METRIC nova_events_emitted_total/);
    assertMatch(output, /emitter=shop.*result=success.*value=1/);
  });
});
