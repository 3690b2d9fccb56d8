import { Bus } from "@nova/events/bus";
import { Emitter } from "@nova/events/emitter";
import { anyone, inspector, type MetricsPageOptions, type Parts } from "@nova/events/http";
import { ListenerManager, supervise } from "@nova/events/listener";
import { WorkerPool } from "@nova/events/pool";
import { MemoryStore } from "@nova/events/store";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

describe("/metrics", () => {
  const env = useTestEnv();

  async function scrape(
    parts: Parts,
    metrics: MetricsPageOptions = {},
    accept = "text/plain",
  ): Promise<{ body: string; type: string; series: Map<string, number> }> {
    const inspect = inspector(parts, { authorize: anyone(), env, metrics });
    const response = await inspect(
      new Request("http://localhost/metrics", { headers: { accept } }),
    );
    const body = await response.text();
    const series = new Map<string, number>();
    for (const line of body.split("\n")) {
      if (line === "" || line.startsWith("#")) continue;
      const [, name, value] = /^(.+) (\S+)$/.exec(line)!;
      assert(!series.has(name!), `${name} is there twice`);
      series.set(name!, Number(value));
    }
    return { body, type: response.headers.get("content-type") ?? "", series };
  }

  it("tells what became of the events of an emitter, by type", async () => {
    const emitter = new Emitter({ name: "shop", env, bufferSize: 1, overflow: "reject" });
    emitter.on("placed", function mail() {});
    emitter.on("paid", () => {
      throw new Error("no");
    }, { id: "book" });
    await emitter.emit("placed", 1);
    await assertRejects(() => emitter.emit("paid", 1));
    await emitter.emit("nobody.listens", 1);
    await assertRejects(() => emitter.emit("", 1));
    assert(emitter.tryEnqueue("placed", 2));
    assert(!emitter.tryEnqueue("placed", 3));
    await assertRejects(() => emitter.enqueue("placed", 3));
    const { series } = await scrape({ emitter });

    const emitted = (type: string, result: string) =>
      series.get(`nova_events_emitted_total{emitter="shop",type="${type}",result="${result}"}`);
    assertEquals(
      [emitted("placed", "success"), emitted("placed", "failed"), emitted("paid", "failed")],
      [2, 0, 1],
    );
    assertEquals(
      [
        "success",
        "failed",
        "no_subscribers",
        "validation_failed",
        "buffer_full",
        "timeout",
        "queued",
      ]
        .map((result) => emitted("other", result)),
      [0, 0, 1, 1, 2, 0, 1],
    );
    const component = 'component="emitter/shop"';
    assertEquals(
      series.get(`nova_events_processed_total{${component},listener="book",result="failed"}`),
      1,
    );
    assertEquals(
      series.get(`nova_events_processed_total{${component},listener="mail",result="success"}`),
      2,
    );
    assertEquals(series.get(`nova_queue_size{${component}}`), 0);
    assertEquals(series.get(`nova_queue_capacity{${component}}`), 1);
    assertEquals(series.get('nova_active_listeners{emitter="shop"}'), 2);
    await emitter.close();
    assertEquals(
      (await scrape({ emitter })).series.get(
        'nova_events_emitted_total{emitter="shop",type="other",result="queued"}',
      ),
      1,
    );
  });

  it("counts producers that waited in vain, and what policies dropped", async () => {
    const emitter = new Emitter({ name: "e", env, bufferSize: 1, waitMs: 100, maxConcurrency: 1 });
    emitter.on("a", () => new Promise(() => {}));
    for (let i = 0; i < 2; i++) {
      await emitter.enqueue("a", i);
      await env.settle();
    }
    const late = emitter.enqueue("a", 3);
    const failed = assertRejects(() => late);
    await env.advance(100);
    await failed;
    const { series } = await scrape({ emitter });
    assertEquals(
      series.get('nova_events_emitted_total{emitter="e",type="other",result="timeout"}'),
      1,
    );
    assertEquals(series.get('nova_events_in_flight{component="emitter/e"}'), 1);
    const closing = emitter.close({ signal: AbortSignal.abort() });
    await env.settle();
    await closing;
    const after = await scrape({ emitter });
    assertEquals(
      after.series.get('nova_events_dropped_total{component="emitter/e",reason="policy"}'),
      1,
    );
  });

  it("never lets a counter fall, whatever is under way", async () => {
    const emitter = new Emitter({ name: "e", env, onError: () => "handled" });
    const waiting: (() => void)[] = [];
    emitter.on(
      "a",
      ({ data }) => new Promise((resolve, reject) => waiting.push(data === 1 ? reject : resolve)),
    );
    const seen = new Map<string, number>();
    const look = async (): Promise<void> => {
      for (const [name, value] of (await scrape({ emitter })).series) {
        if (!name.includes("_total")) continue;
        assert(value >= (seen.get(name) ?? 0), `${name} fell from ${seen.get(name)} to ${value}`);
        seen.set(name, value);
      }
    };
    for (let i = 0; i < 3; i++) {
      const all = [emitter.emit("a", 0), emitter.emit("a", 1), emitter.enqueue("a", 1)];
      await look();
      await env.settle();
      await look();
      for (const settle of waiting.splice(0)) settle();
      await Promise.all(all);
      await env.settle();
      await look();
    }
    await emitter.close();
  });

  it("never lets what others count fall when one of them gets a series of its own", async () => {
    const emitter = new Emitter<{ a: number }>({ name: "e", env });
    const inspect = inspector({ emitter }, { authorize: anyone(), env });
    const others = async () => {
      const body = await (await inspect(new Request("http://localhost/metrics"))).text();
      return /type="other",result="success"\} (\d+)/.exec(body)?.[1];
    };
    const first = emitter.on("a", () => {});
    for (let i = 0; i < 5; i++) await emitter.emit("a", i);
    assertEquals(await others(), "0");
    first.unsubscribe();
    assertEquals(await others(), "5");
    emitter.on("a", () => {});
    assertEquals(await others(), "5");
  });

  it("tells what became of the events of a bus, by topic and subscription", async () => {
    const bus = new Bus({ name: "shop", env });
    const orders = bus.topic<{ placed: number }>("orders", {
      partitions: 2,
      bufferSize: 10,
      retry: { attempts: 2, delayMs: 10, jitter: "none" },
    });
    orders.subscribe(({ data }) => {
      if (data === 0) throw new Error("no");
    }, { id: "book" });
    for (let i = 0; i < 3; i++) await orders.publish({ type: "placed", data: i });
    await env.advance(10);
    const slow = bus.topic("slow", { partitions: 2, bufferSize: 10 });
    slow.subscribe(() => new Promise(() => {}), { id: "never" });
    for (let i = 0; i < 3; i++) await slow.publish({ type: "placed", data: i });
    await env.settle();
    const { series } = await scrape({ bus });

    const component = 'component="bus/shop/orders"';
    const topic = 'bus="shop",topic="orders"';
    const listener = `${component},listener="book"`;
    const expected: Record<string, number> = {
      [`nova_topic_events_total{${topic},result="accepted"}`]: 3,
      [`nova_topic_events_total{${topic},result="rejected"}`]: 0,
      [`nova_events_processed_total{${listener},result="success"}`]: 2,
      [`nova_events_processed_total{${listener},result="dead_lettered"}`]: 1,
      [`nova_listener_retries_total{${listener}}`]: 1,
      [`nova_queue_size{component="bus/shop/slow"}`]: 1,
      [`nova_events_in_flight{component="bus/shop/slow",listener="never"}`]: 2,
      [`nova_queue_capacity{${component}}`]: 20,
      [`nova_partition_queue_size{bus="shop",topic="slow",partition="0"}`]: 1,
      [`nova_subscription_lag{component="bus/shop/slow",listener="never"}`]: 3,
      [`nova_subscription_stops{component="bus/shop/slow",listener="never"}`]: 0,
      [`nova_listener_timeouts_total{component="bus/shop/slow",listener="never"}`]: 0,
      [`nova_partition_lag{bus="shop",topic="slow",partition="0"}`]: 2,
      [`nova_topic_delayed{bus="shop",topic="slow"}`]: 0,
      [`nova_queue_size{component="bus/shop/orders.dlq"}`]: 1,
    };
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(series.get(name), value, name);
    }
    const closing = bus.close({ signal: AbortSignal.abort() });
    await env.settle();
    await closing;
  });

  it("tells how supervised listeners are doing, in managers and alone", async () => {
    const manager = new ListenerManager({ name: "mails", env });
    manager.register("mail", () => {
      throw new Error("no");
    }, { retry: false, breaker: { kind: "consecutive", failures: 1 } });
    manager.start();
    await assertRejects(() => manager.dispatch("mail", { type: "a", data: 1 }));
    const alone = supervise(function alone() {}, { env });
    const { series } = await scrape({ listeners: [manager, alone] });

    const listener = 'component="listeners/mails",listener="mail"';
    assertEquals(series.get(`nova_events_processed_total{${listener},result="failed"}`), 1);
    assertEquals(series.get(`nova_circuit_state{${listener},state="open"}`), 1);
    assertEquals(series.get(`nova_circuit_state{${listener},state="closed"}`), 0);
    assertEquals(series.get('nova_health{component="listeners/mails",status="circuit-open"}'), 1);
    assertEquals(
      series.get('nova_listener_zombies{component="listeners/alone",listener="alone"}'),
      0,
    );
    await manager.stop();
  });

  it("tells about pools and stores", async () => {
    const pool = new WorkerPool({ name: "cpu", workers: 2, env });
    await pool.submit(() => 1);
    await assertRejects(() =>
      pool.submit(() => {
        throw new Error("no");
      })
    );
    const store = new MemoryStore({ name: "log", env });
    await store.append("s", [{ type: "a", data: 1 }]);
    const { series } = await scrape({ pool, store });

    assertEquals(series.get('nova_pool_tasks_total{pool="cpu",result="completed"}'), 1);
    assertEquals(series.get('nova_pool_tasks_total{pool="cpu",result="failed"}'), 1);
    assertEquals(series.get('nova_pool_workers{pool="cpu"}'), 2);
    assertEquals(series.get('nova_store_events{store="log"}'), 1);
    assertEquals(series.get('nova_store_position{store="log"}'), 1);
    await pool.close();
    await store.close();
  });

  it("shows durations where listeners are timed", async () => {
    const emitter = new Emitter({ name: "e", env, timing: "all" });
    emitter.on("a", () => {}, { id: "l" });
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    await emitter.emit("a", 1, { metadata: { traceparent } });

    const { body } = await scrape({ emitter }, {}, "application/openmetrics-text");
    const name = 'nova_listener_duration_seconds_bucket{component="emitter/e",listener="l",le=';
    assert(
      body.includes(`${name}"0.00001"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0 `),
      body,
    );
  });

  it("folds what goes beyond maxSeries", async () => {
    const emitter = new Emitter({ name: "e", env });
    for (let i = 0; i < 10; i++) emitter.on(`t${i}`, () => {}, { id: `l${i}` });
    const small = await scrape({ emitter }, { maxSeries: 8 });
    assert(small.series.get("nova_metrics_folded_series")! > 0);
    assertEquals((await scrape({ emitter })).series.get("nova_metrics_folded_series"), 0);
  });

  it("has no series twice, whatever parts and listeners are called", async () => {
    const emitters = ["x", "x", "other"].map((name) => new Emitter({ name, env }));
    for (const emitter of emitters) {
      emitter.on("other", () => {}, { id: "same" });
      emitter.on("other", () => {}, { id: "same" });
      emitter.on('"} 1\nforged 1', () => {}, { id: "\n# EOF\n" });
      await emitter.emit("other", 1);
      await emitter.emit('"} 1\nforged 1', 1);
    }
    const { series, body } = await scrape({ emitter: emitters });
    assert(!body.includes("\nforged"));
    assert(!body.includes("\n# EOF"));
    const name = 'nova_events_processed_total{component="emitter/x",listener="same",';
    assertEquals(series.get(`${name}result="success"}`), 2);
  });

  it("answers in the format that is preferred, and says so", async () => {
    const text = await scrape({});
    assertEquals(text.type, "text/plain; version=0.0.4; charset=utf-8");
    const open = await scrape({}, {}, "application/openmetrics-text;version=1.0.0");
    assertEquals(open.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert(open.body.endsWith("\n# EOF\n"));
  });

  it("takes metrics of others on the same page", async () => {
    for (const [accept, end] of [["text/plain", ""], ["application/openmetrics-text", "# EOF\n"]]) {
      for (const more of ["mine 1", "mine 1\n", "mine 1\n# EOF\n"]) {
        const asked: string[] = [];
        const { body } = await scrape({}, {
          text: (format) => {
            asked.push(format);
            return Promise.resolve(more);
          },
        }, accept);
        assert(body.endsWith(`\nmine 1\n${end}`), body);
        assertEquals(body.split("# EOF").length, end === "" ? 1 : 2);
        assertEquals(asked, [end === "" ? "text" : "openmetrics"]);
      }
    }
  });

  it("refuses options that make no sense", () => {
    assertThrows(() => inspector({}, { metrics: { maxSeries: 0 } }), RangeError);
    const refuse = (metrics: unknown) =>
      assertThrows(() => inspector({}, { metrics: metrics as MetricsPageOptions }), TypeError);
    refuse({ text: "text" });
    refuse({ extra: "text" });
    refuse(1);
  });
});
