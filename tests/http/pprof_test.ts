import { Emitter } from "@nova/events/emitter";
import { anyone, bearer, inspector, type InspectorOptions } from "@nova/events/http";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { fakeProfiler, read, unzip } from "../profile/kit.ts";
import { useTestEnv } from "../support/env.ts";

/** What an answer comes to. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
}

describe("/debug/pprof/", () => {
  const env = useTestEnv();

  /** A program with one listener, an engine, and somebody who may look. */
  function program(options: InspectorOptions = {}): {
    readonly emitter: Emitter;
    readonly profiler: ReturnType<typeof fakeProfiler>;
    ask(path: string, init?: RequestInit): Promise<Answer>;
  } {
    const emitter = new Emitter({ name: "shop", env });
    emitter.on("a", () => {}, { id: "mail" });
    const profiler = fakeProfiler();
    const inspect = inspector({ emitter }, { authorize: anyone(), profiler, env, ...options });
    return {
      emitter,
      profiler,
      async ask(path, init) {
        const request = new Request(`http://localhost/debug/pprof${path}`, init);
        const response = await inspect(request);
        const bytes = new Uint8Array(await response.arrayBuffer());
        const body = new TextDecoder().decode(bytes);
        return { status: response.status, body, bytes, headers: response.headers };
      },
    };
  }

  /** As Go says no. */
  function assertRefused({ status, body, headers }: Answer, expected: number, text: string): void {
    assertEquals([status, body], [expected, `${text}\n`]);
    assertEquals(headers.get("x-go-pprof"), "1");
    assertEquals(headers.get("content-type"), "text/plain; charset=utf-8");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
  }

  it("sends whoever forgets the slash to the page, wherever it is mounted", async () => {
    const { status, headers } = await program().ask("");
    assertEquals(status, 301);
    const there = new URL(headers.get("location")!, "http://localhost/internal/debug/pprof");
    assertEquals(there.pathname, "/internal/debug/pprof/");
  });

  it("lists what there is, and why something is not", async () => {
    const { status, body, headers } = await program().ask("/");
    assertEquals([status, headers.get("content-type")], [200, "text/html; charset=utf-8"]);
    assertMatch(body, /<a href="profile">profile<\/a>/);
    assertMatch(body, /<td>heapsnapshot<\/td><td>heap snapshots are off/);
    assert(!body.includes("cmdline"));
    const hostile = fakeProfiler({ runtime: "<script>alert(1)</script>", cpu: '"<b>"' });
    const page = await program({ profiler: hostile }).ask("/");
    assert(!/<script>|<b>/.test(page.body), page.body);
  });

  it("shows nothing to whoever may not look", async () => {
    for (const path of ["", "/", "/profile", "/heap", "/goroutine", "/nosuch", "/symbol"]) {
      const { status } = await program({ authorize: bearer("secret") }).ask(path);
      assertEquals(status, 401, path);
    }
  });

  it("serves a CPU profile as Go does", async () => {
    const { ask } = program();
    const asking = ask("/profile?seconds=2");
    await env.settle();
    await env.advance(2_000);
    const { status, headers, bytes } = await asking;
    assertEquals(status, 200);
    assertEquals(headers.get("content-type"), "application/octet-stream");
    assertEquals(headers.get("content-disposition"), 'attachment; filename="profile"');
    assertEquals(headers.get("content-encoding"), null);
    assertEquals(read(await unzip(bytes)).duration, 2_000_000_000n);
  });

  it("takes 30 s for what is no number of seconds", async () => {
    for (
      const given of [
        "",
        "?seconds=0",
        "?seconds=-5",
        "?seconds=abc",
        "?seconds=1.5",
        "?seconds=99999999999999999999",
      ]
    ) {
      const { ask } = program();
      const asking = ask(`/profile${given}`);
      await env.settle();
      await env.advance(30_000);
      assertEquals(read(await unzip((await asking).bytes)).duration, 30_000_000_000n, given);
    }
  });

  it("refuses what takes too long, or looks too often", async () => {
    const { ask, profiler } = program();
    const tooLong = "profile duration exceeds server's WriteTimeout";
    assertRefused(await ask("/profile?seconds=61"), 400, tooLong);
    assertRefused(await ask("/profile?seconds=9999999999999"), 400, tooLong);
    assertRefused(await ask("/heap?seconds=61"), 400, tooLong);
    assertRefused(await ask("/trace?seconds=61"), 400, tooLong);
    for (const interval of ["0", "999", "-1", "abc", ""]) {
      const { status, body } = await ask(`/profile?seconds=1&interval=${interval}`);
      assertEquals(status, 400, interval);
      assertStringIncludes(body, "interval");
    }
    assertEquals(profiler.calls, []);
    const asking = ask("/profile?seconds=1&interval=1000");
    await env.settle();
    await env.advance(1_000);
    assertEquals((await asking).status, 200);
    assertEquals(profiler.calls[0], "cpu start 1000");
  });

  it("serves one of a thousand, and refuses the others", async () => {
    const { ask } = program();
    const asking = Array.from({ length: 1000 }, () => ask("/profile?seconds=1"));
    await env.settle();
    await env.advance(1_000);
    const answers = await Promise.all(asking);
    const refused = answers.filter(({ status }) => status !== 200);
    assertEquals(refused.length, 999);
    const text = "Could not enable CPU profiling: cpu profiling already in use";
    for (const answer of refused) assertRefused(answer, 500, text);
  });

  it("stops when the client goes, and serves the next one", async () => {
    const { ask, profiler } = program();
    const client = new AbortController();
    const asking = ask("/profile?seconds=30", { signal: client.signal });
    await env.settle();
    client.abort();
    assertEquals((await asking).status, 500);
    assertEquals(profiler.calls, ["cpu start 10000", "cpu stop"]);
    const next = ask("/profile?seconds=1");
    await env.settle();
    await env.advance(1_000);
    assertEquals((await next).status, 200);
  });

  it("says what the runtime cannot do, in a way that go tool pprof shows", async () => {
    const profiler = fakeProfiler({ cpu: "no CPU profiles here", heap: "no heap profiles here" });
    const { ask } = program({ profiler });
    assertRefused(await ask("/profile"), 501, "no CPU profiles here");
    assertRefused(await ask("/heap"), 501, "no heap profiles here");
    assertRefused(await ask("/allocs"), 501, "no heap profiles here");
    assertRefused(await ask("/allocs?seconds=1"), 501, "no heap profiles here");
    const without = await program({ profiler: undefined as never }).ask("/profile?seconds=1");
    assertEquals(without.status, 501);
  });

  it("refuses what makes no sense as Go does", async () => {
    const { ask } = program();
    const notPositive = 'invalid value for "seconds" - must be a positive integer';
    for (const seconds of ["0", "-1", "abc", "1.5"]) {
      assertRefused(await ask(`/heap?seconds=${seconds}`), 400, notPositive);
    }
    const both = "seconds and debug params are incompatible";
    assertRefused(await ask("/heap?seconds=1&debug=1"), 400, both);
    const none = '"seconds" parameter is not supported for this profile type';
    assertRefused(await ask("/threadcreate?seconds=1"), 400, none);
    assertRefused(await ask("/nosuch"), 404, "Unknown profile");
    assertRefused(await ask("/cmdline"), 404, "Unknown profile");
    assertEquals(
      (await ask("/heap?debug=abc")).headers.get("content-type"),
      "application/octet-stream",
    );
    assertEquals((await ask("/profile", { method: "POST" })).status, 405);
  });

  it("serves heap, allocs and their deltas", async () => {
    const { ask, profiler } = program();
    const heap = await ask("/heap?gc=1");
    assertEquals(heap.headers.get("content-disposition"), 'attachment; filename="heap"');
    assertEquals(read(await unzip(heap.bytes)).defaultType, "inuse_space");
    assertEquals(profiler.calls, ["heap start", "collect"]);
    const allocs = await ask("/allocs");
    assertEquals(read(await unzip(allocs.bytes)).defaultType, "alloc_space");
    assertMatch((await ask("/heap?debug=1")).body, /^heap profile: total 1024\n/);

    const asking = ask("/heap?seconds=1");
    await env.settle();
    await env.advance(1_000);
    const delta = await asking;
    assertEquals(delta.headers.get("content-disposition"), 'attachment; filename="heap-delta"');
    const window = ask("/allocs?seconds=1");
    await env.settle();
    await env.advance(1_000);
    assertEquals(
      (await window).headers.get("content-disposition"),
      'attachment; filename="allocs-delta"',
    );
    assert(profiler.calls.includes("heap start all"));
  });

  it("serves profiles of the parts, as text, too", async () => {
    const { ask, emitter } = program();
    await emitter.emit("a", 1);
    assertMatch((await ask("/listener?debug=1")).body, /^listener profile: total 1\n/);
    assertMatch((await ask("/goroutine?debug=1")).body, /^goroutine profile: total 0\n/);
    assertEquals((await ask("/goroutine?debug=2")).body, "nothing runs and nothing waits\n");
    assertMatch((await ask("/threadcreate?debug=1")).body, /^threadcreate profile: total 0\n/);
    for (const kind of ["block", "mutex"]) {
      const asking = ask(`/${kind}`);
      await env.settle();
      await env.advance(1_000);
      assertEquals(read(await unzip((await asking).bytes)).defaultType, "delay");
    }
    const asking = ask("/listener?seconds=2");
    await env.settle();
    await emitter.emit("a", 1);
    await env.advance(2_000);
    const delta = read(await unzip((await asking).bytes));
    assertEquals([delta.samples[0]!.values[0], delta.duration], [1, 2_000_000_000n]);
  });

  it("serves a trace, one at a time", async () => {
    const { ask } = program();
    const asking = ask("/trace");
    await env.settle();
    const text = "Could not enable tracing: tracing is already enabled";
    assertRefused(await ask("/trace"), 500, text);
    await env.advance(1_000);
    const { headers, body } = await asking;
    assertEquals(headers.get("content-type"), "application/json");
    assert(Array.isArray(JSON.parse(body).traceEvents));
    const short = ask("/trace?seconds=0.5");
    await env.settle();
    await env.advance(500);
    assertEquals((await short).status, 200);
  });

  it("answers symbol, and the rest only if it is switched on", async () => {
    const { ask } = program({ commandLine: true, heapSnapshots: true });
    assertEquals((await ask("/symbol")).body, "num_symbols: 0\n");
    assertEquals(
      (await ask("/symbol", { method: "POST", body: "0x1+0x2" })).body,
      "num_symbols: 0\n",
    );
    assertEquals((await ask("/cmdline")).body, "fake\0main.ts");
    const snapshot = await ask("/heapsnapshot");
    assertEquals([snapshot.status, snapshot.body], [200, "{}"]);
    assertEquals((await program().ask("/heapsnapshot")).status, 501);
  });

  it("samples the heap from the start with heapSampling", async () => {
    const { profiler } = program({ heapSampling: true });
    await env.settle();
    assertEquals(profiler.calls, ["heap start"]);
  });

  it("answers HEAD without a body", async () => {
    const { status, body } = await program().ask("/heap", { method: "HEAD" });
    assertEquals([status, body], [200, ""]);
  });
});
