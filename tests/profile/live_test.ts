import { Bus } from "@nova/events/bus";
import { Emitter } from "@nova/events/emitter";
import { ListenerManager, supervise } from "@nova/events/listener";
import { inline, WorkerPool } from "@nova/events/pool";
import { Profiles, profileText } from "@nova/events/profile";
import { UnavailableError } from "@nova/events/store";
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { fakeProfiler, read } from "./kit.ts";

/** A promise and what settles it. */
function gate(): { readonly promise: Promise<void>; open(): void; fail(): void } {
  let [open, fail] = [(): void => {}, (): void => {}];
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = () => reject(new Error("failed"));
  });
  return { promise, open, fail };
}

/** What the goroutine profile says: `[stack, count, age in ms, labels]`. */
function goroutines(profiles: Profiles): unknown[] {
  return read(profiles.live("goroutine").encode()).samples.map(({ stack, values, labels }) => [
    stack.join(" < "),
    values[1],
    values[0]! / 1e6,
    labels,
  ]);
}

describe('Profiles.live("goroutine")', () => {
  const env = useTestEnv();

  it("knows since when the handlers of an emitter run, and what waits", async () => {
    const emitter = new Emitter({ name: "shop", env, maxConcurrency: 1 });
    const profiles = new Profiles({ emitter }, { env });
    const busy = gate();
    emitter.on("order.placed", () => busy.promise, { id: "mail" });
    emitter.on("order.*", () => {}, { id: "sync" });
    void emitter.emit("order.placed", 1);
    await env.advance(500);
    void emitter.emit("order.placed", 2);
    for (let i = 0; i < 4; i++) void emitter.enqueue("order.placed", i);
    await env.advance(1_500);

    assertEquals(goroutines(profiles), [
      ["mail < order.placed < emitter/shop", 3, 2_000 + 1_500 + 1_500, {
        state: "running",
        attempt: 1,
      }],
      ["emitter/shop", 3, 0, { state: "queued" }],
    ]);
    busy.open();
    await env.settle();
    assertEquals(goroutines(profiles), []);
    await emitter.close();
  });

  it("counts handlers that began before it was there, without their age", async () => {
    const emitter = new Emitter({ env });
    const busy = gate();
    emitter.on("a", () => busy.promise, { id: "early" });
    void emitter.emit("a", 1);
    const profiles = new Profiles({ emitter }, { env });
    await env.advance(1_000);
    void emitter.emit("a", 1);

    assertEquals(goroutines(profiles), [
      ["early < a < emitter/emitter", 1, 0, { state: "running", attempt: 1 }],
      ["early < a < emitter/emitter", 1, 0, { state: "running" }],
    ]);
    busy.open();
    await emitter.close();
  });

  it("knows at which attempt the handlers of a bus are, and what is behind them", async () => {
    const bus = new Bus({ name: "shop", env });
    const profiles = new Profiles({ bus }, { env });
    const topic = bus.topic("orders", {
      key: () => "one",
      retry: { attempts: 3, delayMs: 1_000, jitter: "none" },
    });
    const busy = [gate(), gate()];
    topic.subscribe(
      ({ data }, { attempt }) => data === 1 ? busy[attempt - 1]!.promise : undefined,
      {
        id: "charge",
        maxConcurrency: 2,
      },
    );
    for (const data of [1, 2]) await topic.publish({ type: "placed", data });
    await env.settle();
    busy[0]!.fail();
    await env.advance(1_000);
    await env.advance(250);

    const [running, ...others] = goroutines(profiles) as unknown[][];
    assertEquals(running, ["charge < orders < bus/shop", 1, 250, { state: "running", attempt: 2 }]);
    const [stack, count, , labels] = others[0]!;
    assertEquals([stack, count, labels], ["charge < orders < bus/shop", 1, { state: "held" }]);
    busy[1]!.open();
    await env.settle();
    assertEquals(goroutines(profiles), []);
    await bus.close();
  });

  it("tells waiting for a slot from waiting in a queue", async () => {
    const bus = new Bus({ env });
    const profiles = new Profiles({ bus }, { env });
    const busy = gate();
    const topic = bus.topic("t");
    topic.subscribe(() => busy.promise, { id: "slow", maxConcurrency: 1 });
    for (let i = 0; i < 3; i++) await topic.publish({ type: "a", data: i });
    await env.settle();
    const states = goroutines(profiles).map((each) =>
      ((each as unknown[])[3] as { state: string }).state
    );
    assertEquals(states, ["running", "waiting for a slot"]);
    busy.open();
    await bus.close();
  });

  it("looks into managers, supervised listeners and pools", async () => {
    const manager = new ListenerManager({ name: "all", env });
    const busy = gate();
    const charge = manager.register("charge", () => busy.promise, { concurrency: 1 });
    const single = supervise(() => busy.promise, { name: "single", env });
    const pool = new WorkerPool({ name: "io", workers: 1, env });
    const emitter = new Emitter({ env });
    const profiles = new Profiles({ listeners: [manager, single as never], pool }, { env });
    manager.start();
    emitter.on("a", charge);
    emitter.on("a", single);
    void emitter.emit("a", 1);
    void emitter.emit("a", 2);
    const upload = (): Promise<void> => busy.promise;
    void pool.submit(upload);
    void pool.submit(upload);
    await env.advance(100);

    assertEquals(goroutines(profiles), [
      ["charge < listener/all", 1, 100, { state: "running", attempt: 1 }],
      ["charge < listener/all", 1, 0, { state: "waiting for a slot" }],
      ["single < listener/single", 2, 200, { state: "running", attempt: 1 }],
      ["upload < pool/io", 1, 100, { state: "running", attempt: 1 }],
      ["pool/io", 1, 0, { state: "queued" }],
    ]);
    busy.open();
    await env.settle();
    assertEquals(goroutines(profiles), []);
    await Promise.all([manager.stop(), pool.close(), emitter.close()]);
  });

  it("knows which tasks threads are at", async () => {
    const busy = gate();
    const pool = inline({ resize: () => busy.promise }, { name: "cpu", env });
    const profiles = new Profiles({ pool }, { env });
    const running = pool.run("resize", undefined);
    await env.settle();
    await env.advance(100);
    assertEquals(goroutines(profiles), [
      ["resize < pool/cpu", 1, 100, { state: "running", attempt: 1 }],
    ]);
    busy.open();
    await running;
    assertEquals(goroutines(profiles), []);
    await pool.close();
  });

  it("lists each for people", async () => {
    const emitter = new Emitter({ name: "shop", env });
    const profiles = new Profiles({ emitter }, { env });
    assertEquals(profiles.goroutines(), "nothing runs and nothing waits\n");
    const busy = gate();
    emitter.on("a", () => busy.promise, { id: "ma\nil" });
    void emitter.emit("a", 1);
    await env.advance(3_000);
    assertEquals(
      profiles.goroutines(),
      "goroutine 1 [running, 3 s]:\nma il(...) attempt 1 since 2023-11-14T22:13:20.000Z\n\ta\n" +
        "\temitter/shop\n",
    );
    busy.open();
    await emitter.close();
  });
});

describe('Profiles.live("listener")', () => {
  const env = useTestEnv();

  it("has runs, failures and time of each listener", async () => {
    const emitter = new Emitter({ name: "shop", env, timing: "all", onError: () => "handled" });
    emitter.on("a", () => new Promise<void>((resolve) => env.setTimer(resolve, 20)), {
      id: "slow",
    });
    emitter.on("a", () => {
      throw new Error("no");
    }, { id: "bad" });
    emitter.on("b", () => {}, { id: "idle" });
    const emitted = emitter.emit("a", 1);
    await env.advance(20);
    await emitted;

    const { samples, types, defaultType } = read(
      new Profiles({ emitter }, { env }).live("listener").encode(),
    );
    assertEquals(types, ["runs/count", "failures/count", "time/nanoseconds"]);
    assertEquals(defaultType, "time");
    assertEquals(
      samples.map(({ stack, values: [runs, failures] }) => [stack[0], runs, failures]),
      [["slow", 1, 0], ["bad", 1, 1]],
    );
    assertEquals(samples[0]!.values[2], 20_000_000);
    assertEquals(samples[0]!.labels, { component: "emitter/shop", listener: "slow" });
    await emitter.close();
  });

  it("shows runs when nobody is timed", async () => {
    const emitter = new Emitter({ env });
    emitter.on("a", () => {}, { id: "a" });
    await emitter.emit("a", 1);
    const { options } = new Profiles({ emitter }, { env }).live("listener");
    assertEquals(options.defaultType, "runs");
    await emitter.close();
  });

  it("counts the attempts of a bus and of supervision", async () => {
    const bus = new Bus({ name: "b", env });
    const topic = bus.topic("t", { retry: { attempts: 3, delayMs: 1, jitter: "none" } });
    topic.subscribe(() => {
      throw new Error("no");
    }, { id: "bad" });
    await topic.publish({ type: "a", data: 1 });
    await env.advance(100);
    const manager = new ListenerManager({ env });
    manager.register("good", () => {});
    manager.start();
    await manager.dispatch("good", { type: "a", data: 1 });

    const { samples } = read(
      new Profiles({ bus, listeners: manager }, { env }).live("listener").encode(),
    );
    assertEquals(samples.map(({ stack, values }) => [stack.join(" < "), values[0], values[1]]), [
      ["bad < t < bus/b", 3, 3],
      ["good < listener/listeners", 1, 0],
    ]);
    await Promise.all([bus.close(), manager.stop()]);
  });

  it("has deltas", async () => {
    const emitter = new Emitter({ env });
    emitter.on("a", () => {}, { id: "a" });
    await emitter.emit("a", 1);
    const profiles = new Profiles({ emitter }, { env });
    const taking = profiles.delta(() => profiles.live("listener"), { seconds: 2 });
    await emitter.emit("a", 2);
    await emitter.emit("a", 3);
    await env.advance(2_000);
    const delta = await taking;
    assertEquals(delta.samples.map(({ values }) => values[0]), [2]);
    assertEquals(delta.options.durationMs, 2_000);
    await emitter.close();
  });
});

describe('Profiles.live("threadcreate")', () => {
  const env = useTestEnv();

  it("counts the threads of pools", () => {
    const pool = { name: "cpu", stats: () => ({ threads: 3, starting: 1 }) };
    const { samples } = new Profiles({ pool }, { env }).live("threadcreate");
    assertEquals(
      samples.map(({ stack, values, labels }) => [stack[0]!.name, values, labels.state]),
      [
        ["pool/cpu", [3], "ready"],
        ["pool/cpu", [1], "starting"],
      ],
    );
  });
});

describe("Profiles.waits()", () => {
  const env = useTestEnv();

  it("is how many wait times how long", async () => {
    const emitter = new Emitter({ name: "shop", env, maxConcurrency: 1 });
    const busy = gate();
    emitter.on("a", () => busy.promise, { id: "slow" });
    const profiles = new Profiles({ emitter }, { env });
    const block = profiles.waits("block", { seconds: 2 });
    const mutex = profiles.waits("mutex", { seconds: 2 });
    for (let i = 0; i < 4; i++) void emitter.enqueue("a", i);
    await env.advance(1_000);
    busy.open();
    await env.advance(1_000);

    const { samples, types, duration } = read((await block).encode());
    assertEquals(types, ["contentions/count", "delay/nanoseconds"]);
    assertEquals(duration, 2_000_000_000n);
    assertEquals(samples, [{
      stack: ["emitter/shop"],
      values: [3, 3 * 1_000_000_000],
      labels: { state: "queued" },
    }]);
    assertEquals((await mutex).samples, []);
    await emitter.close();
  });

  it("finds who waits for a slot", async () => {
    const bus = new Bus({ name: "b", env });
    const busy = gate();
    const topic = bus.topic("t");
    topic.subscribe(() => busy.promise, { id: "slow" });
    for (let i = 0; i < 3; i++) await topic.publish({ type: "a", data: i });
    await env.settle();
    const taking = new Profiles({ bus }, { env }).waits("mutex", { seconds: 1 });
    await env.advance(1_000);
    const [sample] = (await taking).samples;
    assertEquals(sample!.stack.map(({ name }) => name), ["slow", "t", "bus/b"]);
    assertEquals(sample!.values[1], 2 * 1e9);
    busy.open();
    await bus.close();
  });

  it("ends with its caller", async () => {
    const caller = new AbortController();
    const taking = new Profiles({}, { env }).waits("block", { seconds: 9, signal: caller.signal });
    caller.abort("gone");
    assertEquals(await taking.catch((reason) => reason), "gone");
  });
});

describe("Profiles.trace()", () => {
  const env = useTestEnv();

  it("has handlers, queues and stacks, each that begins also ends", async () => {
    const emitter = new Emitter({ name: "shop", env, maxConcurrency: 1 });
    const profiles = new Profiles({ emitter }, { env, profiler: fakeProfiler() });
    const waits = (): Promise<void> => new Promise((resolve) => env.setTimer(resolve, 100));
    emitter.on("a", waits, { id: "slow" });
    const taking = profiles.trace({ seconds: 0.25 });
    await env.settle();
    for (let i = 0; i < 4; i++) void emitter.enqueue("a", i);
    await env.advance(250);
    const { traceEvents, otherData } = await taking;

    const spans = traceEvents.filter(({ ph }) => ph === "b");
    assertEquals(spans.map(({ name, cat, ts }) => [name, cat, ts]), [
      ["slow", "emitter/shop", 0],
      ["slow", "emitter/shop", 100_000],
      // It has not settled: it ends with the trace.
      ["slow", "emitter/shop", 200_000],
    ]);
    assertEquals(traceEvents.filter(({ ph }) => ph === "e").map(({ ts }) => ts), [
      100_000,
      200_000,
      250_000,
    ]);
    const counters = traceEvents.filter(({ ph }) => ph === "C").map(({ args }) => args!.count);
    assertEquals(counters, [3, 2, 1]);
    const stacks = traceEvents.filter(({ ph }) => ph === "B" || ph === "E");
    assertEquals(stacks.map(({ ph, name, ts }) => `${ph} ${name} ${ts}`), [
      "B outer 10000",
      "B inner 10000",
      "E inner 30000",
      "B inner 40000",
      "E inner 70000",
      "E outer 70000",
    ]);
    assertEquals(otherData, { runtime: "fake-1.0" });
    await env.advance(1_000);
    await emitter.close();
  });

  it("does without stacks where there are none, or somebody else takes them", async () => {
    const profiler = fakeProfiler();
    for (const profiles of [new Profiles({}, { env }), new Profiles({}, { env, profiler })]) {
      if (typeof profiler.cpu === "object") await profiler.cpu.start(1).catch(() => {});
      const taking = profiles.trace({ seconds: 1 });
      await assertRejects(
        () => profiles.trace({ seconds: 1 }),
        UnavailableError,
        "already enabled",
      );
      await env.advance(1_000);
      assertEquals((await taking).traceEvents, []);
    }
  });
});

describe("profileText()", () => {
  const env = useTestEnv();

  it("has a line of values for each stack, the largest first", async () => {
    const emitter = new Emitter({ name: "shop", env });
    emitter.on("a", () => {}, { id: "few\nlines" });
    emitter.on("b", () => {}, { id: "many" });
    await emitter.emit("a", 1);
    for (let i = 0; i < 3; i++) await emitter.emit("b", i);
    const text = profileText("listener", new Profiles({ emitter }, { env }).live("listener"));
    assertMatch(
      text,
      /^listener profile: total 4\n# runs\/count failures\/count time\/nanoseconds\n/,
    );
    assertMatch(text, /\n3 0 0 @\n[^@]*\n1 0 0 @\n/);
    assertStringIncludes(text, "#\tfew lines\n");
    await emitter.close();
  });
});
