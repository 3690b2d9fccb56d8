// deno-lint-ignore-file no-console -- the test reads it
/** A program whose spans the test looks for: a request, an emit within it, and a listener behind a queue. */

import { Emitter } from "@nova/events/emitter";
import { bridgeMetrics, openTelemetry } from "@nova/events/otel";
import * as api from "@opentelemetry/api";

const otel = openTelemetry(api);
const emitter = new Emitter({ name: "shop", middleware: [otel.sending()] });
bridgeMetrics(api.metrics.getMeter("shop"), { emitter });
const { promise: handled, resolve } = Promise.withResolvers<void>();
emitter.on(
  "order.placed",
  otel.handling(({ metadata }) => {
    console.log(`traceparent ${metadata?.["traceparent"]}`);
    resolve();
  }, { name: "mail" }),
);

const server = Deno.serve(
  { port: 0, hostname: "127.0.0.1", onListen() {} },
  async () => {
    await emitter.enqueue(otel.carrying({ type: "order.placed", data: 42 }));
    return new Response("ok");
  },
);
const response = await fetch(`http://127.0.0.1:${server.addr.port}/`, {
  headers: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
});
await response.text();
await handled;
// A reader collects now and then, not at the end.
await new Promise((resolve) => setTimeout(resolve, 600));
await emitter.close();
await server.shutdown();
