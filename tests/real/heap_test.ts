// A million subscriptions leave the heap as it was: takes seconds, and a heap to itself.
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { bun, node, run } from "../runtimes/tools.ts";

const PROGRAM = "tests/real/heap/churn.ts";
const WAYS = 7;

/** Far less than a byte for each of the million; what engines keep of compiled code moves by as much. */
const FLAT_KB = 600;

const RUNTIMES: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  deno: () =>
    Promise.resolve([
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      "--v8-flags=--expose-gc",
      PROGRAM,
    ]),
  bun: async () => [...await bun(), PROGRAM],
  node: async () => [...await node(), "--expose-gc", PROGRAM],
};

describe("a million subscribe/unsubscribe and subscribe/abort cycles", () => {
  for (const [name, command] of Object.entries(RUNTIMES)) {
    it(`leave the heap flat on ${name}`, async () => {
      const { code, output } = await run(await command() as [string, ...string[]]);
      assertEquals(code, 0, output);
      const lines = output.split("\n").filter((line) => line.startsWith("{"));
      const growths = lines.map((line) => JSON.parse(line) as { name: string; growth: number });
      assertEquals(growths.length, WAYS, output);
      const [control, ...ours] = growths;
      for (const { name: way, growth } of ours) {
        const kept = way.endsWith("abort") ? Math.max(0, control!.growth) : 0;
        assert(
          growth - kept < FLAT_KB,
          `${way}: the heap grew by ${growth} kB, ${kept} of them not ours`,
        );
      }
    });
  }
});
