// deno-lint-ignore-file no-console -- its output is what the runner reads
/**
 * A small program of a user, who has installed the npm tarball. `pack.ts` copies it into an empty
 * folder, type-checks it with tsc and runs it on Node, Bun and Deno: one probe for every entry.
 * Imports are dynamic so that one broken entry does not hide the others.
 */

export {}; // all imports below are dynamic, yet this is a module

type Orders = { "order.placed": { total: number }; "order.paid": { by: string } };

function expect(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what}: expected ${wanted}, found ${found}`);
}

const probes: Record<string, () => Promise<void>> = {
  ".": async () => {
    const { Bus, createEvent, Emitter, MemoryStore, NovaError } = await import("@nova/events");
    const emitter = new Emitter<Orders>();
    let total = 0;
    emitter.on("order.placed", (event) => void (total += event.data.total));
    await emitter.emit("order.placed", { total: 3 });
    await emitter.emit(createEvent("order.placed", { total: 4 }));
    expect("total", total, 7);
    await emitter.close();
    const refused = await emitter.emit("order.placed", { total: 1 }).catch((e: unknown) => e);
    expect("a NovaError", refused instanceof NovaError && refused.code, "closed");
    expect("Bus", typeof Bus, "function");
    expect("MemoryStore", typeof MemoryStore, "function");
  },
  "./emitter": async () => {
    const { Emitter } = await import("@nova/events/emitter");
    const emitter = new Emitter<Orders>({ bufferSize: 10 });
    const seen: string[] = [];
    const subscription = emitter.on("order.paid", ({ data }) => void seen.push(data.by));
    await emitter.enqueue("order.paid", { by: "card" });
    await emitter.close();
    expect("seen", seen.join(), "card");
    subscription.unsubscribe();
    expect("active", subscription.active, false);
  },
  "./bus": async () => {
    const { Bus } = await import("@nova/events/bus");
    const bus = new Bus();
    const topic = bus.topic<Orders>("orders", { partitions: 4, key: (event) => event.type });
    const totals: number[] = [];
    topic.on("order.placed", (event) => void totals.push(event.data.total));
    const receipt = await topic.publish({ type: "order.placed", data: { total: 5 } });
    expect("duplicate", receipt.duplicate, false);
    await bus.close();
    expect("totals", totals.join(), "5");
  },
  "./store": async () => {
    const { MemoryStore } = await import("@nova/events/store");
    const store = new MemoryStore<Orders>();
    const placed = { type: "order.placed", data: { total: 6 } } as const;
    const { version } = await store.append("order-1", [placed], { expect: "absent" });
    expect("version", version, 1);
    const [first] = await store.read("order-1");
    expect("type", first?.type, "order.placed");
    await store.close();
  },
  "./listener": async () => {
    const { supervise } = await import("@nova/events/listener");
    let calls = 0;
    const listener = supervise(() => void (calls += 1), { name: "probe" });
    const { Emitter } = await import("@nova/events/emitter");
    const emitter = new Emitter<Orders>();
    emitter.on("order.paid", listener);
    await emitter.emit("order.paid", { by: "card" });
    expect("calls", calls, 1);
  },
  "./pool": async () => {
    const { WorkerPool } = await import("@nova/events/pool");
    const pool = new WorkerPool({ workers: 2 });
    expect("result", await pool.submit(() => 7), 7);
    await pool.close();
  },
  "./tuning": async () => {
    const { queueSizeFor } = await import("@nova/events/tuning");
    const { value } = queueSizeFor({ eventsPerSecond: 50_000, burstMs: 100 });
    expect("queue size", value, 5000);
  },
  "./node": async () => {
    const node = await import("@nova/events/node");
    expect("something to use", Object.keys(node).length > 0, true);
  },
  "./sqlite": async () => {
    const { SqliteStore } = await import("@nova/events/sqlite");
    expect("SqliteStore", typeof SqliteStore, "function");
  },
  "./metrics": async () => {
    const { Histogram } = await import("@nova/events/metrics");
    const histogram = new Histogram();
    histogram.record(5);
    expect("count", histogram.count, 1);
  },
  "./http": async () => {
    const { anyone, inspector } = await import("@nova/events/http");
    const inspect = inspector({}, { authorize: anyone() });
    expect("status", (await inspect(new Request("http://localhost/metrics"))).status, 200);
    expect("status", (await inspect(new Request("http://localhost/debug/nova/"))).status, 200);
  },
  "./hono": async () => {
    const { novaRoutes } = await import("@nova/events/hono");
    expect("novaRoutes", typeof novaRoutes, "function");
  },
  "./otel": async () => {
    const { openTelemetry } = await import("@nova/events/otel");
    expect("openTelemetry", typeof openTelemetry, "function");
  },
  "./profile": async () => {
    const { Profile } = await import("@nova/events/profile");
    const profile = new Profile({ sampleTypes: [{ type: "orders", unit: "count" }] });
    profile.add([{ name: "pay" }], [2]);
    expect("gzip", (await profile.gzip())[0], 0x1f);
  },
  "./profiler": async () => {
    const { engineProfiler } = await import("@nova/events/profiler");
    expect("engineProfiler", typeof engineProfiler, "function");
  },
  "./testing": async () => {
    const { createTestEnv } = await import("@nova/events/testing");
    const env = createTestEnv();
    const start = env.now();
    await env.advance(250);
    expect("elapsed", env.now() - start, 250);
  },
};

for (const [entry, probe] of Object.entries(probes)) {
  try {
    await probe();
    console.log(`ok ${entry}`);
  } catch (error) {
    console.log(`FAILED ${entry} ${error instanceof Error ? error.stack : String(error)}`);
  }
}
