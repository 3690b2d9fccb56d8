// What comes and goes leaves nothing behind: a million times over, the heap stays flat (I7). Takes
// seconds, and needs the collector exposed: no part of the suite.
import { assert, assertEquals, assertLess } from "@std/assert";
import { describe, it } from "node:test";
import { bun, type Command, installPackages, node, run } from "../runtimes/tools.ts";

const PROGRAM = "tests/real/heap/cycles.ts";

const RUNTIMES: Readonly<Record<string, () => Promise<Command>>> = {
  deno: () =>
    Promise.resolve(
      [Deno.execPath(), "run", "--allow-all", "--v8-flags=--expose-gc", PROGRAM] as const,
    ),
  node: async () => [...await node(), "--expose-gc", PROGRAM],
  bun: async () => [...await bun(), "run", PROGRAM],
};

/** What heaps differ by themselves; the smallest thing that could be left takes more per cycle. */
function mostBytes(cycles: number): number {
  return Math.max(1_000_000, cycles * 4);
}

for (const [name, command] of Object.entries(RUNTIMES)) {
  describe(`the heap on ${name}`, () => {
    it("stays flat over a million cycles of everything that comes and goes", async () => {
      await installPackages();
      const { code, output } = await run(await command(), { NO_COLOR: "1" });
      assertEquals(code, 0, output);
      const line = output.split("\n").find((text) => text.startsWith("{")) ?? "";
      const results = JSON.parse(line) as Record<string, { cycles: number; bytes: number }>;

      assert(Object.keys(results).length > 10, output);
      const kept = Math.max(0, results["control: a signal that aborts"]!.bytes);
      for (const [what, { cycles, bytes }] of Object.entries(results)) {
        const ours = what.includes("abort") ? bytes - kept : bytes;
        assertLess(ours, mostBytes(cycles), `${what}: ${bytes} bytes after ${cycles} cycles`);
      }
    });
  });
}
