// The real `go tool pprof` looks into the program of examples/pprof_server.ts, over HTTP, on each
// runtime; and into files.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { after, before, describe, it } from "node:test";
import { bun, type Command, installPackages, node, run } from "../runtimes/tools.ts";
import { findPprof, hasGraphviz, Server } from "./pprof/go.ts";

const EXAMPLE = "examples/pprof_server.ts";
const FILES = "tests/real/pprof/files.ts";

const pprof = await findPprof();
const graphviz = await hasGraphviz();
if (pprof === undefined || !graphviz) {
  const missing = pprof === undefined ? "no go tool pprof" : "no graphviz, which -svg needs";
  // deno-lint-ignore no-console -- a skip gives its reason
  console.log(`skipped: profiles in the real tool (${missing})`);
  if (Deno.env.get("CI") !== undefined) throw new Error("There must be Go and graphviz in CI");
}
await installPackages();
const onBun = await bun();
const onNode = await node();

interface Kind {
  serve(port: number): Command;
  readonly files: Command;
  readonly samplesHeap: boolean;
}

const RUNTIMES: Readonly<Record<string, Kind>> = {
  deno: {
    serve: (port) => [
      Deno.execPath(),
      "serve",
      "-A",
      "--no-check",
      ...["--host", "127.0.0.1", "--port", `${port}`],
      EXAMPLE,
    ],
    files: [Deno.execPath(), "run", "-A", "--no-check", "--quiet", FILES],
    samplesHeap: true,
  },
  bun: {
    serve: () => [...onBun, "run", EXAMPLE],
    files: [...onBun, "run", FILES],
    samplesHeap: false,
  },
  node: {
    serve: () => [...onNode, "--no-warnings", EXAMPLE],
    files: [...onNode, "--no-warnings", FILES],
    samplesHeap: true,
  },
};

/** Runs the tool; what it fetched it also keeps, in the folder. */
async function tool(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, output } = await run([...pprof!, ...args], { PPROF_TMPDIR: folder });
  assertEquals(code, 0, output);
  return output;
}

for (const [name, { serve, files, samplesHeap }] of Object.entries(RUNTIMES)) {
  describe(`go tool pprof on ${name}`, { skip: pprof === undefined }, () => {
    let server: Server | undefined;
    let folder: string;

    before(async () => {
      folder = await Deno.makeTempDir();
      server = await Server.start(serve);
    });
    after(async () => {
      await server?.[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    });

    /** Fetches a profile into a file, as the tool does. */
    async function fetched(path: string): Promise<string> {
      const answer = await fetch(server!.url + path);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      assertEquals(answer.status, 200, `${path}: ${new TextDecoder().decode(bytes)}`);
      const file = `${folder}/${path.replaceAll(/\W/g, "_")}.pb.gz`;
      await Deno.writeFile(file, bytes);
      return file;
    }

    /** What it answers to a request that fetch would not send. */
    async function asked(line: string, host: string): Promise<string> {
      using connection = await Deno.connect({
        hostname: "127.0.0.1",
        port: Number(new URL(server!.url).port),
      });
      const request = `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      await connection.write(new TextEncoder().encode(request));
      const chunk = new Uint8Array(4096);
      const length = await connection.read(chunk).catch(() => null);
      return new TextDecoder().decode(chunk.subarray(0, length ?? 0));
    }

    it("profiles the CPU over HTTP", async () => {
      const top = await tool(folder, "-top", `${server!.url}profile?seconds=2`);
      assertMatch(top, /Type: cpu\n/);
      assertMatch(top, /Duration: [12](\.\d+)?s/);
      assertMatch(top, new RegExp(`File: ${name}-\\d`));
    });

    it("shows the lines that a person wrote", async () => {
      const file = await fetched("profile?seconds=3&interval=1000");
      const listed = await tool(folder, "-list", ".", file);
      // Time at the line itself, then time below it, the number of the line, and its text. Engines
      // differ in which line of a loop they name.
      const time = String.raw`\d+(\.\d+)?[mnu]?s`;
      const text = String.raw`(let hash =|for \(let line|hash = \(hash)`;
      assertMatch(listed, new RegExp(`^ +${time} +${time} +2\\d: +${text}`, "m"));
      if (graphviz) {
        await tool(folder, "-svg", "-output", `${folder}/cpu.svg`, file);
        assertStringIncludes(await Deno.readTextFile(`${folder}/cpu.svg`), "<svg");
      }
      const same = await tool(folder, "-top", "-base", file, file);
      assertMatch(same, /Showing nodes accounting for 0, 0% of/);
    });

    it("profiles the heap with all four types", async () => {
      const file = await fetched("heap?gc=1");
      for (const type of ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]) {
        assertMatch(await tool(folder, "-top", `-${type}`, file), new RegExp(`Type: ${type}\n`));
      }
      const top = await tool(folder, "-top", "-inuse_space", file);
      assertMatch(top, /accounting for [1-9]/);
      if (!samplesHeap) return;
      const window = await tool(folder, "-top", "-alloc_space", `${server!.url}allocs?seconds=2`);
      assertMatch(window, /accounting for [1-9]/);
      assertStringIncludes(await tool(folder, "-list", ".", await fetched("allocs")), EXAMPLE);
    });

    if (!samplesHeap) {
      it("says why there is no window of allocations", async () => {
        const { code, output } = await run([...pprof!, "-top", `${server!.url}allocs?seconds=1`]);
        assert(code !== 0);
        assertMatch(output, /501 Not Implemented - .*heapSnapshots/);
      });
    }

    it("shows handlers at work, and tells them apart", async () => {
      const file = await fetched("goroutine");
      assertMatch(await tool(folder, "-top", file), /Type: goroutine\n/);
      const tags = await tool(folder, "-tags", file);
      assertMatch(tags, /state: Total/);
      const url = `${server!.url}listener?seconds=2`;
      const top = await tool(folder, "-top", "-sample_index=runs", url);
      assertMatch(top, /\bbill\n/);
      assertMatch(top, /\bhash\n/);
      const focused = await tool(
        folder,
        ...["-top", "-sample_index=runs", "-tagfocus", "listener=bill"],
        await fetched("listener"),
      );
      assert(!/\bhash\n/.test(focused), focused);
    });

    it("opens every other profile, and a delta against an earlier one", async () => {
      for (const path of ["block?seconds=1", "mutex?seconds=1", "threadcreate"]) {
        assertMatch(
          await tool(folder, "-top", await fetched(path)),
          /Type: (delay|threadcreate)\n/,
        );
      }
      const before = await fetched("listener?");
      await new Promise((resolve) => setTimeout(resolve, 500));
      const delta = await tool(
        folder,
        ...["-top", "-sample_index=runs", "-base", before],
        await fetched("listener?debug=0"),
      );
      assertMatch(delta, /accounting for [1-9]/);
    });

    it("prints the reason when the profiler is in use", async () => {
      const first = fetched("profile?seconds=3");
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const { code, output } = await run([...pprof!, "-top", `${server!.url}profile?seconds=1`]);
      assert(code !== 0);
      assertStringIncludes(
        output,
        "500 Internal Server Error - Could not enable CPU profiling: cpu profiling already in use",
      );
      await first;
    });

    it("is free again when a client has gone", async () => {
      const client = new AbortController();
      const asking = fetch(`${server!.url}profile?seconds=20`, { signal: client.signal });
      await new Promise((resolve) => setTimeout(resolve, 500));
      client.abort();
      await asking.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 500));
      await fetched("profile?seconds=1");
    });

    it("does not answer by the name of a page elsewhere, and outlives odd requests", async () => {
      assertMatch(await asked("GET /debug/pprof/", "evil.example"), /^HTTP\/1\.1 421 /);
      await asked("TRACE /debug/pprof/", "127.0.0.1");
      await asked("GET //", "127.0.0.1");
      assertMatch(await asked("GET /debug/pprof/", "127.0.0.1"), /^HTTP\/1\.1 200 /);
    });

    it("opens files, with the threads of a pool", async () => {
      const [cpu, heap] = [`${folder}/cpu.prof`, `${folder}/mem.prof`];
      const { code, output } = await run([...files, cpu, heap], { NO_COLOR: "1" });
      assertEquals(code, 0, output);
      assertStringIncludes(output, "second: cpu profiling already in use\n");
      assertStringIncludes(output, "none: cpu profiling is not in use\n");
      assertStringIncludes(output, "done 8\n");
      const tags = await tool(folder, "-tags", cpu);
      assertEquals(tags.match(/thread-[0-9a-f]{8}/g)?.length, 2, tags);
      const top = await tool(folder, "-top", "-tagfocus", "thread=thread-", cpu);
      assertStringIncludes(top, "spinFor");
      assertStringIncludes(await tool(folder, "-list", "spinFor", cpu), "Math.sqrt(i) > 5");
      if (!samplesHeap) return assertStringIncludes(output, "heap: unsupported\n");
      assertMatch(await tool(folder, "-top", "-alloc_space", heap), /accounting for [1-9]/);
      assertStringIncludes(await tool(folder, "-list", ".", heap), "`kept ${round} ${i}`");
    });
  });
}
