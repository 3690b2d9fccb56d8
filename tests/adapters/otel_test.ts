import { createEvent, Emitter } from "@nova/events/emitter";
import type { Listener, ListenerContext } from "@nova/events/listener";
import {
  bridgeMetrics,
  type MeterLike,
  type ObservableResultLike,
  openTelemetry,
  type OpenTelemetryApi,
  type SpanBeginning,
  type SpanLike,
} from "@nova/events/otel";
import * as realApi from "@opentelemetry/api";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

/** A span that remembers what it was told. */
class Recorded implements SpanLike {
  readonly name: string;
  readonly beginning: SpanBeginning;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string | undefined;
  readonly told: unknown[] = [];

  constructor(name: string, beginning: SpanBeginning, parent: Place | undefined, number: number) {
    this.name = name;
    this.beginning = beginning;
    this.traceId = parent?.traceId ?? "a".repeat(31) + number;
    this.spanId = "b".repeat(15) + number;
    this.parent = parent?.spanId;
  }

  spanContext() {
    const { traceId, spanId } = this;
    return { traceId, spanId, traceFlags: 1, traceState: { serialize: () => "vendor=1" } };
  }

  recordException(error: Error | string): void {
    this.told.push(error instanceof Error ? error.message : error);
  }

  setStatus({ code }: { code: number }): void {
    this.told.push(code);
  }

  end(): void {
    this.told.push("end");
  }
}

interface Place {
  readonly traceId: string;
  readonly spanId: string;
}

/** An api with a context that lasts as long as a call does. */
class Recorder implements OpenTelemetryApi<Place | undefined, Recorded> {
  readonly spans: Recorded[] = [];
  #active: Place | undefined;

  readonly trace = {
    getTracer: () => ({
      startSpan: (name: string, beginning: SpanBeginning, parent: Place | undefined) => {
        const span = new Recorded(name, beginning, parent, this.spans.length);
        this.spans.push(span);
        return span;
      },
    }),
    setSpan: (_: unknown, span: Recorded) => span.spanContext(),
    setSpanContext: (_: unknown, remote: Place) => remote,
    getSpanContext: (place: Place | undefined) => place && { ...place, traceFlags: 1 },
  };

  readonly context = {
    active: () => this.#active,
    with: <Result>(place: Place | undefined, fn: () => Result): Result => {
      const before = this.#active;
      this.#active = place;
      try {
        return fn();
      } finally {
        this.#active = before;
      }
    },
  };
}

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

describe("openTelemetry()", () => {
  const env = useTestEnv();
  const context = { attempt: 2 } as ListenerContext;

  it("opens a span around what is sent, and its trace goes with the event", async () => {
    const api = new Recorder();
    const otel = openTelemetry(api);
    const emitter = new Emitter({ env, middleware: [otel.sending()] });
    const seen: unknown[] = [];
    emitter.on("a", ({ metadata }) => void seen.push({ ...metadata }));
    await emitter.emit("a", 1, { metadata: { tenant: "t", tracestate: "old=1" } });

    const [span] = api.spans;
    assertEquals([span!.name, span!.beginning.kind, span!.told], ["send a", 3, ["end"]]);
    assertEquals(seen, [{
      tenant: "t",
      traceparent: `00-${span!.traceId}-${span!.spanId}-01`,
      tracestate: "vendor=1",
    }]);
  });

  it("opens a span around what is handled, in the trace of the event", async () => {
    const api = new Recorder();
    const otel = openTelemetry(api);
    const { promise, resolve } = Promise.withResolvers<void>();
    const inside: unknown[] = [];
    const listener = otel.handling(() => {
      inside.push(api.context.active()?.spanId);
      return promise;
    }, { name: "mail" });
    const event = createEvent("a", 1, { metadata: { traceparent: TRACEPARENT }, env });
    const done = listener(event, context);

    const [span] = api.spans;
    assertEquals([span!.name, span!.beginning.kind], ["handle mail", 4]);
    assertEquals([span!.traceId, span!.parent], [TRACE, "00f067aa0ba902b7"]);
    assertEquals(span!.beginning.attributes, {
      "messaging.system": "nova",
      "messaging.destination.name": "a",
      "messaging.message.id": event.id,
      "nova.attempt": 2,
    });
    assertEquals([inside, span!.told], [[span!.spanId], []]);
    resolve();
    await done;
    assertEquals(span!.told, ["end"]);
  });

  it("continues from sender to listener, through the backlog of an emitter", async () => {
    const api = new Recorder();
    const otel = openTelemetry(api);
    const emitter = new Emitter({ env });
    emitter.on("a", otel.handling(() => {}));
    const remote = { traceId: TRACE, spanId: "00f067aa0ba902b7" };
    api.context.with(remote, () => emitter.enqueue(otel.carrying({ type: "a", data: 1 })));
    await env.settle();
    assertEquals([api.spans[0]!.traceId, api.spans[0]!.parent], [TRACE, remote.spanId]);
    await emitter.close();
  });

  it("records what is thrown, and throws it on", async () => {
    const failures: [unknown, string][] = [
      [new Error("broken"), "broken"],
      ["text", '"text"'],
      [undefined, "undefined"],
    ];
    for (const [thrown, message] of failures) {
      const api = new Recorder();
      const otel = openTelemetry(api);
      const throwing: Listener = () => {
        throw thrown;
      };
      const sync = otel.handling(throwing);
      const async = otel.handling(() => Promise.reject(thrown));
      let caught: unknown = "nothing";
      try {
        void sync({ type: "a", data: 1 }, context);
      } catch (error) {
        caught = error;
      }
      assertEquals(caught, thrown);
      const settled = await Promise.allSettled([async({ type: "a", data: 1 }, context)]);
      assertEquals(settled, [{ status: "rejected", reason: thrown }]);
      for (const { told } of api.spans) assertEquals(told, [message, 2, "end"]);
    }
  });

  it("links one span to the traces of a batch", () => {
    const api = new Recorder();
    const otel = openTelemetry(api);
    const events = [TRACEPARENT, "nonsense", TRACEPARENT.replace("4bf", "5bf")].map(
      (traceparent) => ({ type: "a", data: 1, metadata: { traceparent } }),
    );
    const length = otel.handlingBatch(events, (all) => all.length, { name: "write" });
    const [span] = api.spans;
    assertEquals([length, span!.name], [3, "handle write"]);
    assertEquals(
      span!.beginning.links?.map(({ context }) => context.traceId),
      [TRACE, TRACE.replace("4bf", "5bf")],
    );
  });

  it("leaves events alone where nothing is active", () => {
    const otel = openTelemetry(new Recorder());
    const event = { type: "a", data: 1 };
    assertEquals(otel.carrying(event) === event, true);
  });

  it("does nothing, and breaks nothing, with the real api and no SDK behind it", async () => {
    const otel = openTelemetry(realApi);
    const emitter = new Emitter({ env, middleware: [otel.sending()] });
    const seen: unknown[] = [];
    emitter.on("a", otel.handling(({ metadata }) => void seen.push(metadata?.["traceparent"])));
    emitter.on("b", otel.handling(() => Promise.reject(new Error("no"))));
    await emitter.emit("a", 1);
    await emitter.emit("a", 1, { metadata: { traceparent: TRACEPARENT } });
    await assertRejects(() => emitter.emit("b", 1));
    assertEquals(seen, [undefined, TRACEPARENT]);
  });

  it("refuses what is not the api", () => {
    for (const api of [null, undefined, {}, { trace: {} }]) {
      assertThrows(() => openTelemetry(api as never), TypeError, "@opentelemetry/api");
    }
    const otel = openTelemetry(new Recorder());
    assertThrows(() => otel.handling(1 as never), TypeError);
    assertThrows(() => otel.handling(() => {}, 1 as never), TypeError);
    assertThrows(() => otel.handlingBatch([], 1 as never), TypeError);
  });
});

/** A meter whose instruments are asked at will. */
class FakeMeter implements MeterLike {
  readonly instruments = new Map<string, {
    readonly kind: string;
    readonly unit: string | undefined;
    readonly callbacks: Set<(result: ObservableResultLike) => void>;
  }>();

  #make(kind: string, name: string, unit: string | undefined) {
    const callbacks = new Set<(result: ObservableResultLike) => void>();
    this.instruments.set(name, { kind, unit, callbacks });
    return {
      addCallback: (callback: (result: ObservableResultLike) => void) =>
        void callbacks.add(callback),
      removeCallback: (callback: (result: ObservableResultLike) => void) =>
        void callbacks.delete(callback),
    };
  }

  createObservableCounter(name: string, options?: { unit?: string }) {
    return this.#make("counter", name, options?.unit);
  }

  createObservableGauge(name: string, options?: { unit?: string }) {
    return this.#make("gauge", name, options?.unit);
  }

  ask(name: string): [number, Record<string, string> | undefined][] {
    const readings: [number, Record<string, string> | undefined][] = [];
    for (const callback of this.instruments.get(name)?.callbacks ?? []) {
      callback({ observe: (value, attributes) => void readings.push([value, attributes]) });
    }
    return readings;
  }
}

describe("bridgeMetrics()", () => {
  const env = useTestEnv();

  it("answers a meter with the families of the parts, read once a collection", async () => {
    const emitter = new Emitter({ name: "shop", env, timing: "all" });
    emitter.on("a", () => {}, { id: "l" });
    let reads = 0;
    const part = {
      name: "shop",
      stats() {
        reads += 1;
        return emitter.stats();
      },
    };
    const meter = new FakeMeter();
    const bridge = bridgeMetrics(meter, { emitter: part });
    await emitter.emit("a", 1);
    reads = 0;

    const series = { emitter: "shop", type: "a", result: "success" };
    assertEquals(
      meter.ask("nova_events_emitted_total").find(([, labels]) => labels!["type"] === "a"),
      [1, series],
    );
    assertEquals(meter.ask("nova_active_listeners"), [[1, { emitter: "shop" }]]);
    const listener = { component: "emitter/shop", listener: "l" };
    assertEquals(meter.ask("nova_listener_duration_seconds_count"), [[1, listener]]);
    assertEquals(reads, 1);
    const kinds = [...meter.instruments].map(([name, { kind, unit }]) => [name, kind, unit]);
    assertEquals(kinds.find(([name]) => name === "nova_listener_duration_seconds_sum"), [
      "nova_listener_duration_seconds_sum",
      "counter",
      "s",
    ]);

    await emitter.emit("a", 1);
    assertEquals(meter.ask("nova_listener_duration_seconds_count"), [[2, listener]]);
    bridge[Symbol.dispose]();
    assertEquals(meter.ask("nova_active_listeners"), []);
  });

  it("makes instruments for what comes later", async () => {
    const emitter = new Emitter({ name: "shop", env, timing: "all" });
    const meter = new FakeMeter();
    bridgeMetrics(meter, { emitter });
    await Promise.resolve();
    emitter.on("a", () => {}, { id: "l" });
    assertEquals(meter.ask("nova_listener_duration_seconds_count"), []);
    meter.ask("nova_active_listeners");
    assertEquals(meter.ask("nova_listener_duration_seconds_count").length, 1);
  });

  it("takes the meter of the real api", () => {
    bridgeMetrics(realApi.metrics.getMeter("t"), { emitter: new Emitter({ env }) })
      [Symbol.dispose]();
  });

  it("refuses what is no meter", () => {
    for (const meter of [null, {}, { createObservableCounter() {} }]) {
      assertThrows(() => bridgeMetrics(meter as never, {}), TypeError);
    }
    assertThrows(() => bridgeMetrics(new FakeMeter(), {}, { maxSeries: 0 }), RangeError);
  });
});
