import { Profiles } from "@nova/events/profile";
import { LimitExceededError } from "@nova/events";
import { UnavailableError, UnsupportedError } from "@nova/events/store";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { CPU, fakeProfiler, frame, heapOf, read } from "./kit.ts";

describe("Profiles.cpu()", () => {
  const env = useTestEnv();

  it("bills each sample until the next one, by line, without what is no work", async () => {
    const profiles = new Profiles({}, { env, profiler: fakeProfiler() });
    const taking = profiles.cpu({ seconds: 2 });
    await env.advance(2_000);
    const { samples, types, defaultType, period, duration } = read((await taking).encode());

    assertEquals([types, defaultType], [["samples/count", "cpu/nanoseconds"], "cpu"]);
    assertEquals([period, duration], ["cpu 10000000", 2_000_000_000n]);
    assertEquals(samples, [
      {
        stack: ["inner /app/main.ts:22 (20)", "outer /app/main.ts:10 (10)"],
        values: [2, 20_000_000],
        labels: {},
      },
      {
        stack: ["inner /app/main.ts:23 (20)", "outer /app/main.ts:10 (10)"],
        values: [2, 20_000_000],
        labels: {},
      },
      { stack: ["outer /app/main.ts:10 (10)"], values: [1, 10_000_000], labels: {} },
    ]);
  });

  it("bills no idle time to the last function of an engine that does not tell about it", async () => {
    const nodes = CPU.nodes.filter(({ callFrame }) => callFrame.functionName !== "(idle)");
    const engine = { ...CPU, nodes, samples: [3, 3], timeDeltas: [0, 3_000_000] };
    const profiler = fakeProfiler();
    profiler.threads = [{ thread: "", profile: engine }];
    const taking = new Profiles({}, { env, profiler }).cpu({ seconds: 1 });
    await env.advance(1_000);
    assertEquals((await taking).samples[0]!.values, [2, 30_000_000]);
  });

  it("tells threads apart when there are several", async () => {
    const profiler = fakeProfiler();
    profiler.threads = [{ thread: "", profile: CPU }, { thread: "images", profile: CPU }];
    const taking = new Profiles({}, { env, profiler }).cpu({ seconds: 1 });
    await env.advance(1_000);
    const labels = (await taking).samples.map(({ labels }) => labels.thread);
    assertEquals(labels, ["main", "main", "main", "images", "images", "images"]);
  });

  it("names what has no name by its line, and a module as such", async () => {
    const profiler = fakeProfiler();
    const nodes = [
      { id: 1, callFrame: { ...frame("", 0), columnNumber: 0 }, children: [2] },
      { id: 2, callFrame: frame("", 41), children: [3] },
      { id: 3, callFrame: frame("sqrt", -1, "") },
    ];
    const engine = { ...CPU, nodes, samples: [3], timeDeltas: [0] };
    profiler.threads = [{ thread: "", profile: engine }];
    const taking = new Profiles({}, { env, profiler }).cpu({ seconds: 1 });
    await env.advance(1_000);
    const names = (await taking).samples[0]!.stack.map(({ name }) => name);
    assertEquals(names, ["sqrt", "(anonymous:42)", "(module)"]);
  });

  it("says so when the engine took no samples", async () => {
    const profiler = fakeProfiler();
    profiler.threads = [{ thread: "", profile: { ...CPU, samples: [], timeDeltas: [] } }];
    const taking = new Profiles({}, { env, profiler }).cpu({ seconds: 1 });
    await env.advance(1_000);
    assertStringIncludes((await taking).options.comments!.join(), "no samples");
  });

  it("takes the interval that was asked for", async () => {
    const profiler = fakeProfiler();
    const taking = new Profiles({}, { env, profiler }).cpu({ seconds: 1, intervalUs: 1_000 });
    await env.advance(1_000);
    assertEquals((await taking).options.period?.every, 1_000_000);
    assertEquals(profiler.calls, ["cpu start 1000", "cpu stop"]);
  });

  it("lets one run at a time, and goes on after its end", async () => {
    const profiles = new Profiles({}, { env, profiler: fakeProfiler() });
    const first = profiles.cpu({ seconds: 1 });
    await assertRejects(() => profiles.cpu({ seconds: 1 }), UnavailableError, "already in use");
    await env.advance(1_000);
    await first;
    const second = profiles.cpu({ seconds: 1 });
    await env.advance(1_000);
    await second;
  });

  it("stops when its caller goes, with the caller's reason", async () => {
    const profiler = fakeProfiler();
    const profiles = new Profiles({}, { env, profiler });
    const caller = new AbortController();
    const taking = profiles.cpu({ seconds: 30, signal: caller.signal });
    await env.settle();
    caller.abort("gone");
    assertEquals(await taking.catch((reason) => reason), "gone");
    assertEquals(profiler.calls, ["cpu start 10000", "cpu stop"]);

    assertEquals(
      await profiles.cpu({ seconds: 1, signal: AbortSignal.abort("too late") }).catch((e) => e),
      "too late",
    );
    assertEquals(profiler.calls.length, 2);
  });

  it("refuses what it cannot do, and says why", async () => {
    const none = new Profiles({}, { env });
    await assertRejects(() => none.cpu({ seconds: 1 }), UnsupportedError, "no profiler");
    const profiler = fakeProfiler({ cpu: "not on this engine" });
    const cannot = new Profiles({}, { env, profiler });
    await assertRejects(() => cannot.cpu({ seconds: 1 }), UnsupportedError, "not on this engine");
    const profiles = new Profiles({}, { env, profiler: fakeProfiler() });
    await assertRejects(() => profiles.cpu({ seconds: 61 }), LimitExceededError, "61 s");
  });
});

describe("Profiles.heap()", () => {
  const env = useTestEnv();

  it("has the four types of Go, and finds what it has not seen before", async () => {
    const profiler = fakeProfiler();
    const profiles = new Profiles({}, { env, profiler });
    profiler.live = heapOf(1, 2);
    await profiles.heap();
    // One was collected, one is new.
    profiler.live = heapOf(2, 3);
    const { types, defaultType, samples, period } = read((await profiles.heap()).encode());

    assertEquals(types, [
      "alloc_objects/count",
      "alloc_space/bytes",
      "inuse_objects/count",
      "inuse_space/bytes",
    ]);
    assertEquals([defaultType, period], ["inuse_space", "space 524288"]);
    assertEquals(samples, [{
      stack: ["make /app/main.ts:5 (5)", "main /app/main.ts:2 (2)"],
      values: [3, 3072, 2, 2048],
      labels: {},
    }]);
  });

  it("collects before only if it is told to", async () => {
    const profiler = fakeProfiler();
    const profiles = new Profiles({}, { env, profiler });
    await profiles.heap();
    assertEquals(profiler.calls, ["heap start"]);
    await profiles.heap({ gc: true });
    assertEquals(profiler.calls, ["heap start", "collect"]);
  });

  it("samples from the start with heapSampling", async () => {
    const profiler = fakeProfiler();
    new Profiles({}, { env, profiler, heapSampling: true });
    await env.settle();
    assertEquals(profiler.calls, ["heap start"]);
    const idle = fakeProfiler();
    new Profiles({}, { env, profiler: idle });
    await env.settle();
    assertEquals(idle.calls, []);
  });

  it("reports a sampler that cannot start", async () => {
    const profiler = fakeProfiler();
    Object.assign(profiler.heap, { start: () => Promise.reject(new Error("no sampler")) });
    new Profiles({}, { env, profiler, heapSampling: true });
    await env.settle();
    assertEquals(env.reported.splice(0).map(String), ["Error: no sampler"]);
  });

  it("leaves it to whoever asks to be told that there is no sampler", async () => {
    const profiler = fakeProfiler();
    Object.assign(profiler.heap, { start: () => Promise.reject(new UnsupportedError("no flag")) });
    const profiles = new Profiles({}, { env, profiler, heapSampling: true });
    await env.settle();
    assertEquals(env.reported, []);
    await assertRejects(() => profiles.heap(), UnsupportedError, "no flag");
  });

  it("is made from a snapshot where there is no sampler, once a minute", async () => {
    const snapshot = {
      snapshot: {
        meta: { node_fields: ["type", "name", "self_size"], node_types: [["object", "string"]] },
      },
      nodes: [0, 0, 16, 0, 0, 24, 1, 1, 100],
      strings: ["Order", "a secret"],
    };
    const profiler = fakeProfiler({
      heap: "no sampler here",
      snapshot: () => new Blob([JSON.stringify(snapshot)]).stream(),
    });
    const off = new Profiles({}, { env, profiler });
    await assertRejects(() => off.heap(), UnsupportedError, "no sampler here");

    const profiles = new Profiles({}, { env, profiler, heapSnapshots: true });
    const { samples } = read((await profiles.heap()).encode());
    assertEquals(samples, [
      { stack: ["Order"], values: [2, 40, 2, 40], labels: { kind: "object" } },
      { stack: ["(string)"], values: [1, 100, 1, 100], labels: { kind: "string" } },
    ]);
    await assertRejects(() => profiles.heap(), UnavailableError, "within the last 60 s");
    await env.advance(60_000);
    await profiles.heap();
  });

  it("can be taken again after a snapshot that failed to begin", async () => {
    let fails = true;
    const profiler = fakeProfiler({
      heap: "no sampler here",
      snapshot: () => {
        if (fails) throw new RangeError("no memory");
        return new Blob(["{}"]).stream();
      },
    });
    const profiles = new Profiles({}, { env, profiler, heapSnapshots: true });
    assertThrows(() => profiles.heapSnapshot(), RangeError, "no memory");
    fails = false;
    assertEquals(await new Response(profiles.heapSnapshot()).text(), "{}");
  });
});

describe("Profiles.allocations()", () => {
  const env = useTestEnv();

  it("is everything within the time, and lets the live sampler go on", async () => {
    const profiler = fakeProfiler();
    const profiles = new Profiles({}, { env, profiler });
    await profiles.heap();
    profiler.all = heapOf(1, 2, 3, 4, 5);
    const taking = profiles.allocations({ seconds: 5 });
    await env.settle();
    await assertRejects(() => profiles.heap(), UnavailableError, "in use");
    await assertRejects(() => profiles.allocations({ seconds: 1 }), UnavailableError, "in use");
    await env.advance(5_000);
    const { samples, defaultType, duration } = read((await taking).encode());

    assertEquals(samples[0]!.values, [5, 5120, 0, 0]);
    assertEquals([defaultType, duration], ["alloc_space", 5_000_000_000n]);
    assertEquals(profiler.calls, [
      "heap start",
      "heap stop",
      "heap start all",
      "heap stop",
      "heap start",
    ]);
    // One before, five within, one after.
    assertEquals(read((await profiles.heap()).encode()).samples[0]!.values, [7, 7168, 1, 1024]);
  });

  it("waits for a sampler that is about to start", async () => {
    const profiler = fakeProfiler();
    const profiles = new Profiles({}, { env, profiler, heapSampling: true });
    const taking = profiles.allocations({ seconds: 1 });
    await env.settle();
    await env.advance(1_000);
    await taking;
    assertEquals(profiler.calls, [
      "heap start",
      "heap stop",
      "heap start all",
      "heap stop",
      "heap start",
    ]);
  });

  it("stops when its caller goes", async () => {
    const profiler = fakeProfiler();
    const profiles = new Profiles({}, { env, profiler });
    const caller = new AbortController();
    const taking = profiles.allocations({ seconds: 30, signal: caller.signal });
    await env.settle();
    caller.abort("gone");
    assertEquals(await taking.catch((reason) => reason), "gone");
    assertEquals(profiler.calls, ["heap start all", "heap stop"]);
    await profiles.heap();
  });
});

describe("Profiles.heapSnapshot()", () => {
  const env = useTestEnv();

  it("is off unless it is switched on, and one at a time", async () => {
    const profiler = fakeProfiler();
    assertThrows(
      () => new Profiles({}, { env, profiler }).heapSnapshot(),
      UnsupportedError,
      "heapSnapshots",
    );
    const profiles = new Profiles({}, { env, profiler, heapSnapshots: true });
    const first = profiles.heapSnapshot();
    assertThrows(() => profiles.heapSnapshot(), UnavailableError, "already in use");
    assertEquals(await new Response(first).text(), "{}");
    await profiles.heapSnapshot().cancel();
    profiles.heapSnapshot();
  });
});

describe("new Profiles()", () => {
  it("refuses what is no part and no option", () => {
    assertThrows(() => new Profiles({ shop: {} } as never), TypeError, "shop");
    assertThrows(() => new Profiles({}, 7 as never), TypeError, "options");
  });
});
